import { aacConfig, aacEntry } from './entries.ts'
import { framedCursor, type Splitter } from './framed.ts'
import { id3Bytes } from './mp3.ts'
import { type Bytes, type ByteSource, fragmentsOf, type Hint, type Packet, type Tune, unfit } from './types.ts'

export const AAC_RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
]
const SAMPLES = 1024
/** ADTS says nothing of the encoder's delay; no encoder has less than one frame. */
const DELAY = 1024

type Frame = { bytes: number; headerBytes: number; objectType: number; rateIndex: number; channels: number }
export function adtsAt(b: Uint8Array, at: number): Frame | null {
  const [first = 0, second = 0, c = 0, d = 0, e = 0, f = 0, g = 0] = b.subarray(at, at + 7)
  if (at + 7 > b.length || first !== 0xff || (second & 0xf6) !== 0xf0) return null
  const bytes = ((d & 3) << 11) | (e << 3) | (f >> 5)
  const headerBytes = second & 1 ? 7 : 9
  const rateIndex = (c >> 2) & 15
  // Several blocks in a frame are nowhere made, and MP4 cannot carry them.
  if (bytes <= headerBytes || rateIndex >= AAC_RATES_HZ.length || (g & 3) !== 0) return null
  return { bytes, headerBytes, objectType: (c >> 6) + 1, rateIndex, channels: ((c & 1) << 2) | (d >> 6) }
}
const isSure = (b: Uint8Array, at: number): boolean => {
  const frame = adtsAt(b, at)
  return frame !== null && adtsAt(b, at + frame.bytes) !== null
}
function find(b: Uint8Array, from: number): number {
  for (let at = b.indexOf(0xff, from); at >= 0; at = b.indexOf(0xff, at + 1)) if (isSure(b, at)) return at
  return -1
}

const split: Splitter = (b, isEnd) => {
  const packets: Packet[] = []
  let at = 0
  while (at + 7 <= b.length) {
    const frame = adtsAt(b, at)
    if (frame && at + frame.bytes <= b.length) {
      packets.push({ data: b.slice(at + frame.headerBytes, at + frame.bytes), samples: SAMPLES })
      at += frame.bytes
    } else if (frame && !isEnd) break
    else {
      const next = find(b, at + 1)
      if (next < 0) return { packets, usedBytes: isEnd ? b.length : Math.max(at, b.length - 16_384) }
      at = next
    }
  }
  return { packets, usedBytes: at }
}

/** Understands AAC in ADTS. A jump lands where the average bit rate says. */
export async function openAdts(source: ByteSource, head: Bytes, hint: Hint, signal: AbortSignal): Promise<Tune> {
  const skipped = id3Bytes(head)
  const b = skipped + 8192 < head.length ? head.subarray(skipped) : await source.read(skipped, skipped + 65_536, signal)
  const at = find(b, 0)
  const frame = at < 0 ? null : adtsAt(b, at)
  if (!frame || frame.channels === 0) throw unfit('no ADTS frame where one should be')
  const rateHz = AAC_RATES_HZ[frame.rateIndex] ?? 0
  const first = skipped + at
  const bytesPerSec = (source.sizeBytes - first) / Math.max(0.1, hint.durationSec)
  return {
    type: fragmentsOf(`mp4a.40.${frame.objectType}`),
    entry: aacEntry({ channels: frame.channels, rateHz }, aacConfig(frame.objectType, frame.rateIndex, frame.channels)),
    rateHz,
    delay: DELAY,
    samples: null,
    bytesPerSec,
    open(from) {
      const index = from <= 0 ? 0 : Math.max(0, Math.floor((from + DELAY) / SAMPLES) - 2)
      const byte = Math.floor(first + (index * SAMPLES * bytesPerSec) / rateHz)
      const start = { byte: Math.min(byte, source.sizeBytes), sample: index * SAMPLES }
      return Promise.resolve(framedCursor(source, start, { endByte: source.sizeBytes, endTrim: 0, split }))
    },
  }
}
