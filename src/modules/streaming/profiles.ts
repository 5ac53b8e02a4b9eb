import { type AppError, unprocessable } from '#kernel/errors.ts'
import { type Quality, QUALITY_KBPS, type StreamFormat } from './schema.ts'

/** How a song can be sent otherwise than as it is. `name` is stable: it is part of blob keys and ETags. */
export type Profile = {
  readonly name: string
  readonly codec: StreamFormat
  readonly kbps: number | undefined
  /** What the music is made louder by, in whole tenths; 0 leaves it as it is. */
  readonly gainDb: number
}
/** `gainDb` other than 0 asks for something that the original never is. */
export type Wish = { readonly quality?: Quality; readonly format?: StreamFormat; readonly gainDb?: number }
export type Source = { readonly codec: string; readonly bitrateKbps: number | null }

/** What libopus takes for one channel; two gain nothing above it. */
const OPUS_KBPS_MAX = 256

/** `mp3-128`, `flac`; with −6.5 dB `mp3-128_gm65`. `kbps` of a lossless codec is ignored. */
export function profileOf(codec: StreamFormat, kbps: number | undefined, gainDb = 0): Profile {
  const rate = LOSSLESS.has(codec) || kbps === undefined ? undefined : Math.min(kbps, mostKbps(codec))
  const tenths = Math.round(gainDb * 10)
  const gain = tenths === 0 ? '' : `_g${tenths < 0 ? 'm' : ''}${Math.abs(tenths)}`
  return { name: `${codec}${rate === undefined ? '' : `-${rate}`}${gain}`, codec, kbps: rate, gainDb: tenths / 10 }
}
const mostKbps = (codec: StreamFormat): number => (codec === 'opus' ? OPUS_KBPS_MAX : Number.POSITIVE_INFINITY)

const LOSSLESS: ReadonlySet<StreamFormat> = new Set(['flac', 'wav'])
const FORMAT_DEFAULT = 'mp3'
/** Bit rates in tags are means and rounded: this much above still counts as within the quality. */
const KBPS_TOLERANCE = 2

/** The codec of a file in the words of `format`. */
function formatOf(codec: string): StreamFormat | undefined {
  const name = codec.toLowerCase()
  if (/^(mp3|mpeg 1 layer 3|mpeg.*layer 3)$/.test(name)) return 'mp3'
  if (/^(aac|mpeg-4\/aac|mp4a)/.test(name)) return 'aac'
  if (name === 'opus' || name === 'flac') return name
  return name.startsWith('pcm') || name === 'wav' ? 'wav' : undefined
}

/**
 * What to send: `original`, or a profile. The original also serves a quality that it does not exceed, but only in the
 * very format that would have been made: a player that asks for MP3 may know nothing else.
 */
export function chooseProfile(wish: Wish, source: Source): Profile | 'original' {
  const gainDb = wish.gainDb ?? 0
  const own = gainDb === 0 ? formatOf(source.codec) : undefined
  if (gainDb === 0 && (wish.quality === 'original' || (!wish.quality && !wish.format))) {
    if (!wish.format || wish.format === own) return 'original'
  }
  const codec = wish.format ?? FORMAT_DEFAULT
  if (LOSSLESS.has(codec)) return own === codec ? 'original' : profileOf(codec, undefined, gainDb)
  const quality = wish.quality === undefined || wish.quality === 'original' ? 'high' : wish.quality
  const kbps = QUALITY_KBPS[quality]
  const isWithin = own === codec && source.bitrateKbps !== null && source.bitrateKbps <= kbps + KBPS_TOLERANCE
  return isWithin && source.bitrateKbps !== 0 ? 'original' : profileOf(codec, kbps, gainDb)
}

/** Formats whose length cannot be known before they are made, so that no file of them can be promised. */
const HLS_ONLY: ReadonlySet<StreamFormat> = new Set(['aac', 'flac'])

/** Throws 422 `hls_only`. */
export function requireProgressive(codec: StreamFormat): void {
  if (!HLS_ONLY.has(codec)) return
  throw unprocessable(
    'hls_only',
    `A transcode to ${codec} comes as HLS only (…/hls/master.m3u8): ask for mp3, opus or wav here, or for the original.`,
  )
}

/** Throws 422 `codec_unavailable` naming what this installation can make. */
export function requireCodec(codec: StreamFormat, available: readonly StreamFormat[]): void {
  if (available.includes(codec)) return
  throw available.length === 0 ? noFfmpeg(codec) : cannot(codec, available)
}
const cannot = (codec: string, available: readonly string[]): AppError =>
  unprocessable(
    'codec_unavailable',
    `This installation cannot make ${codec}: ask for one of ${available.join(', ')}, or for the original.`,
  )
const noFfmpeg = (codec: string): AppError =>
  unprocessable(
    'codec_unavailable',
    `This installation cannot make ${codec}, nor any other format, because it has no FFmpeg: ask for the original, or install FFmpeg.`,
  )
