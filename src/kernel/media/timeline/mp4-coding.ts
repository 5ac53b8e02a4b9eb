import { ascii, view } from '#kernel/media/region/reader.ts'
import { mayBeCore } from './adts.ts'
import { boxAt } from './boxes.ts'

/** How a track of MP4 is coded. */
export type Coding = {
  readonly sampleRateHz: number
  readonly channels: number
  readonly bits?: number
  /** Of every packet, whatever its duration says. */
  readonly packetSamples?: number
  /** Decoders give whole packets, even where the duration of the last says that it is shorter. */
  readonly isLossy?: true
  readonly isAac?: true
  /** Only a decoder tells rate and channels. */
  readonly isUnsure?: boolean
}

/** The boxes of a sample entry begin so far behind its head. */
export const ENTRY_BYTES = 28
const AAC_SAMPLES = 1024
export const AAC_RATES_HZ = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350,
]
const AAC_LC = 2
/** AAC object types whose frames are 1024 samples: Main, LC, SSR, LTP, and LC under SBR or PS. */
const AAC_OBJECTS = new Set([1, AAC_LC, 3, 4, 5, 29])
const OPUS_RATE_HZ = 48_000

/** The coding of the first sample entry of `stsd`; undefined where packets cannot be counted. */
export function codingOf(stsd: Uint8Array): Coding | undefined {
  const entry = stsd.subarray(8)
  if (entry.length < 8 + ENTRY_BYTES) return undefined
  const v = view(entry)
  const isPlain = v.getUint16(16) === 0 // QuickTime's longer entries place their boxes elsewhere
  const sampleRateHz = v.getUint32(32) >>> 16
  const channels = v.getUint16(24)
  const boxes = entry.subarray(8 + ENTRY_BYTES)
  if (!isPlain) return undefined
  const name = ascii(entry, 4, 4)
  if (name === 'mp4a') return mpegCoding(boxAt(boxes, 'esds'), sampleRateHz)
  if (name === 'alac') return alacCoding(boxAt(boxes, 'alac'))
  if (name === 'fLaC') return flacCoding(boxAt(boxes, 'dfLa'))
  if (name === 'Opus')
    return { sampleRateHz: OPUS_RATE_HZ, channels: boxAt(boxes, 'dOps')?.[1] ?? channels, isLossy: true }
  return sampleRateHz > 0 && channels > 0 && /^(sowt|twos)$/.test(name) ? { sampleRateHz, channels } : undefined
}

function alacCoding(cookie: Uint8Array | undefined): Coding | undefined {
  if (!cookie || cookie.length < 28) return undefined
  return { sampleRateHz: view(cookie).getUint32(24), channels: cookie[13] ?? 2, bits: cookie[9] ?? 16 }
}

function flacCoding(dfLa: Uint8Array | undefined): Coding | undefined {
  if (!dfLa || dfLa.length < 26) return undefined
  const packed = view(dfLa).getBigUint64(4 + 4 + 10)
  const channels = Number((packed >> 41n) & 7n) + 1
  return { sampleRateHz: Number(packed >> 44n), channels, bits: Number((packed >> 36n) & 31n) + 1 }
}

/** Bodies of the descriptors of MPEG-4, one in the other: 3 (stream), 4 (decoder), 5 (what the decoder wants to know). */
function descriptor(bytes: Uint8Array, tag: number): Uint8Array | undefined {
  for (let at = 0; at + 2 <= bytes.length; ) {
    const found = bytes[at]
    let length = 0
    let next = at + 1
    for (let i = 0; i < 4; i++) {
      const byte = bytes[next++] ?? 0
      length = length * 128 + (byte & 0x7f)
      if (byte < 0x80) break
    }
    if (found === tag) return bytes.subarray(next, next + length)
    at = next + length
  }
  return undefined
}

const MPEG4_AUDIO = 0x40
/** MPEG audio of both generations (layer 1 to 3). */
const MPEG_AUDIO = new Set([0x69, 0x6b])

function mpegCoding(esds: Uint8Array | undefined, sampleRateHz: number): Coding | undefined {
  const stream = esds && descriptor(esds.subarray(4), 3)
  const decoder = stream && descriptor(stream.subarray(3), 4)
  if (!decoder) return undefined
  if (MPEG_AUDIO.has(decoder[0] ?? 0)) return { sampleRateHz, channels: 2, isLossy: true, isUnsure: true }
  return decoder[0] === MPEG4_AUDIO ? aacCoding(descriptor(decoder.subarray(13), 5)) : undefined
}

/** AudioSpecificConfig of a sample entry `mp4a`. */
export function aacConfigOf(entryBoxes: Uint8Array): Uint8Array | undefined {
  const esds = boxAt(entryBoxes, 'esds')
  const stream = esds && descriptor(esds.subarray(4), 3)
  const decoder = stream && descriptor(stream.subarray(3), 4)
  return decoder && descriptor(decoder.subarray(13), 5)
}

function aacCoding(config: Uint8Array | undefined): Coding | undefined {
  if (!config || config.length < 2) return undefined
  const bits = ((config[0] ?? 0) << 8) | (config[1] ?? 0)
  const sampleRateHz = AAC_RATES_HZ[(bits >> 7) & 15]
  const hasShortFrames = ((bits >> 2) & 1) === 1
  if (!AAC_OBJECTS.has(bits >> 11) || !sampleRateHz || hasShortFrames) return undefined
  const isUnsure = mayBeCore(sampleRateHz)
  return { sampleRateHz, channels: (bits >> 3) & 15 || 2, packetSamples: AAC_SAMPLES, isAac: true, isUnsure }
}
