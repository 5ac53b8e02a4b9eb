/** Periodicity: how well every beat period explains the onset curve. */
import { RHYTHM_PER_SEC } from './evidence.ts'

/** Beat periods considered, in frames: 215 down to 45 beats a minute. */
export const PERIOD_MIN = 28
export const PERIOD_MAX = 133
export const PERIODS = PERIOD_MAX - PERIOD_MIN + 1
export const bpmOf = (period: number) => (60 * RHYTHM_PER_SEC) / period

const LAG_MAX = 4 * PERIOD_MAX + 4
/** Log-normal prior of the beat rate people tap (after McKinney & Moelants 2006). */
const PRIOR_CENTRE_BPM = 112
const PRIOR_OCTAVES = 0.75
const COMB_WEIGHTS = [1, 0.8, 0.35, 0.5] as const

/** Autocorrelation of the mean-free curve for lags 0..LAG_MAX−1, normalised to 1 at lag 0. */
export const autocorrelation = (x: Float32Array): Float32Array => {
  let mean = 0
  for (const value of x) mean += value / Math.max(1, x.length)
  const centred = x.map((value) => value - mean)
  const out = new Float32Array(LAG_MAX)
  for (let lag = 0; lag < LAG_MAX; lag++) {
    let sum = 0
    for (let i = lag; i < centred.length; i++) sum += centred[i]! * centred[i - lag]!
    out[lag] = sum / Math.max(1, centred.length - lag)
  }
  const zero = out[0]! + 1e-12
  return out.map((value) => value / zero)
}

/** The largest of the neighbourhood: multiples of a period in whole frames drift by up to half a frame each. */
const around = (x: Float32Array, lag: number, reach: number) => {
  let top = -1
  for (let i = Math.max(0, lag - reach); i <= Math.min(x.length - 1, lag + reach); i++) top = Math.max(top, x[i]!)
  return top
}

export const tempoPrior = (period: number) =>
  Math.exp(-0.5 * (Math.log2(bpmOf(period) / PRIOR_CENTRE_BPM) / PRIOR_OCTAVES) ** 2)

/** Salience of each period PERIOD_MIN..PERIOD_MAX, ≥ 0: comb over four multiples, times the prior. Sums to 1. */
export const tempoSalience = (acf: Float32Array): Float32Array => {
  const out = new Float32Array(PERIODS)
  let total = 1e-12
  for (let i = 0; i < PERIODS; i++) {
    const period = PERIOD_MIN + i
    let comb = 0
    COMB_WEIGHTS.forEach((weight, k) => {
      comb += weight * around(acf, (k + 1) * period, k >> 1)
    })
    out[i] = Math.max(0, comb) ** 2 * tempoPrior(period)
    total += out[i]!
  }
  return out.map((value) => value / total)
}

export type TempoGuess = { bpm: number; confidence: number }

/** Peaks of the salience that are no near neighbours (4 %) of a stronger one, strongest first, refined by parabola. */
export const tempoPeaks = (salience: Float32Array, count: number): TempoGuess[] => {
  const order = Array.from(salience.keys())
    .filter((i) => salience[i]! > (salience[i - 1] ?? 0) && salience[i]! >= (salience[i + 1] ?? 0))
    .sort((a, b) => salience[b]! - salience[a]!)
  const chosen: TempoGuess[] = []
  for (const i of order) {
    if (chosen.length === count) break
    const [left, middle, right] = [salience[i - 1] ?? 0, salience[i]!, salience[i + 1] ?? 0]
    const curve = left - 2 * middle + right
    const bpm = bpmOf(PERIOD_MIN + i + (curve < 0 ? (0.5 * (left - right)) / curve : 0))
    if (chosen.every((other) => Math.abs(other.bpm / bpm - 1) > 0.04)) chosen.push({ bpm, confidence: middle })
  }
  const total = chosen.reduce((sum, guess) => sum + guess.confidence, 1e-12)
  return chosen.map((guess) => ({ ...guess, confidence: guess.confidence / total }))
}
