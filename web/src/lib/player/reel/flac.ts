import { textAt, viewOf } from './boxes.ts'
import { crc8 } from './crc.ts'
import { flacEntry } from './entries.ts'
import { findPlace, framedCursor, type Place, type Splitter } from './framed.ts'
import { id3Bytes } from './mp3.ts'
import { type Bytes, type ByteSource, fragmentsOf, type Packet, type Tune, unfit } from './types.ts'

const HEADER_BYTES_MAX = 16
/** The smallest frame: header, one constant subframe, CRC. */
const FRAME_BYTES_MIN = 9
const META_BLOCKS_MAX = 200

export type FlacHeader = { samples: number; number: number; isVariable: boolean; bytes: number }

/** A number as UTF-8 would write it, up to 36 bits. */
function codedNumber(b: Uint8Array, at: number): { value: number; bytes: number } | null {
  const first = b[at] ?? 0xff
  if (first < 0x80) return { value: first, bytes: 1 }
  const bytes = Math.clz32(~(first << 24))
  if (bytes < 2 || bytes > 7) return null
  let value = first & (2 ** (7 - bytes) - 1)
  for (let i = 1; i < bytes; i++) {
    const next = b[at + i] ?? 0
    if ((next & 0xc0) !== 0x80) return null
    value = value * 64 + (next & 0x3f)
  }
  return { value, bytes }
}

function blockSize(code: number, b: Uint8Array, at: number): number | null {
  if (code === 1) return 192
  if (code >= 2 && code <= 5) return 576 << (code - 2)
  if (code === 6) return (b[at] ?? 0) + 1
  if (code === 7) return ((b[at] ?? 0) << 8) + (b[at + 1] ?? 0) + 1
  return code >= 8 ? 256 << (code - 8) : null
}

/** The frame header that begins at `at`, confirmed by its CRC; null when none does. */
export function flacHeaderAt(b: Uint8Array, at: number): FlacHeader | null {
  const [, second = 0, third = 0, fourth = 0] = b.subarray(at, at + 4)
  if (b[at] !== 0xff || (second & 0xfe) !== 0xf8 || fourth & 1 || (third & 15) === 15) return null
  const coded = codedNumber(b, at + 4)
  if (!coded) return null
  const sizeAt = at + 4 + coded.bytes
  const sizeCode = third >> 4
  const samples = blockSize(sizeCode, b, sizeAt)
  if (samples === null) return null
  const rateCode = third & 15
  const crcAt = sizeAt + (sizeCode === 6 ? 1 : sizeCode === 7 ? 2 : 0) + (rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0)
  if (crcAt >= b.length || crc8(b, at, crcAt) !== b[crcAt]) return null
  return { samples, number: coded.value, isVariable: (second & 1) === 1, bytes: crcAt + 1 - at }
}

function nextHeader(b: Uint8Array, from: number): { at: number; header: FlacHeader } | null {
  for (let at = b.indexOf(0xff, from); at >= 0 && at + 6 <= b.length; at = b.indexOf(0xff, at + 1)) {
    const header = flacHeaderAt(b, at)
    if (header) return { at, header }
  }
  return null
}

const firstOf = (h: FlacHeader, blockSamples: number): number => (h.isVariable ? h.number : h.number * blockSamples)

/** Splits frames; `blockSamples` is that of a file whose blocks are all the same. */
export const flacSplitter =
  (blockSamples: number): Splitter =>
  (b, isEnd) => {
    const packets: Packet[] = []
    let here = nextHeader(b, 0)
    const firstSample = here ? firstOf(here.header, blockSamples) : 0
    while (here) {
      const { at, header } = here
      const wanted = firstOf(header, blockSamples) + header.samples
      let next = nextHeader(b, at + FRAME_BYTES_MIN)
      // Bytes of sound may look like a header: the real one goes on counting.
      while (next && firstOf(next.header, blockSamples) !== wanted) next = nextHeader(b, next.at + 1)
      if (!next && !isEnd) return { packets, usedBytes: at, firstSample }
      packets.push({ data: b.slice(at, next ? next.at : b.length), samples: header.samples })
      here = next
    }
    return { packets, usedBytes: isEnd ? b.length : Math.max(0, b.length - HEADER_BYTES_MAX), firstSample }
  }

export type StreamInfo = {
  block: Bytes
  rateHz: number
  channels: number
  bits: number
  samples: number
  blockSamples: number
}
export function readStreamInfo(block: Bytes): StreamInfo {
  const v = viewOf(block)
  const packed = v.getUint32(10)
  return {
    block,
    blockSamples: v.getUint16(0),
    rateHz: packed >>> 12,
    channels: ((packed >>> 9) & 7) + 1,
    bits: ((packed >>> 4) & 31) + 1,
    samples: (packed & 15) * 2 ** 32 + v.getUint32(14),
  }
}

async function readHead(
  source: ByteSource,
  head: Bytes,
  signal: AbortSignal,
): Promise<{ info: StreamInfo; first: number }> {
  let at = id3Bytes(head)
  const read = (from: number, length: number) =>
    from + length <= head.length ? head.slice(from, from + length) : source.read(from, from + length, signal)
  const start = await read(at, 42)
  if (textAt(start, 0, 4) !== 'fLaC' || ((start[4] ?? 0) & 0x7f) !== 0) throw unfit('no FLAC stream')
  const info = readStreamInfo(start.slice(8, 42))
  at += 4
  for (let i = 0; i < META_BLOCKS_MAX; i++) {
    const block = viewOf(await read(at, 4)).getUint32(0)
    at += 4 + (block & 0xffffff)
    if (block >>> 31) return { info, first: at }
  }
  throw unfit('too many blocks before the sound')
}

/** Understands native FLAC. Every frame says where it lies, so that any place is found exactly. */
export async function openFlac(source: ByteSource, head: Bytes, signal: AbortSignal): Promise<Tune> {
  const { info, first } = await readHead(source, head, signal)
  if (info.rateHz === 0 || info.samples === 0) throw unfit('FLAC without a length')
  const split = flacSplitter(info.blockSamples)
  const placeIn = (bytes: Bytes): Place | null => {
    const found = nextHeader(bytes, 0)
    const { packets, firstSample } = split(bytes, false)
    // Two frames in a row: one alone may be chance.
    return found && packets.length > 0 ? { byte: found.at, sample: firstSample ?? 0 } : null
  }
  const { rateHz, samples } = info
  return {
    type: fragmentsOf('flac'),
    entry: flacEntry(info, info.block),
    rateHz,
    bits: info.bits,
    delay: 0,
    samples,
    bytesPerSec: ((source.sizeBytes - first) * rateHz) / samples,
    async open(from, stop) {
      const end = { byte: source.sizeBytes, sample: samples }
      const o = { sample: Math.max(0, from), rateHz, first: { byte: first, sample: 0 }, end, signal: stop, placeIn }
      const start = await findPlace(source, o)
      return framedCursor(source, start, { endByte: source.sizeBytes, endTrim: 0, split })
    },
  }
}
