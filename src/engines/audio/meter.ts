/**
 * Bars: where the downbeats are and how many beats a bar has (3 or 4): the bar level of the bar-pointer model. Every
 * beat is described by the regions on it and half-way to the next, and by harmonic change; learned weights say how
 * each position of a bar looks; Viterbi finds the positions, with rare slips (an added or dropped beat). The bar length
 * is decided by how well either model fits and by which distance beats look alike at.
 */
import { REGIONS } from './flux.ts'
import { MODEL } from './model.ts'

export type Meter = {
  beatsPerBar: 3 | 4
  /** 0.5..1. */
  confidence: number
  /** Indices into the beats. */
  downbeats: Int32Array
}

const SLIP_PENALTY = 5
/** Zero mean, unit variance. */
const standardise = (x: Float32Array): Float32Array => {
  let mean = 0
  for (const value of x) mean += value / Math.max(1, x.length)
  let variance = 1e-4
  for (const value of x) variance += (value - mean) ** 2 / Math.max(1, x.length)
  return x.map((value) => (value - mean) / Math.sqrt(variance))
}

/** Rows of `beatFeatures`: six regions on the beat, harmony, six regions half-way to the next beat. */
export const BEAT_ROWS = 13

const at = (curve: Float32Array, points: Int32Array) => Float32Array.from(points, (point) => curve[point] ?? 0)

/** One value per beat in each row, standardised over the track. `curves`: `judgedCurves`; `beats` in frames. */
export const beatFeatures = (curves: Float32Array[], beats: Int32Array): Float32Array[] => {
  const halves = beats.map((beat, i) => Math.round((beat + (beats[i + 1] ?? beat)) / 2))
  const regions = curves.slice(0, REGIONS)
  const on = regions.map((region) => at(region, beats))
  const off = regions.map((region) => at(region, halves))
  return [...on, at(curves.at(-1)!, beats), ...off].map(standardise)
}

/** Mean product of a row with itself `lag` beats later. */
const likeness = (row: Float32Array, lag: number) => {
  let sum = 0
  for (let i = lag; i < row.length; i++) sum += row[i]! * row[i - lag]!
  return row.length > lag ? sum / (row.length - lag) : 0
}

/** Log-probability of every position of a bar at every beat, over that of chance; `weights`: a row of BEAT_ROWS + 1 each. */
const positionScores = (features: Float32Array[], weights: readonly (readonly number[])[]): Float64Array => {
  const count = features[0]!.length
  const length = weights.length
  const out = new Float64Array(count * length)
  for (let i = 0; i < count; i++) {
    let total = 0
    for (let p = 0; p < length; p++) {
      let sum = weights[p]![BEAT_ROWS]!
      for (let f = 0; f < BEAT_ROWS; f++) sum += weights[p]![f]! * features[f]![i]!
      out[i * length + p] = sum
      total += Math.exp(sum)
    }
    const chance = Math.log(total / length)
    for (let p = 0; p < length; p++) out[i * length + p]! -= chance
  }
  return out
}

/** Best positions for bars of `weights.length` beats: indices of downbeats, and the mean log-odds over chance a beat. */
export const placeBars = (features: Float32Array[], weights: readonly (readonly number[])[]) => {
  const length = weights.length
  const count = features[0]!.length
  const scores = positionScores(features, weights)
  const from = new Uint8Array(count * length)
  let total = new Float64Array(length)
  for (let i = 0; i < count; i++) {
    const next = new Float64Array(length)
    const best = total.indexOf(Math.max(...total))
    for (let position = 0; position < length; position++) {
      const regular = (position + length - 1) % length
      const slipped = total[best]! - SLIP_PENALTY > total[regular]!
      from[i * length + position] = slipped ? best : regular
      next[position] = scores[i * length + position]! + (slipped ? total[best]! - SLIP_PENALTY : total[regular]!)
    }
    total = next
  }
  const reached = Math.max(...total)
  const downbeats: number[] = []
  let position = total.indexOf(reached)
  for (let i = count - 1; i >= 0; i--) {
    if (position === 0) downbeats.push(i)
    position = from[i * length + position]!
  }
  return { downbeats: Int32Array.from(downbeats.toReversed()), rate: reached / Math.max(1, count) }
}

const LAGS = [2, 3, 4, 6, 8] as const

/** What the choice of bar length looks at: fit of both models, likeness at five distances of drums and of harmony. */
export const meterFeatures = (features: Float32Array[], rate3: number, rate4: number): number[] => {
  const harmony = features[6]!
  const rest = features.filter((row) => row !== harmony)
  const overall = LAGS.map((lag) => rest.reduce((sum, row) => sum + likeness(row, lag), 0) / rest.length)
  return [rate3, rate4, ...overall, ...LAGS.map((lag) => likeness(harmony, lag)), 1]
}

/** Fewer beats than this say nothing about the bar. */
const BEATS_MIN = 8

/** @param curves `judgedCurves` of the track. */
export const trackBars = (curves: Float32Array[], beats: Int32Array): Meter => {
  if (beats.length < BEATS_MIN) {
    const every = Int32Array.from({ length: Math.ceil(beats.length / 4) }, (_, i) => 4 * i)
    return { beatsPerBar: 4, confidence: 0.5, downbeats: every }
  }
  const features = beatFeatures(curves, beats)
  const three = placeBars(features, MODEL.positions[3])
  const four = placeBars(features, MODEL.positions[4])
  const ternary = meterFeatures(features, three.rate, four.rate).reduce((sum, x, i) => sum + x * MODEL.meter[i]!, 0)
  return {
    beatsPerBar: ternary > 0 ? 3 : 4,
    confidence: 1 / (1 + Math.exp(-Math.abs(ternary))),
    downbeats: (ternary > 0 ? three : four).downbeats,
  }
}
