import { ascii, type ByteReader } from './reader.ts'
import { skipLeadingTags, skipTrailingTags } from './tags-around.ts'
import type { AudioRegion } from './types.ts'

const BLOCKS_MAX = 256
const STREAMINFO = 0
/** Longest FLAC frame header (RFC 9639, section 9.1). */
const FRAME_HEADER_MAX_BYTES = 16
const TAIL_BYTES = 256 * 1024

function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let at = from; at < to; at++) {
    crc ^= bytes[at] ?? 0
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff
  }
  return crc
}

/** The "UTF-8" coded number of a frame header: value and length; undefined when malformed. */
function codedNumber(bytes: Uint8Array, at: number): { value: number; length: number } | undefined {
  const first = bytes[at] ?? 0xff
  if (first < 0x80) return { value: first, length: 1 }
  const length = Math.clz32(~(first << 24))
  if (length < 2 || length > 7) return undefined
  let value = length === 7 ? 0 : first & (0x7f >> length)
  for (let i = 1; i < length; i++) value = value * 64 + ((bytes[at + i] ?? 0) & 0x3f)
  return { value, length }
}

const BLOCK_SIZES = [0, 192, 576, 1152, 2304, 4608, 0, 0, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768]

/** Number of the sample after the frame at `at`; undefined when no valid frame header is there. */
function frameEndSample(bytes: Uint8Array, at: number, fixedBlock: number): number | undefined {
  const second = bytes[at + 1] ?? 0
  if (bytes[at] !== 0xff || (second & 0xfe) !== 0xf8) return undefined
  const number = codedNumber(bytes, at + 4)
  if (!number) return undefined
  const sizeCode = (bytes[at + 2] ?? 0) >> 4
  const rateCode = (bytes[at + 2] ?? 0) & 15
  let cursor = at + 4 + number.length
  let block = BLOCK_SIZES[sizeCode] ?? 0
  if (sizeCode === 6) block = (bytes[cursor++] ?? 0) + 1
  if (sizeCode === 7) block = (((bytes[cursor++] ?? 0) << 8) | (bytes[cursor++] ?? 0)) + 1
  cursor += rateCode === 12 ? 1 : rateCode === 13 || rateCode === 14 ? 2 : 0
  if (cursor >= bytes.length || crc8(bytes, at, cursor) !== bytes[cursor]) return undefined
  return (second & 1 ? number.value : number.value * fixedBlock) + block
}

/** Last sample that is present, from the last frame header near the end; undefined when none is found. */
function lastSample(file: ByteReader, start: number, end: number, fixedBlock: number): number | undefined {
  const from = Math.max(start, end - TAIL_BYTES)
  const tail = file.read(from, end - from)
  for (let at = tail.length - FRAME_HEADER_MAX_BYTES; at >= 0; at--) {
    const sample = tail[at] === 0xff ? frameEndSample(tail, at, fixedBlock) : undefined
    if (sample !== undefined) return sample
  }
  return undefined
}

/** The frames after the metadata blocks. Cut when the last frame is not the last one that STREAMINFO promises. */
export function flacRegion(file: ByteReader): AudioRegion {
  let at = skipLeadingTags(file) + 4
  let totalSamples = 0
  let fixedBlock = 4096
  for (let count = 0; count < BLOCKS_MAX; count++) {
    const head = file.read(at, 4)
    if (head.length < 4) return { container: 'flac', start: file.sizeBytes, end: file.sizeBytes, isCut: true }
    const [kind = 0, b = 0, c = 0, d = 0] = head
    if ((kind & 0x7f) === STREAMINFO) {
      const info = file.read(at + 4, 34)
      fixedBlock = ((info[2] ?? 0) << 8) | (info[3] ?? 0)
      totalSamples =
        ((info[13] ?? 0) & 15) * 2 ** 32 + Number(`0x${Buffer.from(info.subarray(14, 18)).toString('hex') || 0}`)
    }
    at += 4 + b * 65_536 + c * 256 + d
    if (kind & 0x80) break
  }
  const start = Math.min(at, file.sizeBytes)
  const end = skipTrailingTags(file, start)
  const reached = lastSample(file, start, end, fixedBlock)
  const isCut = end === start || (totalSamples > 0 && reached !== undefined && reached < totalSamples)
  return {
    container: 'flac',
    start,
    end,
    isCut,
    ...(totalSamples > 0 ? { lengthSamples: totalSamples } : {}),
    ...(reached === undefined ? {} : { reachedSamples: reached }),
  }
}

export const isFlac = (file: ByteReader): boolean => ascii(file.read(skipLeadingTags(file), 4), 0, 4) === 'fLaC'
