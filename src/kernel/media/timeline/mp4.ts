import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import type { Timeline } from '#kernel/media/types.ts'
import { boxAt, boxesIn, type Movie, movieOf } from './boxes.ts'
import { type Packets, withFragments } from './fragments.ts'
import { primingSamples } from './itunes.ts'
import { type Coding, codingOf } from './mp4-coding.ts'

/** Entries of the table of durations: music has one or two. */
const DURATIONS_MAX = 65_536
const EDITS_MAX = 64
const NO_MEDIA = -1n

/** A track in ticks of its own clock. */
type Track = Packets & { ticksPerSec: number; coding: Coding }
export type Edit = { startTicks: number; endTicks: number; isWhole: boolean }
/** Whether only a decoder tells rate and channels. */
export type CountedTrack = Timeline & { readonly isUnsure: boolean }

/**
 * The first track of sound, cut as its edit list says. As FFmpeg does it: to the sample at the front, to the packet at
 * the back. Undefined for what is not counted here (several edits, edits of fragments, codecs whose packets tell
 * nothing).
 */
export function mp4Timeline(file: ByteReader): CountedTrack | undefined {
  const movie = movieOf(file)
  const trak = movie && soundTrack(movie.moov)
  const track = trak && trackOf(trak, movie)
  if (!track) return undefined
  const edit = editOf(trak, track, movieTicksPerSec(movie.moov))
  if (!edit || (movie.moofs.length > 0 && edit.startTicks > 0)) return undefined
  const priming = edit.isWhole && track.coding.isAac ? primingSamples(movie.moov) : 0
  return toTimeline(track, edit, priming)
}

export function soundTrack(moov: Uint8Array): Uint8Array | undefined {
  for (const { name, body } of boxesIn(moov)) {
    const handler = name === 'trak' ? boxAt(body, 'mdia', 'hdlr') : undefined
    if (handler && ascii(handler, 8, 4) === 'soun') return body
  }
  return undefined
}

export function movieTicksPerSec(moov: Uint8Array): number {
  const mvhd = boxAt(moov, 'mvhd')
  return mvhd && mvhd.length >= 24 ? view(mvhd).getUint32(mvhd[0] === 1 ? 20 : 12) : 0
}

function trackOf(trak: Uint8Array, movie: Movie): Track | undefined {
  const mdhd = boxAt(trak, 'mdia', 'mdhd')
  const stbl = boxAt(trak, 'mdia', 'minf', 'stbl')
  const [stsd, stts] = stbl ? [boxAt(stbl, 'stsd'), boxAt(stbl, 'stts')] : []
  const coding = stsd && codingOf(stsd)
  if (!mdhd || mdhd.length < 24 || !stts || stts.length < 8 || !coding) return undefined
  const ticksPerSec = view(mdhd).getUint32(mdhd[0] === 1 ? 20 : 12)
  const trackId = idOf(trak)
  const packets = withFragments(packetsOf(stts), { trackId, ...movie })
  return ticksPerSec > 0 ? { ticksPerSec, coding, ...packets } : undefined
}

function idOf(trak: Uint8Array): number {
  const tkhd = boxAt(trak, 'tkhd')
  return tkhd && tkhd.length >= 24 ? view(tkhd).getUint32(tkhd[0] === 1 ? 20 : 12) : 0
}

function packetsOf(stts: Uint8Array): Packets {
  const v = view(stts)
  const entries = Math.min(v.getUint32(4), DURATIONS_MAX, Math.floor((stts.length - 8) / 8))
  let [packets, ticks] = [0, 0]
  for (let i = 0; i < entries; i++) {
    const count = v.getUint32(8 + i * 8)
    packets += count
    ticks += count * v.getUint32(12 + i * 8)
  }
  return { packets, ticks, packetTicks: entries > 0 ? v.getUint32(12) : 0 }
}

/** What of the track is played; undefined where there is more than one stretch. */
export function editOf(trak: Uint8Array, track: { readonly ticksPerSec: number }, movieRate: number): Edit | undefined {
  const whole = { startTicks: 0, endTicks: Number.POSITIVE_INFINITY, isWhole: true }
  const elst = boxAt(trak, 'edts', 'elst')
  if (!elst || elst.length < 8 || movieRate === 0) return whole
  const v = view(elst)
  const isLong = elst[0] === 1
  const entryBytes = isLong ? 20 : 12
  const count = Math.min(v.getUint32(4), EDITS_MAX, Math.floor((elst.length - 8) / entryBytes))
  const edits: Edit[] = []
  for (let i = 0; i < count; i++) {
    const at = 8 + i * entryBytes
    const duration = isLong ? Number(v.getBigUint64(at)) : v.getUint32(at)
    const start = isLong ? v.getBigInt64(at + 8) : BigInt(v.getInt32(at + 4))
    if (start === NO_MEDIA) continue
    const length = duration === 0 ? Number.POSITIVE_INFINITY : Math.round((duration * track.ticksPerSec) / movieRate)
    edits.push({ startTicks: Number(start), endTicks: Number(start) + length, isWhole: false })
  }
  return edits.length > 1 ? undefined : (edits[0] ?? whole)
}

function toTimeline(track: Track, edit: Edit, priming: number): CountedTrack | undefined {
  const { coding, ticksPerSec, packetTicks } = track
  const toSamples = (ticks: number) => Math.round((ticks * coding.sampleRateHz) / ticksPerSec)
  const played = packetTicks > 0 ? Math.min(track.packets, Math.ceil(edit.endTicks / packetTicks)) : track.packets
  const packetSamples = coding.packetSamples ?? (coding.isLossy ? toSamples(packetTicks) : 0)
  const decoded = packetSamples > 0 ? played * packetSamples : toSamples(Math.min(track.ticks, played * packetTicks))
  const samples = decoded - toSamples(edit.startTicks) - priming
  if (samples < 1) return undefined
  const { sampleRateHz, channels, bits, isUnsure = false } = coding
  return { sampleRateHz, channels, samples, isUnsure, ...(bits === undefined ? {} : { bits }) }
}
