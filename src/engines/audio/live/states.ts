/** The states of the pulse: how belief is laid out, spread over tempi, and read. */
import { PERIOD_MAX, PERIOD_MIN, PERIODS } from '#engines/audio/tempo.ts'

/** Log-odds per log ratio of a tempo change. */
const CHANGE_PENALTY = 80
/** Beats are most often felt here, with this deviation (octaves), before anything is heard. */
const PRIOR_BPM = 112
const PRIOR_OCTAVES = 0.55
/** Per beat, how much a period is worth by that prior. */
const PRIOR_GAIN = 0.12
/** Period of each row, hops; where its row begins; how many places there are. */
export const PERIOD_OF = Float64Array.from({ length: PERIODS }, (_, i) => PERIOD_MIN + i)
export const STARTS = Int32Array.from({ length: PERIODS }, (_, i) => i * PERIOD_MIN + (i * (i - 1)) / 2)
export const STATES = STARTS[PERIODS - 1]! + PERIOD_MAX
/** What a step to the next longer period costs, as a factor. */
const STEP = PERIOD_OF.map((period) => Math.exp(-CHANGE_PENALTY * Math.log((period + 1) / period)))
const OCTAVES = PERIOD_OF.map((period) => Math.log2(6000 / period / PRIOR_BPM) / PRIOR_OCTAVES)
/** Belief before anything is heard; sums to 1. */
export const PRIOR = (() => {
  const raw = OCTAVES.map((x) => Math.exp(-0.5 * x * x))
  const total = raw.reduce((a, b) => a + b)
  return raw.map((value) => value / total)
})()
const WORTH = OCTAVES.map((x) => Math.exp(-PRIOR_GAIN * x * x))

/** Spreads what arrived over neighbouring periods: two sweeps, in place of every pair. Each keeps its sum. */
export const spread = (arrived: Float64Array, out: Float64Array) => {
  let carried = 0
  for (let i = 0; i < PERIODS; i++) {
    out[i] = arrived[i]! + carried
    carried = (arrived[i]! + carried) * STEP[i]!
  }
  carried = 0
  for (let i = PERIODS - 1; i >= 0; i--) {
    out[i]! += carried
    carried = i > 0 ? (arrived[i]! + carried) * STEP[i - 1]! : 0
  }
  for (let i = 0; i < PERIODS; i++) out[i]! *= ((1 - STEP[i]!) / (1 + STEP[i]!)) * WORTH[i]!
}

/** Belief over a run of periods. One object, filled anew. */
export type Reading = { period: number; since: number; belief: number }

/** Mean period of the rows `from`..`to`, and their mean phase on the circle. `share`: the sum of each row. */
export const readAround = (
  mass: Float64Array,
  share: Float64Array,
  hop: number,
  from: number,
  to: number,
  out: Reading,
) => {
  let weight = 0
  let periods = 0
  let cos = 0
  let sin = 0
  for (let i = from; i <= to; i++) {
    const start = STARTS[i]!
    const length = PERIOD_OF[i]!
    weight += share[i]!
    periods += share[i]! * length
    const turn = (2 * Math.PI) / length
    for (let age = 0; age < length; age++) {
      const value = mass[start + ((hop - age + length) % length)]!
      cos += value * Math.cos(turn * age)
      sin += value * Math.sin(turn * age)
    }
  }
  const angle = Math.atan2(sin, cos)
  out.period = periods / weight
  out.since = ((angle < 0 ? angle + 2 * Math.PI : angle) * out.period) / (2 * Math.PI)
  out.belief = Math.min(1, Math.hypot(cos, sin))
}
