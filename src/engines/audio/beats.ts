/**
 * Beats: the bar-pointer model of Krebs, Böck & Widmer (2015) at the level of beats, as an exact semi-Markov Viterbi.
 * State: (time of a beat, length of the interval that led to it). Inside a beat their model only moves the pointer, so
 * nothing is lost by jumping from beat to beat; and because their penalty of a tempo change is (nearly) linear in the
 * logarithm of the ratio, the best predecessor of all intervals is found in two sweeps: O(frames × intervals).
 */
import { PERIOD_MAX, PERIOD_MIN, PERIODS } from './tempo.ts'

/** Penalty of a tempo change by a factor e. */
const CHANGE_PENALTY = 60
/** Weight of the track's periodicity per second of beat. */
const PERIODICITY_WEIGHT = 0.3

const logPeriod = Float64Array.from({ length: PERIODS }, (_, i) => Math.log(PERIOD_MIN + i))
const RING = PERIOD_MAX + 1

/** best[i] = max over j of score[j] − penalty · |log ratio(i, j)|; from[i] = that j. Two sweeps, exact. */
const spread = (score: Float64Array, at: number, best: Float64Array, from: Uint8Array, fromAt: number) => {
  for (let i = 0; i < PERIODS; i++) {
    best[at + i] = score[i]!
    from[fromAt + i] = i
  }
  for (let i = 1; i < PERIODS; i++) {
    const carried = best[at + i - 1]! - CHANGE_PENALTY * (logPeriod[i]! - logPeriod[i - 1]!)
    if (carried > best[at + i]!) {
      best[at + i] = carried
      from[fromAt + i] = from[fromAt + i - 1]!
    }
  }
  for (let i = PERIODS - 2; i >= 0; i--) {
    const carried = best[at + i + 1]! - CHANGE_PENALTY * (logPeriod[i + 1]! - logPeriod[i]!)
    if (carried > best[at + i]!) {
      best[at + i] = carried
      from[fromAt + i] = from[fromAt + i + 1]!
    }
  }
}

/**
 * Beat times in frames.
 * @param evidence log-odds of a beat at each frame: positive speaks for one.
 * @param salience of each period, sums to 1 (from `tempoSalience`).
 */
export const trackBeats = (evidence: Float32Array, salience: Float32Array): Int32Array => {
  const frames = evidence.length
  const top = salience.reduce((a, b) => Math.max(a, b), 1e-9)
  const periodTerm = Float64Array.from(salience, (value, i) => {
    const seconds = (PERIOD_MIN + i) / 100
    return PERIODICITY_WEIGHT * seconds * Math.max(-6, Math.log(value / top + 1e-9))
  })
  const best = new Float64Array(RING * PERIODS)
  const from = new Uint8Array(frames * PERIODS)
  const score = new Float64Array(PERIODS)
  let endScore = -Infinity
  let endFrame = -1
  let endPeriod = 0
  for (let t = 0; t < frames; t++) {
    const gain = evidence[t]!
    for (let i = 0; i < PERIODS; i++) {
      const before = t - PERIOD_MIN - i
      // A first beat starts from nothing, at any tempo.
      score[i] = gain + (before < 0 ? 0 : best[(before % RING) * PERIODS + i]! + periodTerm[i]!)
    }
    spread(score, (t % RING) * PERIODS, best, from, t * PERIODS)
    if (t >= frames - PERIOD_MAX)
      for (let i = 0; i < PERIODS; i++)
        if (t + PERIOD_MIN + i >= frames && score[i]! > endScore) {
          endScore = score[i]!
          endFrame = t
          endPeriod = i
        }
  }
  return backtrack(from, endFrame, endPeriod)
}

const backtrack = (from: Uint8Array, endFrame: number, endPeriod: number) => {
  const beats: number[] = []
  let period = endPeriod
  for (let t = endFrame; t >= 0; ) {
    beats.push(t)
    t -= PERIOD_MIN + period
    if (t >= 0) period = from[t * PERIODS + period]!
  }
  return Int32Array.from(beats.reverse())
}
