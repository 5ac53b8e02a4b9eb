/** What mood and similarity are judged by: what the analysis has measured anyway. They see no sample themselves. */
import type { Descriptors } from '#engines/audio/descriptors.ts'

export type Heard = {
  durationSec: number
  /** Six regions each 1/100 s: `flux.ts`. */
  flux: Float32Array
  /** Twelve values each 1/25 s, the largest 1: `chroma.ts`. */
  chroma: Float32Array
  /** At most `KEPT_FRAMES_MAX` moments of the track. */
  frames: Omit<Descriptors, 'chroma' | 'chromaTuning'>
  /** (min, max) pairs ×127 each 1/100 s: `levels.ts`. */
  waveform: Int8Array
  /** 0..1: how much the pitches agree on one tuning. */
  tuningConfidence: number
  loudness: { integratedLufs: number; rangeLu: number }
  tempo: { bpm: number; confidence: number }
  /** Seconds. */
  beats: ArrayLike<number>
  onsetCount: number
  /** −1 surely minor, 1 surely major. */
  mode: number
  /** Share of the power in six regions. */
  bands: readonly number[]
}

/** Indices of the frames that are heard: within 40 dB of the loud ones, and not silent. */
export const audibleFrames = ({ count, rms }: Heard['frames']): Uint32Array => {
  const sorted = Float32Array.from(rms.subarray(0, count)).sort()
  const least = Math.max(LEAST_RMS, 0.01 * (sorted[Math.floor(0.9 * count)] ?? 0))
  let kept = 0
  const out = new Uint32Array(count)
  for (let i = 0; i < count; i++) if (rms[i]! >= least) out[kept++] = i
  return out.subarray(0, kept)
}

/** −70 dBFS. */
const LEAST_RMS = 3e-4

export type Spread = { mean: number; deviation: number }

/** Mean and standard deviation of a function of the chosen rows; 0 of none. */
export const spreadOf = (chosen: Uint32Array, valueAt: (row: number) => number): Spread => {
  if (chosen.length === 0) return { mean: 0, deviation: 0 }
  let sum = 0
  let squares = 0
  for (const row of chosen) {
    const value = valueAt(row)
    sum += value
    squares += value * value
  }
  const mean = sum / chosen.length
  return { mean, deviation: Math.sqrt(Math.max(0, squares / chosen.length - mean * mean)) }
}
