import { view } from '#kernel/media/region/reader.ts'
import type { PacketTable } from '#kernel/media/types.ts'

export const STREAMINFO_BYTES = 34
const PACKED_AT = 10
const MD5_AT = 18
const SAMPLES_BITS = 36n
const SAMPLES_MASK = (1n << SAMPLES_BITS) - 1n

export type FlacShape = Pick<PacketTable, 'sampleRateHz' | 'channels' | 'packetSamples' | 'samples' | 'config'>

/**
 * What the first block of FLAC says; undefined where its blocks are not all of one size. `counted` are the samples that
 * the container tells of, where it does.
 */
export function flacShape(streamInfo: Uint8Array, counted?: number): FlacShape | undefined {
  if (streamInfo.length < STREAMINFO_BYTES) return undefined
  const sizes = view(streamInfo)
  if (sizes.getUint16(0) !== sizes.getUint16(2)) return undefined
  const config = streamInfo.slice(0, STREAMINFO_BYTES)
  const packed = view(config).getBigUint64(PACKED_AT)
  const told = Number(packed & SAMPLES_MASK)
  const samples = counted ?? told
  if (samples !== told) {
    view(config).setBigUint64(PACKED_AT, (packed & ~SAMPLES_MASK) | BigInt(samples))
    // It is that of other music.
    config.fill(0, MD5_AT)
  }
  const channels = Number((packed >> 41n) & 7n) + 1
  return { sampleRateHz: Number(packed >> 44n), channels, packetSamples: view(config).getUint16(2), samples, config }
}

/** Whether a frame says that it is the first of its stream; sync and codes are four bytes, then its number. */
export const isFirstFrame = (frame: Uint8Array): boolean =>
  frame[0] === 0xff && ((frame[1] ?? 0) & 0xfe) === 0xf8 && frame[4] === 0
