/** Periodicity: how well every beat period explains the onset curve, and which periods are worth a try. */
import { RHYTHM_PER_SEC } from './evidence.ts'

/** Beat periods considered, in frames: 215 down to 45 beats a minute. */
export const PERIOD_MIN = 28
export const PERIOD_MAX = 133
export const PERIODS = PERIOD_MAX - PERIOD_MIN + 1
export const bpmOf = (period: number) => (60 * RHYTHM_PER_SEC) / period

const LAG_MAX = 4 * PERIOD_MAX + 4
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

/** Salience of each period PERIOD_MIN..PERIOD_MAX: a comb over four multiples, ≥ 0, about 1 for a perfect pulse. */
export const tempoSalience = (acf: Float32Array): Float32Array => {
  const total = COMB_WEIGHTS.reduce((a: number, b) => a + b, 0)
  return Float32Array.from({ length: PERIODS }, (_, i) => {
    let comb: number = 0
    COMB_WEIGHTS.forEach((weight, k) => {
      comb += weight * around(acf, (k + 1) * (PERIOD_MIN + i), k >> 1)
    })
    return Math.max(0, comb / total)
  })
}

/** Salience at a period in frames; outside the range, of the nearest one inside. */
export const salienceAt = (salience: Float32Array, period: number) =>
  salience[Math.max(0, Math.min(PERIODS - 1, Math.round(period) - PERIOD_MIN))]!

const PEAKS_MAX = 4
const CANDIDATES_MAX = 8
const SAME_SHARE = 0.06
const RELATIVES = [2, 1 / 2, 3, 1 / 3, 3 / 2, 2 / 3] as const

const salientPeaks = (salience: Float32Array) =>
  Array.from(salience.keys())
    .filter((i) => salience[i]! > (salience[i - 1] ?? 0) && salience[i]! >= (salience[i + 1] ?? 0))
    .sort((a, b) => salience[b]! - salience[a]!)
    .slice(0, PEAKS_MAX)
    .map((i) => PERIOD_MIN + i)

/** Periods worth tracking: peaks of the salience, then the metrical relatives of the strongest; none twice. */
export const candidatePeriods = (salience: Float32Array): number[] => {
  const peaks = salientPeaks(salience)
  const relatives = peaks.slice(0, 2).flatMap((period) => RELATIVES.map((ratio) => Math.round(period * ratio)))
  const chosen: number[] = []
  for (const period of [...peaks, ...relatives])
    if (
      chosen.length < CANDIDATES_MAX &&
      period >= PERIOD_MIN &&
      period <= PERIOD_MAX &&
      chosen.every((other) => Math.abs(other / period - 1) > SAME_SHARE)
    )
      chosen.push(period)
  return chosen
}
