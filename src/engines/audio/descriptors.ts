/**
 * The low-level descriptors of a track, by librosa 0.11's definitions at 44.1 kHz mono with `n_fft=2048`,
 * `hop_length=882 · 2^k` (the least k that makes at most `KEPT_FRAMES_MAX` frames: 0 up to 41 s), `center=True`,
 * `pad_mode="constant"`, periodic Hann. What each function takes besides: `shape.ts`, `cepstrum.ts`, `chromagram.ts`.
 */
import { cepstrum, dctRows, MEL_BANDS, melBankOf, MFCC_COUNT } from './cepstrum.ts'
import { CHROMA, chromaBank, chromaOf, estimateTuning } from './chromagram.ts'
import { applyBank } from './filterbank.ts'
import type { KeptFrames } from './kept.ts'
import { CONTRAST_BANDS, contrastMeter, type Shape, shapeOf, toDecibels } from './shape.ts'

/** One value (or row of values) a frame. */
export type Descriptors = {
  count: number
  centroidHz: Float32Array
  rolloffHz: Float32Array
  bandwidthHz: Float32Array
  flatness: Float32Array
  rms: Float32Array
  zeroCrossingRate: Float32Array
  /** `CONTRAST_BANDS` values a frame. */
  contrastDb: Float32Array
  /** `MFCC_COUNT` values a frame. */
  mfcc: Float32Array
  /** `CHROMA` values a frame. */
  chroma: Float32Array
  chromaTuning: number
}

const contrastOf = (peaks: Float32Array, valleys: Float32Array) => {
  toDecibels(valleys)
  return toDecibels(peaks).map((peak, i) => peak - valleys[i]!)
}

const mfccOf = (melPower: Float32Array, count: number) => {
  const mel = toDecibels(melPower)
  const dct = dctRows(MFCC_COUNT)
  const out = new Float32Array(count * MFCC_COUNT)
  for (let f = 0; f < count; f++) cepstrum(dct, mel, f * MEL_BANDS, out, f * MFCC_COUNT)
  return out
}

/** All descriptors of all kept frames. */
export const describeFrames = (kept: KeptFrames, sampleRate: number): Descriptors => {
  const { count, bins, power, rms, zeroCrossingRate } = kept
  const fftSize = 2 * (bins - 1)
  const binHz = sampleRate / fftSize
  const chromaTuning = estimateTuning(power, bins, binHz)
  const melFilters = melBankOf(sampleRate, fftSize)
  const chromaFilters = chromaBank(sampleRate, fftSize, chromaTuning)
  const contrast = contrastMeter(bins, binHz)
  const of = (width: number) => new Float32Array(count * width)
  const [centroidHz, rolloffHz, bandwidthHz, flatness] = [of(1), of(1), of(1), of(1)]
  const [mel, chroma, peaks, valleys] = [of(MEL_BANDS), of(CHROMA), of(CONTRAST_BANDS), of(CONTRAST_BANDS)]
  const magnitude = new Float32Array(bins)
  const shape: Shape = { centroidHz: 0, rolloffHz: 0, bandwidthHz: 0, flatness: 0 }
  for (let f = 0; f < count; f++) {
    const spectrum = power.subarray(f * bins, (f + 1) * bins)
    for (let k = 0; k < bins; k++) magnitude[k] = Math.sqrt(spectrum[k]!)
    shapeOf(spectrum, magnitude, binHz, shape)
    centroidHz[f] = shape.centroidHz
    rolloffHz[f] = shape.rolloffHz
    bandwidthHz[f] = shape.bandwidthHz
    flatness[f] = shape.flatness
    contrast(magnitude, peaks, valleys, f * CONTRAST_BANDS)
    applyBank(melFilters, spectrum, mel.subarray(f * MEL_BANDS, (f + 1) * MEL_BANDS))
    chromaOf(chromaFilters, spectrum, chroma.subarray(f * CHROMA, (f + 1) * CHROMA))
  }
  const [contrastDb, mfcc] = [contrastOf(peaks, valleys), mfccOf(mel, count)]
  return {
    count,
    centroidHz,
    rolloffHz,
    bandwidthHz,
    flatness,
    rms,
    zeroCrossingRate,
    contrastDb,
    mfcc,
    chroma,
    chromaTuning,
  }
}

/** Mean and variance of every column; all 0 without rows. */
export type Moments = { mean: Float32Array; variance: Float32Array }

export const momentsOf = (rows: Float32Array, width: number): Moments => {
  const count = Math.max(1, rows.length / width)
  const mean = new Float64Array(width)
  for (let i = 0; i < rows.length; i++) mean[i % width]! += rows[i]! / count
  const variance = new Float64Array(width)
  for (let i = 0; i < rows.length; i++) variance[i % width]! += (rows[i]! - mean[i % width]!) ** 2 / count
  return { mean: Float32Array.from(mean), variance: Float32Array.from(variance) }
}
