import { oggRegion } from '#kernel/media/region/ogg.ts'
import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import type { Timeline } from '#kernel/media/types.ts'

const FIRST_PACKET_AT = 28
/** Whatever rate an Opus file was made from, it is decoded at this one. */
const OPUS_RATE_HZ = 48_000

/** Ogg Opus, Vorbis and FLAC, by the granule position of the last page. */
export function oggTimeline(file: ByteReader): Timeline | undefined {
  const first = file.read(FIRST_PACKET_AT, 64)
  const samples = oggRegion(file).lengthSamples ?? 0
  if (samples < 1 || first.length < 30) return undefined
  const v = view(first)
  if (ascii(first, 0, 8) === 'OpusHead') return { sampleRateHz: OPUS_RATE_HZ, channels: first[9] ?? 2, samples }
  if (ascii(first, 0, 7) === '\x01vorbis')
    return { sampleRateHz: v.getUint32(12, true), channels: first[11] ?? 2, samples }
  return ascii(first, 0, 5) === '\x7fFLAC' ? oggFlac(first, samples) : undefined
}

/** After nine bytes of its own stand those of a FLAC file: the magic word, a block header, STREAMINFO. */
function oggFlac(first: Uint8Array, samples: number): Timeline {
  const packed = view(first).getBigUint64(9 + 4 + 4 + 10)
  const channels = Number((packed >> 41n) & 7n) + 1
  return { sampleRateHz: Number(packed >> 44n), channels, bits: Number((packed >> 36n) & 31n) + 1, samples }
}
