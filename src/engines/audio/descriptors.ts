/**
 * The low-level descriptors of a track, by librosa 0.11's definitions at 44.1 kHz mono with `n_fft=2048`,
 * `hop_length=882 · 2^k` (the least k that makes at most `KEPT_FRAMES_MAX` frames: 0 up to 41 s), `center=True`,
 * `pad_mode="constant"`, periodic Hann. What each function takes besides: `shape.ts`, `cepstrum.ts`, `chromagram.ts`.
 */
import { dctBank, MEL_BANDS, melBankOf, MFCC_COUNT } from './cepstrum.ts'
import { CHROMA, chromaBank, estimateTuning, toLargestOne } from './chromagram.ts'
import type { FilterBank } from './filterbank.ts'
import type { KeptFrames } from './kept.ts'
import { type Kernels, plainKernels } from './kernels.ts'
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

/** Rows of `from`, `width` values each, through filters: rows of as many values as there are filters. */
const throughBank = (kernels: Kernels, filters: FilterBank, from: Float32Array, width: number) => {
  const apply = kernels.bank(filters)
  const [row, found] = [kernels.floats(width), kernels.floats(filters.bands)]
  const out = new Float32Array((from.length / width) * filters.bands)
  for (let at = 0, to = 0; at < from.length; at += width, to += filters.bands) {
    row.set(from.subarray(at, at + width))
    apply(row, found)
    out.set(found, to)
  }
  return out
}

const chromaOf = (kernels: Kernels, { power, bins }: KeptFrames, filters: FilterBank) => {
  const chroma = throughBank(kernels, filters, power, bins)
  for (let at = 0; at < chroma.length; at += CHROMA) toLargestOne(chroma.subarray(at, at + CHROMA))
  return chroma
}

const mfccOf = (kernels: Kernels, { power, bins }: KeptFrames, filters: FilterBank) => {
  const mel = toDecibels(throughBank(kernels, filters, power, bins))
  return throughBank(kernels, dctBank(MFCC_COUNT), mel, MEL_BANDS)
}

/** What is measured of the magnitudes: shape and contrast. */
const shapesOf = ({ count, bins, power }: KeptFrames, binHz: number) => {
  const contrast = contrastMeter(bins, binHz)
  const [centroidHz, rolloffHz, bandwidthHz, flatness, peaks, valleys] = [
    1,
    1,
    1,
    1,
    CONTRAST_BANDS,
    CONTRAST_BANDS,
  ].map((width) => new Float32Array(count * width)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
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
  }
  return { centroidHz, rolloffHz, bandwidthHz, flatness, contrastDb: contrastOf(peaks, valleys) }
}

/** All descriptors of all kept frames. */
export const describeFrames = (kept: KeptFrames, sampleRate: number, kernels = plainKernels()): Descriptors => {
  const { count, bins, power, rms, zeroCrossingRate } = kept
  const fftSize = 2 * (bins - 1)
  const binHz = sampleRate / fftSize
  const chromaTuning = estimateTuning(power, bins, binHz)
  return {
    count,
    rms,
    zeroCrossingRate,
    chromaTuning,
    ...shapesOf(kept, binHz),
    mfcc: mfccOf(kernels, kept, melBankOf(sampleRate, fftSize)),
    chroma: chromaOf(kernels, kept, chromaBank(sampleRate, fftSize, chromaTuning)),
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
