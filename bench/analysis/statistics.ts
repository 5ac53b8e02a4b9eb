/** Means with bootstrap intervals. */
import { randomFrom } from './corpus/score.ts'

const RESAMPLES = 1000
const TAIL = 0.025

export type Estimate = { n: number; mean: number; low: number; high: number }

const meanOf = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** 95 % percentile interval of the mean over pieces; undefined of none. Seeded: the same values give the same interval. */
export const estimate = (values: readonly number[]): Estimate | undefined => {
  const n = values.length
  if (n === 0) return undefined
  const random = randomFrom(n)
  const means = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let i = 0; i < n; i++) sum += values[Math.floor(random() * n)]!
    return sum / n
  }).sort()
  const at = (share: number) => means[Math.round(share * (RESAMPLES - 1))]!
  return { n, mean: meanOf(values), low: at(TAIL), high: at(1 - TAIL) }
}

/** Of two systems on the same pieces: the mean difference, and whether its interval leaves 0 out. */
export const difference = (ours: readonly number[], theirs: readonly number[]) => {
  const found = estimate(ours.map((value, i) => value - theirs[i]!))
  return found && { ...found, clear: found.low > 0 || found.high < 0 }
}
