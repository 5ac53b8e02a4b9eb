import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import type { PacketTable } from '#kernel/media/types.ts'
import { boxAt, movieOf } from '../boxes.ts'
import { playedSamples, primingSamples } from '../itunes.ts'
import { editOf, movieTicksPerSec, soundTrack } from '../mp4.ts'
import { aacConfigOf, codingOf, ENTRY_BYTES } from '../mp4-coding.ts'
import { explicitRateHz } from './aac-config.ts'
import { PACKETS_MAX, type Stretches } from './list.ts'
import { withoutFarEnds } from './trim.ts'

/** Of a table in which every entry is `entryBytes` long; undefined when it is cut off. */
function entriesOf(box: Uint8Array | undefined, headBytes: number, entryBytes: number): number | undefined {
  if (!box || box.length < headBytes) return undefined
  const count = view(box).getUint32(headBytes - 4)
  return count <= PACKETS_MAX && box.length >= headBytes + count * entryBytes ? count : undefined
}

type Coded = Pick<PacketTable, 'codec' | 'sampleRateHz' | 'channels' | 'config'> & {
  /** Where the packet tells, whatever its duration says. */
  readonly packetSamples: number | undefined
}

/** The packets of the first track of sound. Undefined for what is encrypted, in fragments, of several edits or uneven. */
export function mp4Packets(file: ByteReader): PacketTable | undefined {
  const movie = movieOf(file)
  const trak = movie && movie.moofs.length === 0 ? soundTrack(movie.moov) : undefined
  const stbl = trak && boxAt(trak, 'mdia', 'minf', 'stbl')
  const ticksPerSec = trak ? ticksOf(trak) : 0
  if (!movie || !stbl || ticksPerSec === 0) return undefined
  const coded = codedOf(boxAt(stbl, 'stsd'))
  const times = timesOf(boxAt(stbl, 'stts'))
  const places = placesOf(stbl)
  const edit = editOf(trak, { ticksPerSec }, movieTicksPerSec(movie.moov))
  if (!coded || !times || !places || !edit || places.packets !== times.packets) return undefined
  const toSamples = (ticks: number) => Math.round((ticks * coded.sampleRateHz) / ticksPerSec)
  const packetSamples = toSamples(times.packetTicks)
  if (packetSamples < 1 || (coded.packetSamples ?? packetSamples) !== packetSamples) return undefined
  const isAac = coded.codec === 'aac'
  const delaySamples = toSamples(edit.startTicks) + (edit.isWhole && isAac ? primingSamples(movie.moov) : 0)
  const toEnd = toSamples(Math.min(times.ticks, edit.endTicks)) - delaySamples
  const samples = edit.isWhole && isAac ? Math.min(toEnd, playedSamples(movie.moov) ?? toEnd) : toEnd
  return withoutFarEnds({ ...coded, ...places, packetSamples, delaySamples, samples })
}

function ticksOf(trak: Uint8Array): number {
  const mdhd = boxAt(trak, 'mdia', 'mdhd')
  return mdhd && mdhd.length >= 24 ? view(mdhd).getUint32(mdhd[0] === 1 ? 20 : 12) : 0
}

/** AAC alone: Opus and FLAC are hardly ever in MP4, and who plays MP4 plays them there. */
function codedOf(stsd: Uint8Array | undefined): Coded | undefined {
  const coding = stsd && view(stsd).getUint32(4) === 1 ? codingOf(stsd) : undefined
  if (!stsd || !coding?.isAac || !coding.packetSamples || ascii(stsd, 12, 4) !== 'mp4a') return undefined
  const config = aacConfigOf(stsd.subarray(8 + 8 + ENTRY_BYTES))
  if (!config) return undefined
  const sampleRateHz = explicitRateHz(config) ?? coding.sampleRateHz
  const packetSamples = (coding.packetSamples * sampleRateHz) / coding.sampleRateHz
  return { codec: 'aac', sampleRateHz, channels: coding.channels, packetSamples, config: config.slice() }
}

/** Undefined where packets last differently, the last one aside. */
function timesOf(stts: Uint8Array | undefined) {
  const count = entriesOf(stts, 8, 8)
  if (!stts || !count) return undefined
  const v = view(stts)
  const packetTicks = v.getUint32(12)
  let [packets, ticks] = [0, 0]
  for (let i = 0; i < count; i++) {
    const [number, each] = [v.getUint32(8 + i * 8), v.getUint32(12 + i * 8)]
    const isShortLast = i === count - 1 && number === 1 && each < packetTicks
    if (each !== packetTicks && !isShortLast) return undefined
    packets += number
    ticks += number * each
  }
  return { packets, ticks, packetTicks }
}

/** Where the packets lie: their sizes, how many are in each chunk, and where the chunks are. */
function placesOf(stbl: Uint8Array): Stretches | undefined {
  const sizes = sizesOf(boxAt(stbl, 'stsz'))
  const chunks = chunksOf(stbl)
  const perChunk = boxAt(stbl, 'stsc')
  const runs = entriesOf(perChunk, 8, 12)
  if (!sizes || !chunks || !perChunk || !runs) return undefined
  const v = view(perChunk)
  const offsets = new Float64Array(sizes.length)
  let packet = 0
  for (let run = 0; run < runs; run++) {
    const first = v.getUint32(8 + run * 12) - 1
    const end = run + 1 < runs ? v.getUint32(8 + (run + 1) * 12) - 1 : chunks.length
    const count = v.getUint32(12 + run * 12)
    // Several ways to decode in one track, or a table that goes back.
    if (v.getUint32(16 + run * 12) !== 1 || first < 0 || end < first || end > chunks.length) return undefined
    for (let chunk = first; chunk < end; chunk++)
      for (let i = 0, at = chunks[chunk] as number; i < count && packet < sizes.length; i++, packet++) {
        offsets[packet] = at
        at += sizes[packet] as number
      }
  }
  return packet === sizes.length ? { packets: packet, offsets, sizes, firsts: undefined } : undefined
}

function sizesOf(stsz: Uint8Array | undefined): Uint32Array | undefined {
  const isSame = stsz !== undefined && stsz.length >= 12 && view(stsz).getUint32(4) !== 0
  const count = entriesOf(stsz, 12, isSame ? 0 : 4)
  if (!stsz || !count) return undefined
  const v = view(stsz)
  return Uint32Array.from({ length: count }, (_, i) => v.getUint32(isSame ? 4 : 12 + i * 4))
}

function chunksOf(stbl: Uint8Array): Float64Array | undefined {
  const [short, long] = [boxAt(stbl, 'stco'), boxAt(stbl, 'co64')]
  const count = short ? entriesOf(short, 8, 4) : entriesOf(long, 8, 8)
  const table = short ?? long
  if (!table || !count) return undefined
  const v = view(table)
  const at = (i: number) => (short ? v.getUint32(8 + i * 4) : Number(v.getBigUint64(8 + i * 8)))
  return Float64Array.from({ length: count }, (_, i) => at(i))
}
