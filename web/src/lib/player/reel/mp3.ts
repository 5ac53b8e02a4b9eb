import { textAt, viewOf } from './boxes.ts'
import { framedCursor, type Place, type Splitter } from './framed.ts'
import { type Bytes, type ByteSource, type Hint, type Packet, type Tune, unfit } from './types.ts'

const KBPS_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
const KBPS_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
const RATES_HZ = [44_100, 48_000, 32_000]
/**
 * Decoders of layer III are 529 samples late. Measured in Chromium: of a media source's MP3 it has taken them away
 * already, so the music begins where the encoder's own delay ends.
 */
const DECODER_DELAY = 0
/** LAME's, where a file does not say. */
const ENCODER_DELAY = 576
/** Two frames refill the bit reservoir after a jump. */
const PREROLL_FRAMES = 2

type Frame = { bytes: number; samples: number; rateHz: number; channels: number; kbps: number; sideBytes: number }

/** The frame that begins at `at`, or null when none does. Layer III alone. */
export function frameAt(b: Uint8Array, at: number): Frame | null {
  if (at + 4 > b.length || b[at] !== 0xff || ((b[at + 1] ?? 0) & 0xe6) !== 0xe2) return null
  const [, second = 0, third = 0, fourth = 0] = b.subarray(at, at + 4)
  const version = (second >> 3) & 3
  const rate = RATES_HZ[(third >> 2) & 3]
  const isOne = version === 3
  const kbps = (isOne ? KBPS_1 : KBPS_2)[third >> 4]
  if (version === 1 || !rate || !kbps) return null
  const rateHz = rate / (isOne ? 1 : version === 2 ? 2 : 4)
  const samples = isOne ? 1152 : 576
  const bytes = Math.floor(((samples / 8) * kbps * 1000) / rateHz) + ((third >> 1) & 1)
  const channels = fourth >> 6 === 3 ? 1 : 2
  const sideBytes = isOne ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17
  return { bytes, samples, rateHz, channels, kbps, sideBytes }
}

/** A frame that the next one confirms, so that no picture or chance is taken for sound. */
function surely(b: Uint8Array, at: number): Frame | null {
  const frame = frameAt(b, at)
  if (!frame) return null
  const next = frameAt(b, at + frame.bytes)
  return next && next.rateHz === frame.rateHz && next.samples === frame.samples ? frame : null
}
function findFrame(b: Uint8Array, from: number): number {
  for (let at = b.indexOf(0xff, from); at >= 0; at = b.indexOf(0xff, at + 1)) if (surely(b, at)) return at
  return -1
}

/** Splits frames; what is none (a tag at the end, damage) is passed over. */
export const splitMp3: Splitter = (bytes, isEnd) => {
  const packets: Packet[] = []
  let at = 0
  while (at + 4 <= bytes.length) {
    const frame = frameAt(bytes, at)
    if (frame && at + frame.bytes <= bytes.length) {
      packets.push({ data: bytes.slice(at, at + frame.bytes), samples: frame.samples })
      at += frame.bytes
    } else if (frame && !isEnd) break
    else {
      const next = findFrame(bytes, at + 1)
      if (next < 0) return { packets, usedBytes: isEnd ? bytes.length : Math.max(at, bytes.length - 4096) }
      at = next
    }
  }
  return { packets, usedBytes: at }
}

type Info = { frames: number | null; bytes: number | null; toc: Uint8Array | null; delay: number; padding: number }
const NO_INFO: Info = { frames: null, bytes: null, toc: null, delay: ENCODER_DELAY, padding: 0 }

/** What the Xing or Info frame says; null when the frame is an ordinary one. */
export function infoOf(b: Uint8Array, at: number, frame: Frame): Info | null {
  let i = at + 4 + frame.sideBytes
  const kind = textAt(b, i, 4)
  if (kind !== 'Xing' && kind !== 'Info') return null
  const view = viewOf(b)
  const flags = view.getUint32(i + 4)
  i += 8
  const info = { ...NO_INFO }
  if (flags & 1) info.frames = view.getUint32((i += 4) - 4)
  if (flags & 2) info.bytes = view.getUint32((i += 4) - 4)
  if (flags & 4) info.toc = b.slice(i, (i += 100))
  if (flags & 8) i += 4
  const [x = 0, y = 0, z = 0] = b.subarray(i + 21, i + 24)
  const delay = (x << 4) | (y >> 4)
  if (/^(LAME|Lavc|Lavf|Tutt)/.test(textAt(b, i, 4)) || delay > 0)
    return { ...info, delay, padding: ((y & 15) << 8) | z }
  return info
}

/** Size of the ID3v2 tags that stand before the sound. */
export function id3Bytes(b: Uint8Array): number {
  if (textAt(b, 0, 3) !== 'ID3') return 0
  const [p = 0, q = 0, r = 0, s = 0] = b.subarray(6, 10)
  return 10 + (p << 21) + (q << 14) + (r << 7) + s + ((b[5] ?? 0) & 0x10 ? 10 : 0)
}

type Layout = { first: number; end: number; frame: Frame; info: Info }

/** Byte of the frame that stands at share 0..1 of the time. */
function byteAt(l: Layout, share: number): number {
  const length = l.end - l.first
  if (!l.info.toc) return l.first + share * length
  const at = Math.min(99, Math.floor(share * 100))
  const a = l.info.toc[at] ?? 0
  const b = at < 99 ? (l.info.toc[at + 1] ?? 256) : 256
  return l.first + ((a + (b - a) * (share * 100 - at)) / 256) * length
}

/** Bit rate that does not change: every frame's place follows from its number. */
const frameBytesOf = ({ info, frame }: Layout): number | null =>
  info.toc && info.frames && info.bytes && Math.abs(info.bytes / info.frames - exactBytes(frame)) > 1
    ? null
    : exactBytes(frame)
const exactBytes = (f: Frame) => ((f.samples / 8) * f.kbps * 1000) / f.rateHz

async function place(source: ByteSource, l: Layout, wanted: number, signal: AbortSignal): Promise<Place> {
  const { samples } = l.frame
  const index = Math.max(0, Math.floor(wanted / samples) - PREROLL_FRAMES)
  if (index === 0) return { byte: l.first, sample: 0 }
  const each = frameBytesOf(l)
  const total = l.info.frames ?? Math.max(1, (l.end - l.first) / exactBytes(l.frame))
  const guess = Math.floor(each ? l.first + index * each - 2 : byteAt(l, Math.min(1, index / total)))
  const bytes = await source.read(guess, guess + 16 * 1024, signal)
  const at = findFrame(bytes, 0)
  if (at < 0) return { byte: l.first, sample: 0 }
  const found = each ? Math.round((guess + at - l.first) / each) : index
  return { byte: guess + at, sample: found * samples }
}

async function layoutOf(source: ByteSource, head: Bytes, signal: AbortSignal): Promise<Layout> {
  const skipped = id3Bytes(head)
  const b = skipped + 8192 < head.length ? head.subarray(skipped) : await source.read(skipped, skipped + 65_536, signal)
  const at = findFrame(b, 0)
  const frame = at < 0 ? null : frameAt(b, at)
  if (!frame) throw unfit('no MPEG audio frame where one should be')
  const info = infoOf(b, at, frame)
  const first = skipped + at + (info ? frame.bytes : 0)
  // The Info frame may have another bit rate than the music.
  const real = info ? (frameAt(b, at + frame.bytes) ?? frame) : frame
  return { first, end: source.sizeBytes, frame: real, info: info ?? NO_INFO }
}

/** Understands MPEG layer III, its LAME tag for the exact begin and end. */
export async function openMp3(source: ByteSource, head: Bytes, hint: Hint, signal: AbortSignal): Promise<Tune> {
  const l = await layoutOf(source, head, signal)
  const { frames, delay, padding } = l.info
  const { rateHz, samples: each } = l.frame
  const late = delay + DECODER_DELAY
  const endTrim = Math.max(0, padding - DECODER_DELAY)
  return {
    // No browser takes MP3 in fragments of MP4, and all take it bare.
    type: 'audio/mpeg',
    entry: null,
    rateHz,
    delay: late,
    samples: frames ? frames * each - late - endTrim : null,
    bytesPerSec: (l.end - l.first) / Math.max(0.1, frames ? (frames * each) / rateHz : hint.durationSec),
    async open(from, stop) {
      const start = await place(source, l, from <= 0 ? 0 : from + late, stop)
      return framedCursor(source, start, { endByte: l.end, endTrim, split: splitMp3 })
    },
  }
}
