import { aiffRegion, wavRegion } from '#kernel/media/region/boxes.ts'
import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'
import type { Timeline } from '#kernel/media/types.ts'

/** Chunks looked at before the format chunk. */
const CHUNKS_MAX = 256
const FORMAT_CHUNK_BYTES = 40
/** Anything else in a WAV (ADPCM, MP3 …) has frames of its own. */
const PCM_TAGS = new Set([1, 3, 6, 7, 0xfffe])

/** The first chunk of this name; undefined without one. */
function chunkOf(file: ByteReader, name: string, isLittle: boolean): Uint8Array | undefined {
  for (let at = 12, count = 0; at + 8 <= file.sizeBytes && count < CHUNKS_MAX; count++) {
    const head = file.read(at, 8)
    if (ascii(head, 0, 4) === name) return file.read(at + 8, FORMAT_CHUNK_BYTES)
    const size = view(head).getUint32(4, isLittle)
    at += 8 + size + (size & 1)
  }
  return undefined
}

type Pcm = { sampleRateHz: number; channels: number; frameBytes: number; bits: number }

const timelineOf = (pcm: Pcm, bytes: number): Timeline | undefined => {
  const { sampleRateHz, channels, frameBytes, bits } = pcm
  const samples = frameBytes > 0 ? Math.floor(bytes / frameBytes) : 0
  return samples > 0 && sampleRateHz > 0 && channels > 0 ? { sampleRateHz, channels, bits, samples } : undefined
}

/** A WAV of plain samples; undefined for other codecs in it. */
export function wavTimeline(file: ByteReader): Timeline | undefined {
  const format = chunkOf(file, 'fmt ', true)
  if (!format || format.length < 16) return undefined
  const v = view(format)
  if (!PCM_TAGS.has(v.getUint16(0, true))) return undefined
  const region = wavRegion(file)
  const [channels, sampleRateHz, bits] = [v.getUint16(2, true), v.getUint32(4, true), v.getUint16(14, true)]
  // As FFmpeg counts: whatever the header says a frame takes, the samples lie side by side.
  const frameBytes = channels * Math.ceil(bits / 8)
  return timelineOf({ sampleRateHz, channels, frameBytes, bits }, region.end - region.start)
}

const AIFF_CODECS = new Set(['NONE', 'sowt', 'twos', 'fl32', 'FL32', 'fl64', 'FL64', 'in24', 'in32', 'raw '])

/** An 80-bit float, as AIFF writes its sample rate. */
function extended(v: DataView, at: number): number {
  const exponent = v.getUint16(at) & 0x7fff
  return v.getUint32(at + 2) * 2 ** (exponent - 16_383 - 31)
}

/** An AIFF or AIFF-C of plain samples. */
export function aiffTimeline(file: ByteReader): Timeline | undefined {
  const common = chunkOf(file, 'COMM', false)
  if (!common || common.length < 18) return undefined
  const isCompressed = ascii(file.read(8, 4), 0, 4) === 'AIFC'
  if (isCompressed && !AIFF_CODECS.has(ascii(common, 18, 4))) return undefined
  const v = view(common)
  const [channels, bits] = [v.getUint16(0), v.getUint16(6)]
  const region = aiffRegion(file)
  const pcm = { sampleRateHz: Math.round(extended(v, 8)), channels, frameBytes: channels * Math.ceil(bits / 8), bits }
  return timelineOf(pcm, region.end - region.start)
}
