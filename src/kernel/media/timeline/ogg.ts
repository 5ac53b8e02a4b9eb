import { oggRegion, PAGE_MAX_BYTES, pageAt } from '#kernel/media/region/ogg.ts'
import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import type { Timeline } from '#kernel/media/types.ts'
import { opusSamplesOf } from './packets/opus.ts'
import { longModes, SETUP_TAIL_BYTES, vorbisSamples } from './vorbis.ts'

const FIRST_PACKET_AT = 28
/** Whatever rate an Opus file was made from, it is decoded at this one. */
const OPUS_RATE_HZ = 48_000

/** Ogg Opus, Vorbis and FLAC, by the granule positions of the first and the last page. */
export function oggTimeline(file: ByteReader): Timeline | undefined {
  const first = file.read(FIRST_PACKET_AT, 64)
  const region = oggRegion(file)
  if (region.lengthSamples === undefined || first.length < 30) return undefined
  const page = firstPage(file, region.start)
  const v = view(first)
  if (ascii(first, 0, 8) === 'OpusHead') {
    const clockStart = startOf(page, opusSamples)
    return valid({ sampleRateHz: OPUS_RATE_HZ, channels: first[9] ?? 2, samples: region.lengthSamples, clockStart })
  }
  if (ascii(first, 0, 7) === '\x01vorbis') {
    const sizes = first[28] ?? 0
    const modes = longModes(file.read(region.start - SETUP_TAIL_BYTES, SETUP_TAIL_BYTES)) ?? [true]
    const blocks = { modes, sizes: { short: 2 ** (sizes & 15), long: 2 ** (sizes >> 4) } }
    const clockStart = startOf(page, (packets) => vorbisSamples(packets, blocks))
    const sampleRateHz = v.getUint32(12, true)
    return valid({ sampleRateHz, channels: first[11] ?? 2, samples: region.lengthSamples, clockStart })
  }
  return ascii(first, 0, 5) === '\x7fFLAC' ? valid(oggFlac(first, region.lengthSamples)) : undefined
}

/** `samples` count from the start of the clock. */
function valid({ clockStart = 0, ...timeline }: Timeline): Timeline | undefined {
  const samples = timeline.samples - clockStart
  if (samples < 1 || timeline.sampleRateHz < 1 || timeline.channels < 1) return undefined
  return { ...timeline, samples, ...(clockStart > 0 ? { clockStart } : {}) }
}

type FirstPage = { readonly granule: number; readonly packets: readonly Uint8Array[] }

/** The packets that end in the first page of music. */
function firstPage(file: ByteReader, at: number): FirstPage | undefined {
  const bytes = file.read(at, PAGE_MAX_BYTES)
  const page = pageAt(bytes, 0)
  if (!page || page.end > bytes.length) return undefined
  const packets: Uint8Array[] = []
  let [start, end] = [page.bodyStart, page.bodyStart]
  for (const size of page.lacing) {
    end += size
    if (size === 255) continue
    packets.push(bytes.subarray(start, end))
    start = end
  }
  return { granule: Number(page.granule), packets }
}

/** Where music begins that was cut out of a longer stream, whose positions it has kept; else 0. */
const startOf = (page: FirstPage | undefined, samplesOf: (packets: readonly Uint8Array[]) => number): number =>
  page && page.packets.length > 0 ? Math.max(0, page.granule - samplesOf(page.packets)) : 0

const opusSamples = (packets: readonly Uint8Array[]): number =>
  packets.reduce((sum, packet) => sum + opusSamplesOf(packet), 0)

/** After nine bytes of its own stand those of a FLAC file: the magic word, a block header, STREAMINFO. */
function oggFlac(first: Uint8Array, samples: number): Timeline {
  const packed = view(first).getBigUint64(9 + 4 + 4 + 10)
  const channels = Number((packed >> 41n) & 7n) + 1
  return { sampleRateHz: Number(packed >> 44n), channels, bits: Number((packed >> 36n) & 31n) + 1, samples }
}
