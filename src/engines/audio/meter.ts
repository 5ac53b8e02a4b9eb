/**
 * Bars: where the downbeats are and how many beats a bar has (3 or 4). Every beat gets a feature vector; a bar length is
 * likely when beats that far apart look alike, and when harmony and low drums change at one position of the bar. The
 * position within the bar is found by Viterbi with rare slips (an added or dropped beat).
 */
import type { Evidence } from './evidence.ts'
import { REGIONS } from './flux.ts'

export type Meter = {
  beatsPerBar: 3 | 4
  /** 0.5..1. */
  confidence: number
  /** Indices into the beats. */
  downbeats: Int32Array
}

const SLIP_PENALTY = 4
/** How far a feature may lie from the beat, in frames. */
const REACH = 4
const METERS = [3, 4] as const

const peakNear = (x: Float32Array, at: number, reach: number) => {
  let top = 0
  for (let i = Math.max(0, at - reach); i <= Math.min(x.length - 1, at + reach); i++) top = Math.max(top, x[i]!)
  return top
}

/** Zero mean, unit variance. */
const standardise = (x: Float32Array): Float32Array => {
  let mean = 0
  for (const value of x) mean += value / Math.max(1, x.length)
  let variance = 1e-9
  for (const value of x) variance += (value - mean) ** 2 / Math.max(1, x.length)
  return x.map((value) => (value - mean) / Math.sqrt(variance))
}

/** Rows of one value per beat: each region and the harmony on the beat, each region half-way to the next. */
export const beatFeatures = (evidence: Evidence, beats: Int32Array): Float32Array[] => {
  const halves = beats.map((beat, i) => Math.round((beat + (beats[i + 1] ?? beat)) / 2))
  const on = evidence.regions.map((region) => Float32Array.from(beats, (beat) => peakNear(region, beat, REACH)))
  const off = evidence.regions.map((region) => Float32Array.from(halves, (half) => peakNear(region, half, REACH)))
  const harmony = Float32Array.from(beats, (beat) => peakNear(evidence.harmonic, beat, 2 * REACH))
  return [...on, harmony, ...off].map(standardise)
}

/** Mean product of a row with itself `lag` beats later. */
const likeness = (row: Float32Array, lag: number) => {
  let sum = 0
  for (let i = lag; i < row.length; i++) sum += row[i]! * row[i - lag]!
  return row.length > lag ? sum / (row.length - lag) : 0
}

/** Weights of the rows of `beatFeatures` in the log-odds of a downbeat (on-beat regions, then harmony). */
const DOWNBEAT_WEIGHTS = [0.5, 0.15, 0.1, 0, -0.15, 0, 0.7] as const

/** Log-odds of a downbeat at each beat, zero mean. */
const downbeatEvidence = (features: Float32Array[]) => {
  const out = new Float32Array(features[0]!.length)
  DOWNBEAT_WEIGHTS.forEach((weight, f) => {
    const row = features[f]!
    for (let i = 0; i < out.length; i++) out[i]! += weight * row[i]!
  })
  return out
}

/** Best position (0 = downbeat) of every beat in bars of `length`, and the mean evidence on its downbeats. */
const placeBars = (evidence: Float32Array, length: number) => {
  const count = evidence.length
  const from = new Uint8Array(count * length)
  let score = new Float64Array(length)
  for (let i = 0; i < count; i++) {
    const next = new Float64Array(length)
    const best = score.indexOf(Math.max(...score))
    for (let position = 0; position < length; position++) {
      const regular = (position + length - 1) % length
      const slipped = score[best]! - SLIP_PENALTY > score[regular]!
      from[i * length + position] = slipped ? best : regular
      const gain = position === 0 ? evidence[i]! : -evidence[i]! / (length - 1)
      next[position] = gain + (slipped ? score[best]! - SLIP_PENALTY : score[regular]!)
    }
    score = next
  }
  const total = Math.max(...score)
  const downbeats: number[] = []
  let position = score.indexOf(total)
  for (let i = count - 1; i >= 0; i--) {
    if (position === 0) downbeats.push(i)
    position = from[i * length + position]!
  }
  return { downbeats: Int32Array.from(downbeats.reverse()), rate: total / Math.max(1, count) }
}

/** How much more beats 3 apart (and 6) look alike than beats 4 apart (and 2, 8); averaged over the rows. */
const ternaryLikeness = (features: Float32Array[]) => {
  let sum = 0
  for (const row of features)
    sum +=
      likeness(row, 3) + 0.5 * likeness(row, 6) - likeness(row, 4) - 0.25 * likeness(row, 2) - 0.25 * likeness(row, 8)
  return sum / features.length
}

/** Log-odds of three beats a bar: prior, likeness of beats, gain of the bar placement. */
const TERNARY = { prior: -1.2, likeness: 9, placement: 3 }

/** Fewer beats than this say nothing about the bar. */
const BEATS_MIN = 8

export const trackBars = (evidence: Evidence, beats: Int32Array): Meter => {
  if (beats.length < BEATS_MIN) {
    const every = Int32Array.from({ length: Math.ceil(beats.length / 4) }, (_, i) => 4 * i)
    return { beatsPerBar: 4, confidence: 0.5, downbeats: every }
  }
  const features = beatFeatures(evidence, beats)
  const odds = downbeatEvidence(features)
  const [three, four] = METERS.map((length) => placeBars(odds, length)) as [
    ReturnType<typeof placeBars>,
    ReturnType<typeof placeBars>,
  ]
  const logit =
    TERNARY.prior + TERNARY.likeness * ternaryLikeness(features) + TERNARY.placement * (three.rate - four.rate)
  const ternary = logit > 0
  return {
    beatsPerBar: ternary ? 3 : 4,
    confidence: 1 / (1 + Math.exp(-Math.abs(logit))),
    downbeats: (ternary ? three : four).downbeats,
  }
}
