import { ascii, type ByteReader, view } from './reader.ts'
import { skipLeadingTags, skipTrailingTags } from './tags-around.ts'
import type { AudioRegion } from './types.ts'

// ISO 11172-3 and 13818-3: bit rates in kbit/s by version and layer, sample rates by version.
const RATES_V1: Record<1 | 2 | 3, number[]> = {
  1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
}
const RATES_V2: Record<1 | 2 | 3, number[]> = {
  1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  3: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
const SAMPLE_RATES = [44_100, 48_000, 32_000]
/** How far junk may reach before the first frame. */
const SYNC_SEARCH_BYTES = 64 * 1024
/** Frames that must follow one another before noise is believed to be MPEG audio. */
const FRAMES_IN_A_ROW = 3
/** And when something else stands before them. */
const FRAMES_AFTER_JUNK = 5

export type MpegFrame = {
  bytes: number
  samples: number
  sampleRate: number
  bitrateKbps: number
  sideInfoBytes: number
}

/** One MPEG audio frame header; undefined when it is none (or the rare free format). */
export function mpegFrame(bytes: Uint8Array, at: number): MpegFrame | undefined {
  const [a, b, c, d] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  if (a !== 0xff || b === undefined || c === undefined || d === undefined || (b & 0xe0) !== 0xe0) return undefined
  const version = (b >> 3) & 3 // 3: MPEG-1, 2: MPEG-2, 0: MPEG-2.5
  const layer = (4 - ((b >> 1) & 3)) as 1 | 2 | 3 | 4
  const bitrateKbps = layer === 4 ? undefined : (version === 3 ? RATES_V1 : RATES_V2)[layer][c >> 4]
  const baseRate = SAMPLE_RATES[(c >> 2) & 3]
  if (version === 1 || layer === 4 || !bitrateKbps || !baseRate) return undefined
  const sampleRate = version === 3 ? baseRate : version === 2 ? baseRate / 2 : baseRate / 4
  const samples = layer === 1 ? 384 : layer === 3 && version !== 3 ? 576 : 1152
  const padding = (c >> 1) & 1
  const slots = Math.floor((samples / 8) * ((bitrateKbps * 1000) / sampleRate))
  const size = layer === 1 ? (Math.floor((12 * bitrateKbps * 1000) / sampleRate) + padding) * 4 : slots + padding
  const isMono = d >> 6 === 3
  const sideInfoBytes = version === 3 ? (isMono ? 17 : 32) : isMono ? 9 : 17
  return { bytes: size, samples, sampleRate, bitrateKbps, sideInfoBytes }
}

/** Bytes of an ADTS (raw AAC) frame; undefined when it is none. */
export function adtsFrameBytes(bytes: Uint8Array, at: number): number | undefined {
  const [a, b, c, d, e, f] = bytes.subarray(at, at + 6)
  if (a !== 0xff || b === undefined || (b & 0xf6) !== 0xf0 || c === undefined || ((c >> 2) & 15) > 12) return undefined
  if (d === undefined || e === undefined || f === undefined) return undefined
  const size = ((d & 3) << 11) | (e << 3) | (f >> 5)
  return size >= 7 ? size : undefined
}

/** How a stream of frames is told: the size of one, and the bits of the third byte that all of a stream share. */
type Stream = { sizeOf(bytes: Uint8Array, at: number): number | undefined; sharedBits: number }
/** Layer 1 is left out: no music comes so any more, and the jump tables of programs look exactly like it. */
const isLayer1 = (bytes: Uint8Array, at: number): boolean => (((bytes[at + 1] ?? 0) >> 1) & 3) === 3
const MPEG: Stream = {
  sizeOf: (bytes, at) => (isLayer1(bytes, at) ? undefined : mpegFrame(bytes, at)?.bytes),
  sharedBits: 0x0c, // the sample rate
}
const ADTS: Stream = { sizeOf: adtsFrameBytes, sharedBits: 0xfc } // and the profile
const kindAt = (bytes: Uint8Array, at: number, { sharedBits }: Stream): number =>
  (((bytes[at + 1] ?? 0) & 0xfe) << 8) | ((bytes[at + 2] ?? 0) & sharedBits)

/**
 * Position of the first frame that is followed by others of its kind; undefined without one. Fewer are believed only
 * when they are all there is: a header near the end of noise is found in one file out of two.
 */
function findSync(head: Uint8Array, isWhole: boolean, stream: Stream): number | undefined {
  for (let start = 0; start < head.length - 4; start++) {
    if (head[start] !== 0xff) continue
    const kind = kindAt(head, start, stream)
    const wanted = start === 0 ? FRAMES_IN_A_ROW : FRAMES_AFTER_JUNK
    let at = start
    let frames = 0
    for (; frames < wanted && kindAt(head, at, stream) === kind; frames++) {
      const size = stream.sizeOf(head, at)
      if (size === undefined) break
      at += size
    }
    const isAll = isWhole && frames > 0 && at >= head.length - 4
    if (frames === wanted || (isAll && start === 0)) return start
  }
  return undefined
}

/** `mp3` or `aac` with the position of the first frame, looking past ID3v2 and up to 64 KiB of junk. */
export function sniffMpeg(file: ByteReader): { container: 'mp3' | 'aac'; start: number } | undefined {
  const from = skipLeadingTags(file)
  const end = skipTrailingTags(file, from)
  const head = file.read(from, Math.min(SYNC_SEARCH_BYTES, end - from))
  const isWhole = from + head.length >= end
  const mp3 = findSync(head, isWhole, MPEG)
  const aac = findSync(head, isWhole, ADTS)
  if (mp3 !== undefined && (aac === undefined || mp3 <= aac)) return { container: 'mp3', start: from + mp3 }
  return aac === undefined ? undefined : { container: 'aac', start: from + aac }
}

/** Bytes and frames that a Xing, Info or VBRI header promises; undefined when the first frame is audio already. */
function infoFrame(frame: Uint8Array, header: MpegFrame): { bytes?: number; frames?: number } | undefined {
  const at = 4 + header.sideInfoBytes
  const word = ascii(frame, at, 4)
  if (word === 'Xing' || word === 'Info') {
    if (frame.length < at + 16) return {}
    const flags = view(frame).getUint32(at + 4)
    const frames = flags & 1 ? view(frame).getUint32(at + 8) : undefined
    const bytes = flags & 2 ? view(frame).getUint32(at + (flags & 1 ? 12 : 8)) : undefined
    return { ...(frames ? { frames } : {}), ...(bytes ? { bytes } : {}) }
  }
  if (ascii(frame, 36, 4) === 'VBRI' && frame.length >= 54)
    return { bytes: view(frame).getUint32(46), frames: view(frame).getUint32(50) }
  return undefined
}

/** A promise this much above the real size is rounding of the encoder, not a cut. */
const CUT_SLACK_BYTES = 4096

/** MP3 without its tags and without the information frame, which every tagger and muxer may rewrite. */
export function mp3Region(file: ByteReader, start: number): AudioRegion {
  const end = skipTrailingTags(file, start)
  const header = mpegFrame(file.read(start, 4), 0)
  const info = header ? infoFrame(file.read(start, header.bytes), header) : undefined
  const isCut = info?.bytes !== undefined && start + info.bytes > end + CUT_SLACK_BYTES
  const audioStart = info && header ? Math.min(start + header.bytes, end) : start
  const region: AudioRegion = { container: 'mp3', start: audioStart, end, isCut }
  return info?.frames && header ? { ...region, lengthSamples: info.frames * header.samples } : region
}

/** Raw AAC without the tags around it. */
export const aacRegion = (file: ByteReader, start: number): AudioRegion => ({
  container: 'aac',
  start,
  end: skipTrailingTags(file, start),
  isCut: false,
})
