import { join, textAt, u8, u16, u32, viewOf } from './boxes.ts'
import { crc8, crc16 } from './crc.ts'
import { flacEntry } from './entries.ts'
import { framedCursor, type Splitter } from './framed.ts'
import { type Bytes, type ByteSource, fragmentsOf, type Tune, unfit } from './types.ts'

/** Samples of a frame; its code in FLAC's headers is 12. */
const BLOCK_SAMPLES = 4096
const CHUNKS_MAX = 64
const PCM = 1
const FLOAT = 3
const EXTENSIBLE = 0xfffe

type Format = { isFloat: boolean; channels: number; rateHz: number; bits: number; frameBytes: number }
type Data = { format: Format; first: number; end: number }

function formatOf(chunk: Bytes): Format {
  const v = viewOf(chunk)
  const tag = v.getUint16(0, true)
  const kind = tag === EXTENSIBLE && chunk.length >= 26 ? v.getUint16(24, true) : tag
  const format = {
    isFloat: kind === FLOAT,
    channels: v.getUint16(2, true),
    rateHz: v.getUint32(4, true),
    bits: v.getUint16(14, true),
    frameBytes: v.getUint16(12, true),
  }
  const isKnown = (kind === PCM && [8, 16, 24, 32].includes(format.bits)) || (kind === FLOAT && format.bits === 32)
  if (!isKnown || format.channels < 1 || format.channels > 8) throw unfit('a kind of WAV that is not known')
  if (format.frameBytes !== (format.channels * format.bits) / 8) throw unfit('a WAV that contradicts itself')
  return format
}

async function dataOf(source: ByteSource, head: Bytes, signal: AbortSignal): Promise<Data> {
  if (textAt(head, 0, 4) !== 'RIFF' || textAt(head, 8, 4) !== 'WAVE') throw unfit('no WAV')
  let format: Format | undefined
  let at = 12
  for (let i = 0; i < CHUNKS_MAX && at + 8 <= source.sizeBytes; i++) {
    const b = at + 64 <= head.length ? head.slice(at, at + 64) : await source.read(at, at + 64, signal)
    const kind = textAt(b, 0, 4)
    const length = viewOf(b).getUint32(4, true)
    if (kind === 'fmt ') format = formatOf(b.slice(8, 8 + length))
    if (kind === 'data' && format) {
      const end = Math.min(source.sizeBytes, at + 8 + length)
      return { format, first: at + 8, end: end - ((end - at - 8) % format.frameBytes) }
    }
    at += 8 + length + (length % 2)
  }
  throw unfit('a WAV without sound')
}

/** What decoders take: whole bytes up to 24 bits. Float and 32 bits are brought to 24; 8 bits lie above zero in WAV. */
const bitsOut = ({ bits }: Format): 16 | 24 => (bits <= 16 ? 16 : 24)

/** One sample, signed, of `bitsOut` bits. */
function sampleReader(f: Format, v: DataView): (at: number) => number {
  if (f.isFloat) return (at) => Math.max(-8388608, Math.min(8388607, Math.round(v.getFloat32(at, true) * 8388608)))
  if (f.bits === 8) return (at) => (v.getUint8(at) - 128) * 256
  if (f.bits === 16) return (at) => v.getInt16(at, true)
  if (f.bits === 24) return (at) => (v.getInt8(at + 2) << 16) | v.getUint16(at, true)
  return (at) => v.getInt32(at, true) >> 8
}

/** The frame number as UTF-8 would write it. */
function codedNumber(value: number): number[] {
  if (value < 0x80) return [value]
  const rest: number[] = []
  let left = value
  let room = 6
  do {
    rest.unshift(0x80 | (left % 64))
    left = Math.floor(left / 64)
    room -= 1
  } while (left >= 2 ** room)
  const lead = (0xff << (room + 1)) & 0xff
  return [lead | left, ...rest]
}

/**
 * A FLAC frame that holds the samples as they are ("verbatim"): source buffers take no PCM, and this loses nothing.
 * `samples` ≤ BLOCK_SAMPLES.
 */
export function verbatimFrame(f: Format, pcm: Bytes, number: number): Bytes {
  const samples = pcm.length / f.frameBytes
  const isWhole = samples === BLOCK_SAMPLES
  const bits = bitsOut(f)
  const header = [0xff, 0xf8, (isWhole ? 12 : 7) << 4, ((f.channels - 1) << 4) | ((bits === 16 ? 4 : 6) << 1)]
  header.push(...codedNumber(number), ...(isWhole ? [] : [(samples - 1) >> 8, (samples - 1) & 255]))
  const width = bits / 8
  const out = new Uint8Array(header.length + 1 + f.channels * (1 + samples * width) + 2)
  out.set(header)
  out[header.length] = crc8(out, 0, header.length)
  const read = sampleReader(f, viewOf(pcm))
  const step = f.bits / 8
  let at = header.length + 1
  for (let channel = 0; channel < f.channels; channel++) {
    out[at++] = 0x02
    for (let i = 0, from = channel * step; i < samples; i++, from += f.frameBytes) {
      const value = read(from)
      if (width === 3) out[at++] = value >> 16
      out[at++] = value >> 8
      out[at++] = value
    }
  }
  const crc = crc16(out, 0, at)
  out[at] = crc >> 8
  out[at + 1] = crc
  return out
}

/** FLAC's first metadata block for what `verbatimFrame` makes. */
function streamInfo(f: Format, samples: number): Bytes {
  const packed = f.rateHz * 4096 + (f.channels - 1) * 512 + (bitsOut(f) - 1) * 16 + Math.floor(samples / 2 ** 32)
  return join([
    u16(BLOCK_SAMPLES, BLOCK_SAMPLES),
    u8(0, 0, 0, 0, 0, 0),
    u32(packed, samples % 2 ** 32),
    new Uint8Array(16),
  ])
}

function splitter(f: Format, firstNumber: number): Splitter {
  let number = firstNumber
  const block = BLOCK_SAMPLES * f.frameBytes
  return (b, isEnd) => {
    const packets = []
    let at = 0
    const leastBytes = isEnd ? f.frameBytes : block
    while (at + leastBytes <= b.length) {
      const pcm = b.slice(at, at + Math.min(block, b.length - at - ((b.length - at) % f.frameBytes)))
      packets.push({ data: verbatimFrame(f, pcm, number), samples: pcm.length / f.frameBytes })
      number += 1
      at += pcm.length
    }
    return { packets, usedBytes: at }
  }
}

/** Understands WAV: whole numbers of 8 to 32 bits and floats of 32. */
export async function openWav(source: ByteSource, head: Bytes, signal: AbortSignal): Promise<Tune> {
  const { format, first, end } = await dataOf(source, head, signal)
  const samples = (end - first) / format.frameBytes
  return {
    type: fragmentsOf('flac'),
    entry: flacEntry({ ...format, bits: bitsOut(format) }, streamInfo(format, samples)),
    rateHz: format.rateHz,
    bits: format.bits,
    delay: 0,
    samples,
    bytesPerSec: format.rateHz * format.frameBytes,
    open(from) {
      const number = Math.floor(Math.max(0, Math.min(from, samples - 1)) / BLOCK_SAMPLES)
      const sample = number * BLOCK_SAMPLES
      const split = splitter(format, number)
      const start = { byte: first + sample * format.frameBytes, sample }
      return Promise.resolve(framedCursor(source, start, { endByte: end, endTrim: 0, split }))
    },
  }
}
