import { ascii, view } from '#kernel/media/region/reader.ts'
import type { MpegHeader } from './mpeg-header.ts'

/** What the first frame of an MP3 says about the others, when it is no music. */
export type InfoTag = {
  /** Frames of music; 0 when it does not say. */
  readonly frames: number
  /** Bytes of the frames, this one among them; 0 when it does not say. */
  readonly bytes: number
  /** Of the encoder, in samples; undefined where no known encoder wrote it. */
  readonly delaySamples?: number
  readonly paddingSamples?: number
}

const TOC_BYTES = 100
const VBRI_AT = 36
const VBRI_BYTES = 18
/** From the name of the encoder to the three bytes of delay and padding. */
const DELAYS_AT = 21
/** FFmpeg believes only these. */
const ENCODERS = new Set(['LAME', 'Lavf', 'Lavc'])

/**
 * The Xing, Info or VBRI tag in the first frame. Undefined when that frame is music already, as far as FFmpeg knows: a
 * tag that tells neither frames nor bytes is played.
 */
export function infoTag(frame: Uint8Array, header: MpegHeader): InfoTag | undefined {
  if (header.layer !== 3) return undefined
  const word = ascii(frame, 4 + header.sideInfoBytes, 4)
  if (word === 'Xing' || word === 'Info') return xingTag(frame, 4 + header.sideInfoBytes)
  return ascii(frame, VBRI_AT, 4) === 'VBRI' ? vbriTag(frame) : undefined
}

const word32 = (frame: Uint8Array, at: number): number => (at + 4 <= frame.length ? view(frame).getUint32(at) : 0)

function xingTag(frame: Uint8Array, start: number): InfoTag | undefined {
  const flags = word32(frame, start + 4)
  let at = start + 8
  const frames = flags & 1 ? word32(frame, at) : 0
  at += flags & 1 ? 4 : 0
  const bytes = flags & 2 ? word32(frame, at) : 0
  at += (flags & 2 ? 4 : 0) + (flags & 4 ? TOC_BYTES : 0) + (flags & 8 ? 4 : 0)
  if (frames === 0 && bytes === 0) return undefined
  if (!ENCODERS.has(ascii(frame, at, 4)) || at + DELAYS_AT + 3 > frame.length) return { frames, bytes }
  const delays = word32(frame, at + DELAYS_AT - 1) & 0xff_ff_ff
  return { frames, bytes, delaySamples: delays >> 12, paddingSamples: delays & 0xfff }
}

function vbriTag(frame: Uint8Array): InfoTag | undefined {
  if (frame.length < VBRI_AT + VBRI_BYTES || view(frame).getUint16(VBRI_AT + 4) !== 1) return undefined
  const [bytes, frames] = [word32(frame, VBRI_AT + 10), word32(frame, VBRI_AT + 14)]
  return frames === 0 && bytes === 0 ? undefined : { frames, bytes }
}
