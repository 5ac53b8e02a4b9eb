/**
 * Chroma and tuning by librosa 0.11: `chroma_stft(norm=inf, n_chroma=12, ctroct=5, octwidth=2, tuning=None)`, which
 * asks `estimate_tuning` for the tuning of the very spectra (`piptrack(fmin=150, fmax=4000, threshold=0.1)` of the
 * power, histogram of 0.01 semitones).
 */
import { type FilterBank, runsBank } from './filterbank.ts'
import { type GrowingF32, growingF32 } from './grow.ts'

export const CHROMA = 12
const A0_HZ = 27.5
/** The Gaussian over the octaves, centred on A 880 Hz. */
const OCTAVE_CENTRE = 5
const OCTAVE_WIDTH = 2
/** Bin 0 is given a place this far below bin 1. */
const DC_OCTAVES = 1.5
/** Row 0 of the filters is A; the answer begins with C. */
const C_ABOVE_A = 3

const wrapped = (semitones: number) => semitones - CHROMA * Math.floor((semitones + CHROMA / 2) / CHROMA)

/** `librosa.filters.chroma(sr, n_fft, tuning)`: twelve rows over all bins, C first. */
export const chromaBank = (sampleRate: number, fftSize: number, tuning: number): FilterBank => {
  const bins = fftSize / 2 + 1
  const a0 = A0_HZ * 2 ** (tuning / CHROMA)
  const pitchOf = (bin: number): number =>
    bin === 0 ? pitchOf(1) - DC_OCTAVES * CHROMA : CHROMA * Math.log2((bin * sampleRate) / fftSize / a0)
  const rows = Array.from({ length: CHROMA }, () => new Float32Array(bins))
  const bumps = new Float64Array(CHROMA)
  for (let k = 0; k < bins; k++) {
    const pitch = pitchOf(k)
    const width = Math.max(1, pitchOf(k + 1) - pitch)
    let squares = 0
    for (let c = 0; c < CHROMA; c++) {
      bumps[c] = Math.exp(-0.5 * ((2 * wrapped(pitch - c)) / width) ** 2)
      squares += bumps[c]! ** 2
    }
    const octave = Math.exp(-0.5 * ((pitch / CHROMA - OCTAVE_CENTRE) / OCTAVE_WIDTH) ** 2)
    for (let c = 0; c < CHROMA; c++)
      rows[(c + CHROMA - C_ABOVE_A) % CHROMA]![k] = (bumps[c]! / Math.sqrt(squares)) * octave
  }
  return runsBank(rows.map((weights) => ({ from: 0, weights })))
}

/** Scales the chroma of one frame so that its largest is 1; a silent frame stays 0. */
export const toLargestOne = (chroma: Float32Array) => {
  let top = 0
  for (let c = 0; c < CHROMA; c++) top = Math.max(top, chroma[c]!)
  if (top > 0) for (let c = 0; c < CHROMA; c++) chroma[c]! /= top
}

const PITCH_LOW_HZ = 150
const PITCH_HIGH_HZ = 4000
const PEAK_SHARE = 0.1
const TUNING_STEPS = 100

/** Hz and heights of the peaks of all spectra. */
type Peaks = { pitches: GrowingF32; heights: GrowingF32 }

/** Adds the peaks of one spectrum (its bins from `at`) by parabola. */
const addPeaks = (x: Float32Array, at: number, bins: number, binHz: number, { pitches, heights }: Peaks) => {
  let top = 0
  for (let i = at; i < at + bins; i++) if (x[i]! > top) top = x[i]!
  const least = PEAK_SHARE * top
  const last = Math.min(bins - 1, Math.ceil(PITCH_HIGH_HZ / binHz))
  for (let k = Math.ceil(PITCH_LOW_HZ / binHz); k < last; k++) {
    const middle = x[at + k]!
    if (middle <= least) continue
    const left = x[at + k - 1]!
    const right = x[at + k + 1]!
    // What is not above the threshold counts as 0 for its neighbours.
    if (middle <= (left > least ? left : 0) || middle < (right > least ? right : 0)) continue
    const slope = (right - left) / 2
    const bend = left + right - 2 * middle
    const shift = Math.abs(slope) >= Math.abs(bend) ? 0 : -slope / bend
    pitches.push((k + shift) * binHz)
    heights.push(middle + 0.5 * slope * shift)
  }
}

const medianOf = (values: Float32Array) => {
  const sorted = values.toSorted()
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

/**
 * `librosa.estimate_tuning(S=…)`: the commonest deviation of the stronger half of all peaks from equal temperament,
 * −0.5..0.49 semitones; 0 without peaks.
 */
export const estimateTuning = (spectra: Float32Array, bins: number, binHz: number): number => {
  const peaks = { pitches: growingF32(), heights: growingF32() }
  for (let at = 0; at < spectra.length; at += bins) addPeaks(spectra, at, bins, binHz, peaks)
  const { pitches, heights } = peaks
  if (pitches.length === 0) return 0
  const all = heights.view()
  const threshold = medianOf(all)
  const counts = new Int32Array(TUNING_STEPS)
  const hz = pitches.view()
  for (let i = 0; i < hz.length; i++) {
    if (all[i]! < threshold) continue
    const semitones = CHROMA * Math.log2(hz[i]! / A0_HZ)
    const residual = semitones - Math.floor(semitones + 0.5)
    counts[Math.min(TUNING_STEPS - 1, Math.floor((residual + 0.5) * TUNING_STEPS))]!++
  }
  return counts.indexOf(counts.reduce((a, b) => Math.max(a, b))) / TUNING_STEPS - 0.5
}
