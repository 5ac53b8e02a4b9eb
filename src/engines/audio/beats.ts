/**
 * Beats: the bar-pointer model of Krebs, Böck & Widmer (2015) at the level of beats, as an exact semi-Markov Viterbi.
 * State: (time of a beat, length of the interval that led to it). Inside a beat their model only moves the pointer, so
 * nothing is lost by jumping from beat to beat; and because their penalty of a tempo change is (nearly) linear in the
 * logarithm of the ratio, the best predecessor of all intervals is found in two sweeps: O(frames × intervals).
 */
import { PERIOD_MAX, PERIOD_MIN } from './tempo.ts'

/** Penalty of a tempo change by a factor e. */
const CHANGE_PENALTY = 60
/** Penalty, per beat, of being a factor e away from the tempo that is tracked. */
const AWAY_PENALTY = 3
/** How far the tempo may wander from the one that is tracked. */
const WANDER = 1.25
/** Tracks longer than this are decoded in overlapping windows, to bound memory: 5 minutes, 30 s of overlap. */
const WINDOW_FRAMES = 30_000
const OVERLAP_FRAMES = 3000

type Grid = { low: number; count: number; log: Float64Array; away: Float64Array }

const gridAround = (period: number): Grid => {
  const low = Math.max(PERIOD_MIN, Math.floor(period / WANDER))
  const count = Math.min(PERIOD_MAX, Math.ceil(period * WANDER)) - low + 1
  const log = Float64Array.from({ length: count }, (_, i) => Math.log(low + i))
  return { low, count, log, away: log.map((value) => -AWAY_PENALTY * Math.abs(value - Math.log(period))) }
}

/** best[i] = max over j of score[j] − penalty · |log ratio(i, j)|; from[i] = that j. Two sweeps, exact. */
const spread = (grid: Grid, score: Float64Array, best: Float64Array, at: number, from: Uint8Array, fromAt: number) => {
  const { count, log } = grid
  for (let i = 0; i < count; i++) {
    best[at + i] = score[i]!
    from[fromAt + i] = i
  }
  for (let i = 1; i < count; i++) {
    const carried = best[at + i - 1]! - CHANGE_PENALTY * (log[i]! - log[i - 1]!)
    if (carried > best[at + i]!) {
      best[at + i] = carried
      from[fromAt + i] = from[fromAt + i - 1]!
    }
  }
  for (let i = count - 2; i >= 0; i--) {
    const carried = best[at + i + 1]! - CHANGE_PENALTY * (log[i + 1]! - log[i]!)
    if (carried > best[at + i]!) {
      best[at + i] = carried
      from[fromAt + i] = from[fromAt + i + 1]!
    }
  }
}

const backtrack = (grid: Grid, from: Uint8Array, endFrame: number, endState: number): number[] => {
  const beats: number[] = []
  let state = endState
  for (let t = endFrame; t >= 0; ) {
    beats.push(t)
    t -= grid.low + state
    if (t >= 0) state = from[t * grid.count + state]!
  }
  return beats.toReversed()
}

/** One window: beats from anywhere near its beginning to its end, in frames. */
const decode = (evidence: Float32Array, grid: Grid): number[] => {
  const frames = evidence.length
  const { low, count, away } = grid
  const ring = low + count
  const best = new Float64Array(ring * count)
  const from = new Uint8Array(frames * count)
  const score = new Float64Array(count)
  let end = { score: -Infinity, frame: -1, state: 0 }
  for (let t = 0; t < frames; t++) {
    const gain = evidence[t]!
    for (let i = 0; i < count; i++) {
      const before = t - low - i
      // A first beat starts from nothing, at any tempo.
      score[i] = gain + (before < 0 ? 0 : best[(before % ring) * count + i]! + away[i]!)
      if (t + low + i >= frames && score[i]! > end.score) end = { score: score[i]!, frame: t, state: i }
    }
    spread(grid, score, best, (t % ring) * count, from, t * count)
  }
  return backtrack(grid, from, end.frame, end.state)
}

/** Appends a later window's beats, changing over in the middle of the overlap. */
const join = (earlier: number[], later: number[], change: number): number[] => {
  const kept = earlier.filter((beat) => beat < change)
  const gapMin = PERIOD_MIN / 2
  return [...kept, ...later.filter((beat) => beat >= change && beat - (kept.at(-1) ?? -gapMin) >= gapMin)]
}

/**
 * Beat times in frames, at tempi around `period` (frames a beat).
 * @param evidence log-odds of a beat at each frame: positive speaks for one.
 */
export const trackBeats = (evidence: Float32Array, period: number): Int32Array => {
  const grid = gridAround(period)
  let beats: number[] = []
  for (let from = 0; from === 0 || from + OVERLAP_FRAMES < evidence.length; from += WINDOW_FRAMES - OVERLAP_FRAMES) {
    const window = decode(evidence.subarray(from, from + WINDOW_FRAMES), grid).map((beat) => beat + from)
    beats = from === 0 ? window : join(beats, window, from + OVERLAP_FRAMES / 2)
  }
  return Int32Array.from(beats)
}
