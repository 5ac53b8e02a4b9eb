import type { ByteReader } from '#kernel/media/region/reader.ts'
import { skipLeadingTags, skipTrailingTags } from '#kernel/media/region/tags-around.ts'
import type { Timeline } from '#kernel/media/types.ts'
import { buildIndex } from './frame-index.ts'
import { type Frame, type FrameKind, hopFrames } from './hop.ts'

const HEADER_BYTES = 7
const CHECKSUM_BYTES = 2
const BLOCK_SAMPLES = 1024
const RATES_HZ = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350]

export type AdtsHeader = Frame & {
  readonly rateHz: number
  readonly channels: number
  /** Before the packet. */
  readonly headerBytes: number
  /** What a decoder is told of the stream, in the form of MPEG-4. */
  readonly config: number
}

function adtsHeader(bytes: Uint8Array, at: number): AdtsHeader | undefined {
  if (bytes[at] !== 0xff) return undefined
  const [b = 0, c = 0, d = 0] = [bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  const [e = 0, f = 0, g = 0] = [bytes[at + 4], bytes[at + 5], bytes[at + 6]]
  const rateHz = RATES_HZ[(c >> 2) & 15]
  const size = ((d & 3) << 11) | (e << 3) | (f >> 5)
  if ((b & 0xf6) !== 0xf0 || rateHz === undefined || size < HEADER_BYTES) return undefined
  const channels = ((c & 1) << 2) | (d >> 6)
  const config = (((c >> 6) + 1) << 11) | (((c >> 2) & 15) << 7) | (channels << 3)
  const headerBytes = HEADER_BYTES + (b & 1 ? 0 : CHECKSUM_BYTES)
  return { bytes: size, samples: BLOCK_SAMPLES * ((g & 3) + 1), rateHz, channels, headerBytes, config }
}
export const ADTS: FrameKind<AdtsHeader> = { headBytes: HEADER_BYTES, frameAt: adtsHeader }

/** Above it nobody hides a second spectrum. */
const CORE_RATE_MAX_HZ = 24_000
/** Whether a decoder may find twice the rate in it (HE-AAC), which only decoding tells. */
export const mayBeCore = (rateHz: number): boolean => rateHz <= CORE_RATE_MAX_HZ

/** The frames of raw AAC; nothing in it tells of delay or padding. Undefined without any frame. */
export function adtsTimeline(file: ByteReader): (Timeline & { readonly isUnsure: boolean }) | undefined {
  const from = skipLeadingTags(file)
  const to = skipTrailingTags(file, from)
  const index = buildIndex()
  let first: AdtsHeader | undefined
  let samples = 0
  let isEven = true
  hopFrames(file, { from, to, kind: ADTS }, (header, at, isAfterJunk) => {
    // FFmpeg loses what is cut off, and what it found the way back with.
    if (at + header.bytes > to || isAfterJunk) return
    first ??= header
    samples += header.samples
    isEven &&= header.samples === first.samples && header.rateHz === first.rateHz
    index.add(at)
  })
  if (!first) return undefined
  const { rateHz: sampleRateHz, channels } = first
  const plain = { sampleRateHz, channels: channels || 2, samples, isUnsure: mayBeCore(sampleRateHz) }
  if (!isEven) return plain
  const frames = { format: 'aac', frameSamples: first.samples, skipSamples: 0, ...index.done() } as const
  return { ...plain, frames }
}
