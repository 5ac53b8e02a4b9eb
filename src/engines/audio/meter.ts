/**
 * Bars: how many beats they have, where they begin, and whether beats fall into halves or thirds: the bar level of the
 * bar-pointer model. Every beat is described by the regions on it and half-way to the next, and by harmonic change, and
 * so are its neighbours; learned weights say how likely it begins a bar. Viterbi finds the bars of each length, with
 * rare slips (an added or dropped beat). The length is decided by how well each fits, and by which distance beats look
 * alike at.
 */
import { REGIONS } from './flux.ts'
import { MODEL, type Model } from './model.ts'

/** Lengths of bars that are tried, beats. */
export const BAR_LENGTHS = [2, 3, 4, 5, 7] as const

export type Meter = {
  /** Felt beats: 2 in 6/8. One of `BAR_LENGTHS`. */
  beatsPerBar: number
  /** As it would be written: `4/4`, `6/8`. */
  text: string
  /** 0..1: probability of this length among all. */
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
/** Beats on either side that a beat is judged with. */
export const CONTEXT = 3

const at = (curve: Float32Array, points: Int32Array) => Float32Array.from(points, (point) => curve[point] ?? 0)

/** One value per beat in each row, standardised over the track. `curves`: `judgedCurves`; `beats` in frames. */
export const beatFeatures = (curves: Float32Array[], beats: Int32Array): Float32Array[] => {
  const halves = beats.map((beat, i) => Math.round((beat + (beats[i + 1] ?? beat)) / 2))
  const regions = curves.slice(0, REGIONS)
  const on = regions.map((region) => at(region, beats))
  const off = regions.map((region) => at(region, halves))
  return [...on, at(curves.at(-1)!, beats), ...off].map(standardise)
}

/** Log-odds that each beat begins a bar. `weights`: `BEAT_ROWS` for each offset −CONTEXT..CONTEXT, then the bias. */
export const downbeatOdds = (features: Float32Array[], weights: readonly number[]): Float64Array => {
  const count = features[0]!.length
  const out = new Float64Array(count).fill(weights.at(-1)!)
  for (let offset = -CONTEXT, w = 0; offset <= CONTEXT; offset++)
    for (const row of features) {
      const weight = weights[w++]!
      for (let i = Math.max(0, -offset); i < Math.min(count, count - offset); i++) out[i]! += weight * row[i + offset]!
    }
  return out
}

const logistic = (x: number) => 1 / (1 + Math.exp(-x))

/** Mean log-likelihood of bars of this length that are told by nothing but their share of downbeats. */
const chanceOf = (length: number) => Math.log(1 / length) / length + (1 - 1 / length) * Math.log(1 - 1 / length)

const LEAST = 1e-4

/** Bars of `length` beats: indices of downbeats, and the mean log-likelihood over chance a beat. */
export const placeBars = (odds: Float64Array, length: number) => {
  const count = odds.length
  const from = new Uint8Array(count * length)
  let total = new Float64Array(length)
  let next = new Float64Array(length)
  for (let i = 0; i < count; i++) {
    const share = Math.min(1 - LEAST, Math.max(LEAST, logistic(odds[i]!)))
    let best = 0
    for (let p = 1; p < length; p++) if (total[p]! > total[best]!) best = p
    for (let position = 0; position < length; position++) {
      const regular = (position + length - 1) % length
      const slipped = total[best]! - SLIP_PENALTY > total[regular]!
      from[i * length + position] = slipped ? best : regular
      next[position] =
        Math.log(position === 0 ? share : 1 - share) + (slipped ? total[best]! - SLIP_PENALTY : total[regular]!)
    }
    ;[total, next] = [next, total]
  }
  const reached = Math.max(...total)
  const downbeats: number[] = []
  let position = total.indexOf(reached)
  for (let i = count - 1; i >= 0; i--) {
    if (position === 0) downbeats.push(i)
    position = from[i * length + position]!
  }
  return { downbeats: Int32Array.from(downbeats.toReversed()), rate: reached / Math.max(1, count) - chanceOf(length) }
}

/** Mean product of a row with itself `lag` beats later. */
const likeness = (row: Float32Array, lag: number) => {
  let sum = 0
  for (let i = lag; i < row.length; i++) sum += row[i]! * row[i - lag]!
  return row.length > lag ? sum / (row.length - lag) : 0
}

const LAGS = [2, 3, 4, 5, 6, 7, 8] as const

/** What the choice of bar length looks at: fit of each length, likeness at seven distances of drums and of harmony. */
export const meterFeatures = (features: Float32Array[], rates: readonly number[]): number[] => {
  const harmony = features[REGIONS]!
  const rest = features.filter((row) => row !== harmony)
  const overall = LAGS.map((lag) => rest.reduce((sum, row) => sum + likeness(row, lag), 0) / rest.length)
  return [...rates.map((rate) => 10 * rate), ...overall, ...LAGS.map((lag) => likeness(harmony, lag)), 1]
}

const PARTS = [1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4] as const
const PART_FLOOR = 0.05

/** What the choice between halves and thirds looks at: how strong each region is within the beat, over the beat itself. */
export const partFeatures = (curves: Float32Array[], beats: Int32Array): number[] => {
  const meanAt = (curve: Float32Array, part: number) => {
    let sum = 0
    for (let i = 0; i + 1 < beats.length; i++)
      sum += curve[Math.round(beats[i]! + part * (beats[i + 1]! - beats[i]!))] ?? 0
    return Math.log(PART_FLOOR + sum / Math.max(1, beats.length - 1))
  }
  const onset = curves[REGIONS]!
  const out = [onset, curves[REGIONS - 1]!, curves[REGIONS - 3]!].flatMap((curve) => {
    const on = meanAt(curve, 0)
    return PARTS.map((part) => meanAt(curve, part) - on)
  })
  return [...out, 1]
}

const dot = (weights: readonly number[], x: readonly number[]) =>
  x.reduce((sum, value, i) => sum + value * weights[i]!, 0)

/** Fewer beats than this say nothing about the bar. */
const BEATS_MIN = 8

const textOf = (beatsPerBar: number, isTernary: boolean) =>
  isTernary ? `${3 * beatsPerBar}/8` : `${beatsPerBar}/${beatsPerBar === 7 ? 8 : 4}`

/** @param curves `judgedCurves` of the track. */
export const trackBars = (curves: Float32Array[], beats: Int32Array, model: Model = MODEL): Meter => {
  if (beats.length < BEATS_MIN) {
    const every = Int32Array.from({ length: Math.ceil(beats.length / 4) }, (_, i) => 4 * i)
    return { beatsPerBar: 4, text: '4/4', confidence: 0, downbeats: every }
  }
  const features = beatFeatures(curves, beats)
  const odds = downbeatOdds(features, model.downbeat)
  const bars = BAR_LENGTHS.map((length) => placeBars(odds, length))
  const x = meterFeatures(
    features,
    bars.map(({ rate }) => rate),
  )
  const scores = model.bar.map((weights) => dot(weights, x))
  const top = Math.max(...scores)
  const best = scores.indexOf(top)
  const isTernary = dot(model.ternary, partFeatures(curves, beats)) > 0
  return {
    beatsPerBar: BAR_LENGTHS[best]!,
    text: textOf(BAR_LENGTHS[best]!, isTernary),
    confidence: 1 / scores.reduce((sum, score) => sum + Math.exp(score - top), 0),
    downbeats: bars[best]!.downbeats,
  }
}
