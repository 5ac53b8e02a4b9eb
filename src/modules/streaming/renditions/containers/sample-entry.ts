import type { Layout } from '../layout.ts'
import { box, fullBox, u8, u16, u32, zeros } from './box.ts'

const RATE_FIELD_MAX = 65_535
const AAC_LC = 2
const INDEX_OF_48_KHZ = 3

/** How the packets are to be decoded: the only entry of `stsd`. */
export function sampleEntry(layout: Layout): Buffer {
  const { codec } = layout.profile
  if (codec === 'aac') return entry('mp4a', layout, 16, esds(layout))
  if (codec === 'opus') return entry('Opus', layout, 16, opusSpecific(layout))
  if (codec === 'flac') return entry('fLaC', layout, layout.bits, flacSpecific(layout))
  throw new RangeError(`fragmented MP4 is not made of ${codec}`)
}

function entry(type: string, layout: Layout, bits: number, specific: Buffer): Buffer {
  const head = [zeros(6), u16(1), zeros(8), u16(layout.channels, bits), zeros(4)]
  return box(type, ...head, u16(rateField(layout.sampleRateHz), 0), specific)
}

/** Rates that the field cannot hold are halved until they fit, as FLAC's mapping says; the codec's own box is exact. */
function rateField(rateHz: number): number {
  let rate = rateHz
  while (rate > RATE_FIELD_MAX && rate % 2 === 0) rate /= 2
  return Math.min(rate, RATE_FIELD_MAX)
}

/** A descriptor of MPEG-4 systems: tag, length, payload. */
const descriptor = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const payload = Buffer.concat(parts)
  return Buffer.concat([u8(tag, payload.length), payload])
}

function esds(layout: Layout): Buffer {
  const { copy } = layout
  const bitsPerSec = copy?.bitsPerSec ?? (layout.profile.kbps as number) * 1000
  const made = u16((AAC_LC << 11) | (INDEX_OF_48_KHZ << 7) | (layout.channels << 3))
  const audioSpecific = copy ? Buffer.from(copy.config, 'hex') : made
  const decoder = [u8(0x40, 0x15), zeros(3), u32(bitsPerSec, bitsPerSec), descriptor(0x05, audioSpecific)]
  return fullBox('esds', {}, descriptor(0x03, u16(0), u8(0), descriptor(0x04, ...decoder), descriptor(0x06, u8(2))))
}

function opusSpecific(layout: Layout): Buffer {
  return box('dOps', u8(0, layout.channels), u16(layout.delaySamples), u32(layout.sourceRateHz), u16(0), u8(0))
}

const LAST_METADATA_BLOCK = 0x80
const STREAMINFO_BYTES = 34

/** STREAMINFO without what only the finished whole tells: sizes of frames, and the checksum of the music. */
function flacSpecific(layout: Layout): Buffer {
  const block = u16(layout.packetSamples, layout.packetSamples)
  const highSamples = Math.floor(layout.samples / 2 ** 32)
  const rateAndShape =
    BigInt(layout.sampleRateHz) * 0x1000n +
    BigInt((layout.channels - 1) * 0x200 + (layout.bits - 1) * 0x10 + (highSamples & 0x0f))
  const shape = Buffer.alloc(4)
  shape.writeUInt32BE(Number(rateAndShape))
  const info = [block, zeros(6), shape, u32(layout.samples % 2 ** 32), zeros(16)]
  const head = u32(LAST_METADATA_BLOCK * 0x1000000 + STREAMINFO_BYTES)
  return fullBox('dfLa', {}, head, ...info)
}
