import { resampleWaveform } from '#engines/audio/index.ts'

export type Peaks = { readonly points: number; readonly min: number[]; readonly max: number[] }

/** ±127 becomes ±1, to two decimals: that is all eight bits know. */
const toUnit = (value: number): number => Math.round((value / 127) * 100) / 100

/** Min and max of as many stretches as asked, ±1 full scale. */
export function peaksOf(bytes: Uint8Array | Int8Array, points: number): Peaks {
  const pairs = resampleWaveform(new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength), points)
  const min: number[] = []
  const max: number[] = []
  for (let i = 0; i + 1 < pairs.length; i += 2) {
    min.push(Math.min(0, toUnit(pairs[i] as number)))
    max.push(Math.max(0, toUnit(pairs[i + 1] as number)))
  }
  return { points: min.length, min, max }
}
