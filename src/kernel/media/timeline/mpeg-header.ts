import type { Frame, FrameKind } from './hop.ts'

// ISO 11172-3 and 13818-3: bit rates in kbit/s by version and layer. Index 0 is the free format, which nobody writes.
const KBPS_V1 = [
  [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
] as const
const KBPS_V2 = [
  [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
] as const
const RATES_HZ = [44_100, 48_000, 32_000] as const
/** Version bits: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5, 1 is nothing. */
const MPEG_1 = 3
const MPEG_25 = 0

export type MpegHeader = Frame & {
  /** The four bytes. */
  readonly word: number
  readonly rateHz: number
  readonly layer: number
  readonly channels: 1 | 2
  /** Bytes between the header and the music: where an Info tag begins. */
  readonly sideInfoBytes: number
}

/** The header of one MPEG audio frame of any version and layer; undefined when it is none. */
export function mpegHeader(bytes: Uint8Array, at: number): MpegHeader | undefined {
  if (bytes[at] !== 0xff) return undefined
  const [b = 0, c = 0, d = 0] = [bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  const version = (b >> 3) & 3
  const layer = 4 - ((b >> 1) & 3)
  const baseHz = RATES_HZ[(c >> 2) & 3]
  if (b < 0xe0 || version === 1 || layer === 4 || baseHz === undefined) return undefined
  const isLow = version !== MPEG_1
  const kbps = (isLow ? KBPS_V2 : KBPS_V1)[layer - 1]?.[c >> 4]
  if (!kbps) return undefined
  const rateHz = baseHz / (isLow ? (version === MPEG_25 ? 4 : 2) : 1)
  const padding = (c >> 1) & 1
  const isMono = d >> 6 === 3
  const samples = layer === 1 ? 384 : layer === 3 && isLow ? 576 : 1152
  const slots = Math.floor(((layer === 1 ? 12 : samples / 8) * kbps * 1000) / rateHz) + padding
  return {
    bytes: layer === 1 ? slots * 4 : slots,
    samples,
    word: ((b << 16) | (c << 8) | d) >>> 0,
    rateHz,
    layer,
    channels: isMono ? 1 : 2,
    sideInfoBytes: isLow ? (isMono ? 9 : 17) : isMono ? 17 : 32,
  }
}

export const MPEG: FrameKind<MpegHeader> = { headBytes: 4, frameAt: mpegHeader }

/** What two frames share where FFmpeg's reader agrees to begin: version, layer, rate, mode and the last four bits. */
const SHARED_BITS = 0xfe_0c_cf
export const mayBeginAt = (first: MpegHeader, second: MpegHeader): boolean =>
  ((first.word ^ second.word) & SHARED_BITS) === 0
