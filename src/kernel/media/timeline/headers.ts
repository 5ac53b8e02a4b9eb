import { flacRegion } from '#kernel/media/region/flac.ts'
import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import { skipLeadingTags } from '#kernel/media/region/tags-around.ts'
import type { Timeline } from '#kernel/media/types.ts'

const STREAMINFO_BYTES = 34

/** FLAC: what STREAMINFO promises, or where the last frame of a cut file ends. */
export function flacTimeline(file: ByteReader): Timeline | undefined {
  const info = file.read(skipLeadingTags(file) + 8, STREAMINFO_BYTES)
  if (info.length < STREAMINFO_BYTES) return undefined
  const packed = view(info).getBigUint64(10)
  const { lengthSamples, reachedSamples, isCut } = flacRegion(file)
  const samples = (isCut ? reachedSamples : (lengthSamples ?? reachedSamples)) ?? 0
  if (samples < 1) return undefined
  return {
    sampleRateHz: Number(packed >> 44n),
    channels: Number((packed >> 41n) & 7n) + 1,
    bits: Number((packed >> 36n) & 31n) + 1,
    samples,
  }
}

const WAVPACK_RATES_HZ = [
  6000, 8000, 9600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 192_000,
]

/** WavPack: its first block tells. Undefined where the rate is an unusual one or the length unknown. */
export function wavpackTimeline(file: ByteReader): Timeline | undefined {
  const head = file.read(skipLeadingTags(file), 32)
  if (head.length < 32 || ascii(head, 0, 4) !== 'wvpk') return undefined
  const v = view(head)
  const [low, flags] = [v.getUint32(12, true), v.getUint32(24, true)]
  const sampleRateHz = WAVPACK_RATES_HZ[(flags >>> 23) & 15]
  const isDsd = (flags & 0x8000_0000) !== 0
  const isWholeStream = (flags & 0x1800) === 0x1800
  if (low === 0xffff_ffff || !sampleRateHz || isDsd || !isWholeStream) return undefined
  const samples = low + (head[11] ?? 0) * 0xffff_ffff
  return { sampleRateHz, channels: flags & 4 ? 1 : 2, bits: ((flags & 3) + 1) * 8, samples }
}

const APE_OLDEST = 3980

/** Monkey's Audio, as it has been written since 2003. */
export function apeTimeline(file: ByteReader): Timeline | undefined {
  const start = skipLeadingTags(file)
  const descriptor = file.read(start, 52)
  if (descriptor.length < 52 || ascii(descriptor, 0, 4) !== 'MAC ') return undefined
  const d = view(descriptor)
  if (d.getUint16(4, true) < APE_OLDEST) return undefined
  const header = file.read(start + d.getUint32(8, true), 24)
  if (header.length < 24) return undefined
  const h = view(header)
  const [perFrame, inLast, frames] = [h.getUint32(4, true), h.getUint32(8, true), h.getUint32(12, true)]
  const samples = frames > 0 ? (frames - 1) * perFrame + inLast : 0
  const [bits, channels, sampleRateHz] = [h.getUint16(16, true), h.getUint16(18, true), h.getUint32(20, true)]
  return samples > 0 && sampleRateHz > 0 && channels > 0 ? { sampleRateHz, channels, bits, samples } : undefined
}
