/**
 * Track-level spectral descriptors by librosa's definitions (`n_fft=2048, hop_length=882, center=True,
 * pad_mode='constant'`, periodic Hann, at 44.1 kHz): centroid and rolloff (85 %) of the magnitude, flatness of the
 * power, 13 MFCC of 128 Slaney mel bands (`power_to_db(top_db=None)`, orthonormal DCT-II). Means over all frames.
 */
import { applyBank, melBank } from './filterbank.ts'

export type Timbre = { centroidHz: number; rolloffHz: number; flatness: number; mfcc: Float32Array }

export type TimbreMeter = {
  push(power: Float32Array, magnitude: Float32Array): void
  /** The MFCC of the last frame (13 values), overwritten by the next one. */
  readonly mfcc: Float32Array
  finish(): Timbre
}

const MEL_BANDS = 128
export const MFCC_COUNT = 13
const ROLLOFF_SHARE = 0.85
/** librosa's `amin`: −100 dB. */
const POWER_FLOOR = 1e-10

const dctTable = () =>
  Float32Array.from({ length: MFCC_COUNT * MEL_BANDS }, (_, i) => {
    const k = Math.floor(i / MEL_BANDS)
    const scale = Math.sqrt((k === 0 ? 1 : 2) / MEL_BANDS)
    return scale * Math.cos((Math.PI * k * ((i % MEL_BANDS) + 0.5)) / MEL_BANDS)
  })

/** Centroid, rolloff and flatness of one frame, in bins; a silent frame has centroid and rolloff 0, flatness 1. */
const shape = (power: Float32Array, magnitude: Float32Array, out: Float64Array) => {
  let sum = 0
  let weighted = 0
  let logs = 0
  let product = 1
  let total = 0
  for (let k = 0; k < power.length; k++) {
    const value = magnitude[k]!
    sum += value
    weighted += k * value
    const floored = Math.max(power[k]!, POWER_FLOOR)
    total += floored
    product *= floored
    // One logarithm for several bins: the product stays within double range for 8 of them.
    if ((k & 7) === 7) {
      logs += Math.log(product)
      product = 1
    }
  }
  logs += Math.log(product)
  let bin = 0
  for (let reached = magnitude[0]!; reached < ROLLOFF_SHARE * sum && bin < magnitude.length - 1; )
    reached += magnitude[++bin]!
  out[0] = sum > 0 ? weighted / sum : 0
  out[1] = bin
  out[2] = Math.exp(logs / power.length) / (total / power.length)
}

export const timbreMeter = (sampleRate: number, fftSize: number): TimbreMeter => {
  const bank = melBank(sampleRate, fftSize, MEL_BANDS)
  const dct = dctTable()
  const mel = new Float32Array(MEL_BANDS)
  const mfcc = new Float32Array(MFCC_COUNT)
  const now = new Float64Array(3)
  const sums = new Float64Array(3 + MFCC_COUNT)
  let frames = 0
  const push = (power: Float32Array, magnitude: Float32Array) => {
    shape(power, magnitude, now)
    for (let i = 0; i < 3; i++) sums[i]! += now[i]!
    applyBank(bank, power, mel)
    for (let b = 0; b < MEL_BANDS; b++) mel[b] = 10 * Math.log10(Math.max(POWER_FLOOR, mel[b]!))
    for (let c = 0, at = 0; c < MFCC_COUNT; c++, at += MEL_BANDS) {
      let sum = 0
      for (let b = 0; b < MEL_BANDS; b++) sum += mel[b]! * dct[at + b]!
      mfcc[c] = sum
      sums[3 + c]! += sum
    }
    frames++
  }
  const finish = (): Timbre => {
    const mean = sums.map((sum) => (frames > 0 ? sum / frames : 0))
    const binHz = sampleRate / fftSize
    return {
      centroidHz: mean[0]! * binHz,
      rolloffHz: mean[1]! * binHz,
      flatness: mean[2]!,
      mfcc: Float32Array.from(mean.subarray(3)),
    }
  }
  return { push, mfcc, finish }
}
