import { box, fullBox, u8, u16, u32 } from './boxes.ts'
import type { Bytes } from './types.ts'

/** `bits` of a sample; decoders of lossy sound give 16. */
export type Sound = { readonly channels: number; readonly rateHz: number; readonly bits?: number }

const entryOf = (type: string, { channels, rateHz, bits = 16 }: Sound, config: Bytes): Bytes =>
  box(
    type,
    u8(0, 0, 0, 0, 0, 0),
    u16(1),
    u32(0, 0),
    u16(channels, bits),
    u32(0),
    // 16.16: a higher rate does not fit, and the codec's own header says it then.
    u32(rateHz < 65_536 ? rateHz * 65_536 : 0),
    config,
  )

const descriptor = (tag: number, ...parts: Bytes[]): Bytes[] => [
  u8(
    tag,
    parts.reduce((sum, p) => sum + p.length, 0),
  ),
  ...parts,
]
const sizeOf = (parts: readonly Bytes[]) => parts.reduce((sum, p) => sum + p.length, 0)

/** MPEG-4's description of AAC; `specific` is its AudioSpecificConfig. */
function esds(specific: Bytes): Bytes {
  const info = descriptor(5, specific)
  const config = [u8(4, 13 + sizeOf(info)), u8(0x40, 0x15, 0, 0, 0), u32(0, 0), ...info]
  const sync = descriptor(6, u8(2))
  return fullBox('esds', 0, 0, u8(3, 3 + sizeOf(config) + sizeOf(sync)), u16(1), u8(0), ...config, ...sync)
}

export const aacEntry = (sound: Sound, specific: Bytes): Bytes => entryOf('mp4a', sound, esds(specific))
/** `streamInfo`: the 34 bytes of FLAC's first metadata block. */
export const flacEntry = (sound: Sound, streamInfo: Bytes): Bytes =>
  entryOf('fLaC', sound, fullBox('dfLa', 0, 0, u8(0x80, 0, 0, 34), streamInfo))
/**
 * Without a pre-skip: what comes before the music is cut by time, as with every other codec. `gain` in 1/256 dB, as two
 * bytes.
 */
export const opusEntry = (sound: Sound, gain: number): Bytes =>
  entryOf('Opus', sound, box('dOps', u8(0, sound.channels), u16(0), u32(sound.rateHz), u16(gain), u8(0)))

/** Two bytes that say AAC-LC, rate and channels. */
export const aacConfig = (objectType: number, rateIndex: number, channels: number): Bytes =>
  u16(objectType * 2048 + rateIndex * 128 + channels * 8)
