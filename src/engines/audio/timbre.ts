/**
 * What of the timbre has to be followed all the time, at a fixed hop whatever the length: onset strength, and the MFCC
 * that sections are found by. Both of `power_to_db(melspectrogram(n_mels=128), amin=1e-4, top_db=None)` in librosa's
 * words: a floor about 80 dB below loud music, so that what a codec leaves between the notes is no change.
 */
import { dctBank, MEL_BANDS, melBankOf } from './cepstrum.ts'
import type { Kernels } from './kernels.ts'

/** Coefficients that sections are found by. */
export const TIMBRE_MFCC = 13
const FLOOR_POWER = 1e-4

/** Mean and variance over the track, dB. */
export type OnsetStrength = { mean: number; variance: number }

export type TimbreMeter = {
  /** A power spectrum in the memory of the kernels. */
  push(power: Float32Array): void
  /** `TIMBRE_MFCC` values of the last frame, overwritten by the next one. */
  readonly mfcc: Float32Array
  finish(): OnsetStrength
}

/** Mean rise of the bands; `before` becomes `now`. */
const rise = (now: Float32Array, before: Float32Array) => {
  let sum = 0
  for (let b = 0; b < now.length; b++) {
    const up = now[b]! - before[b]!
    if (up > 0) sum += up
  }
  before.set(now)
  return sum / now.length
}

/**
 * Onset strength is librosa's `onset_strength(S=…, lag=1, max_size=1, detrend=False, center=True)`: its first values
 * are 0, and it is moved by half a window, so that the rise into the last frame falls out.
 */
export const timbreMeter = (kernels: Kernels, sampleRate: number, fftSize: number): TimbreMeter => {
  const applyBank = kernels.bank(melBankOf(sampleRate, fftSize))
  const cepstrum = kernels.bank(dctBank(TIMBRE_MFCC))
  const mel = kernels.floats(MEL_BANDS)
  const before = new Float32Array(MEL_BANDS)
  const mfcc = kernels.floats(TIMBRE_MFCC)
  let frames = 0
  let last = 0
  let sum = 0
  let squares = 0
  const push = (power: Float32Array) => {
    applyBank(power, mel)
    kernels.decibels(mel, FLOOR_POWER)
    cepstrum(mel, mfcc)
    sum += last
    squares += last * last
    last = frames++ === 0 ? 0 : rise(mel, before)
    if (frames === 1) before.set(mel)
  }
  const finish = () => {
    const mean = frames > 0 ? sum / frames : 0
    return { mean, variance: frames > 0 ? Math.max(0, squares / frames - mean * mean) : 0 }
  }
  return { push, mfcc, finish }
}
