/**
 * Which pulse is the beat? Several tempi are tracked, each also on its off-beats; every reading is described by how
 * strong the regions are on its beats, half-way and at thirds and quarters, how alternate beats differ, and how fast
 * it is. A linear score, learned (see `tools/train-beats.ts`), picks one: the octave correction and the phase
 * decision in one step.
 */
import { trackBeats } from './beats.ts'
import { type Chroma, type Evidence, judgedCurves, RHYTHM_PER_SEC } from './evidence.ts'
import { beatFeatures, downbeatOdds, placeBars } from './meter.ts'
import { type ChoiceNet, MODEL, type Model } from './model.ts'
import { bpmOf, candidatePeriods, salienceAt } from './tempo.ts'

type Heard = { curves: Float32Array[]; salience: Float32Array; chroma: Chroma }

export type Hypothesis = { beats: Int32Array; features: Float32Array; score: number; bpm: number }

/** Log-odds of a beat for tracking: evidence over what a frame next to nothing shows. */
const EVIDENCE_GAIN = 1.6
const EVIDENCE_COST = 0.7
const HARMONIC_GAIN = 0.8
const BEATS_MIN = 4
const REFERENCE_BPM = 110
const POINTS = [[0], [1 / 2], [1 / 4, 3 / 4], [1 / 3, 2 / 3]] as const

/** Widened by a triangle, so that beats a frame off still count. */
const trackingEvidence = (evidence: Evidence) => {
  const { onset, harmonic } = evidence
  return Float32Array.from({ length: evidence.frames }, (_, t) => {
    const near = Math.max(onset[t]!, 0.7 * (onset[t - 1] ?? 0), 0.7 * (onset[t + 1] ?? 0))
    return EVIDENCE_GAIN * near + HARMONIC_GAIN * harmonic[t]! - EVIDENCE_COST
  })
}

const meanAt = (curve: Float32Array, beats: Int32Array, share: number) => {
  let sum = 0
  for (let i = 0; i + 1 < beats.length; i++) sum += curve[Math.round(beats[i]! + share * (beats[i + 1]! - beats[i]!))]!
  return sum / (beats.length - 1)
}

/** How much the strongest of `modulus` beat classes stands out, over the mean of all. */
const classContrast = (curve: Float32Array, beats: Int32Array, modulus: number) => {
  const sums = new Float64Array(modulus)
  const counts = new Float64Array(modulus)
  for (let i = 0; i < beats.length; i++) {
    sums[i % modulus]! += curve[beats[i]!]!
    counts[i % modulus]!++
  }
  const means = sums.map((sum, k) => sum / Math.max(1, counts[k]!))
  return means.reduce((a, b) => Math.max(a, b)) - means.reduce((a, b) => a + b) / modulus
}

/** log(on the beat / half-way) and log(on the beat / at the quarters): how clearly a region marks this level. */
const contrasts = (curve: Float32Array, beats: Int32Array) => {
  const on = Math.log(RATIO_FLOOR + meanAt(curve, beats, 0))
  const quarters = (meanAt(curve, beats, 1 / 4) + meanAt(curve, beats, 3 / 4)) / 2
  return [on - Math.log(RATIO_FLOOR + meanAt(curve, beats, 1 / 2)), on - Math.log(RATIO_FLOOR + quarters)]
}

const RATIO_FLOOR = 0.05

/** Cosine distance between the chroma of the beat before and of the beat after each beat. */
const chordChanges = (chroma: Chroma, beats: Int32Array): Float32Array => {
  const at = Array.from(beats, (beat) => Math.round((beat * chroma.perSec) / RHYTHM_PER_SEC))
  const means = at.slice(1).map((to, i) => {
    const sums = new Float64Array(12)
    for (let frame = at[i]!; frame < Math.min(to, chroma.frames.length / 12); frame++)
      for (let c = 0; c < 12; c++) sums[c]! += chroma.frames[frame * 12 + c]!
    return sums
  })
  return Float32Array.from(means.slice(1), (after, i) => cosineDistance(means[i]!, after))
}

const cosineDistance = (x: Float64Array, y: Float64Array) => {
  let xy = 1e-9
  let xx = 1e-9
  let yy = 1e-9
  for (let c = 0; c < x.length; c++) {
    xy += x[c]! * y[c]!
    xx += x[c]! ** 2
    yy += y[c]! ** 2
  }
  return 1 - xy / Math.sqrt(xx * yy)
}

/** How well bars of these lengths fit says how sensible a reading is. */
const RATED_LENGTHS = [2, 3, 4] as const

/** Every feature is a mean, contrast or logarithm: none depends on the length of the track. */
const describe = (heard: Heard, beats: Int32Array, bpm: number, model: Model): Float32Array => {
  const out: number[] = []
  for (const curve of heard.curves) {
    for (const shares of POINTS)
      out.push(shares.reduce((sum, share) => sum + meanAt(curve, beats, share), 0) / shares.length)
    for (const modulus of [2, 3, 4]) out.push(classContrast(curve, beats, modulus))
    out.push(...contrasts(curve, beats))
  }
  const changes = chordChanges(heard.chroma, beats)
  const each = Int32Array.from(changes.keys())
  out.push(changes.reduce((a, b) => a + b, 0) / Math.max(1, changes.length))
  for (const modulus of [2, 3, 4]) out.push(classContrast(changes, each, modulus))
  const rows = beatFeatures(heard.curves, beats)
  const odds = downbeatOdds(rows, model.downbeat)
  const rates = RATED_LENGTHS.map((length) => placeBars(odds, length).rate)
  out.push(...rates, Math.max(...rates))
  const octaves = Math.log2(bpm / REFERENCE_BPM)
  out.push(octaves, octaves ** 2, octaves ** 3)
  const period = (60 * RHYTHM_PER_SEC) / bpm
  for (const lag of [period, period * 2, period / 2]) out.push(Math.log(RATIO_FLOOR + salienceAt(heard.salience, lag)))
  return Float32Array.from(out)
}

const midpoints = (beats: Int32Array) =>
  Int32Array.from({ length: Math.max(0, beats.length - 1) }, (_, i) => Math.round((beats[i]! + beats[i + 1]!) / 2))

/** Standardised features beyond this many deviations say no more. */
const DEVIATIONS_MAX = 5

export const scoreOf = (features: Float32Array, net: ChoiceNet): number => {
  const z = net.mean.map((mean, f) =>
    Math.max(-DEVIATIONS_MAX, Math.min(DEVIATIONS_MAX, (features[f]! - mean) / net.scale[f]!)),
  )
  const dot = (weights: readonly number[]) => weights.reduce((sum, weight, f) => sum + weight * z[f]!, 0)
  return net.hidden.reduce((sum, row, h) => sum + net.out[h]! * Math.tanh(net.bias[h]! + dot(row)), dot(net.linear))
}

/** Mean interval of the beats as beats a minute. */
const rateOf = (beats: Int32Array) => bpmOf((beats.at(-1)! - beats[0]!) / (beats.length - 1))

/** All readings, best first; empty when nothing pulses. */
export const readings = (evidence: Evidence, salience: Float32Array, model: Model = MODEL): Hypothesis[] => {
  const tracked = trackingEvidence(evidence)
  const heard = { curves: judgedCurves(evidence), salience, chroma: evidence.chroma }
  return candidatePeriods(salience)
    .flatMap((period) => {
      const beats = trackBeats(tracked, period)
      return [beats, midpoints(beats)]
    })
    .filter((beats) => beats.length >= BEATS_MIN)
    .map((beats) => {
      const bpm = rateOf(beats)
      const features = describe(heard, beats, bpm, model)
      return { beats, features, score: scoreOf(features, model.hypothesis), bpm }
    })
    .sort((a, b) => b.score - a.score)
}
