/** The two small learners the engine's weights come from: full batch, deterministic. */
import type { ChoiceNet } from '#engines/audio/model.ts'
import { randomFrom } from '../bench/analysis/corpus/score.ts'

const STEPS = 1000
const RATE = 0.02

/** Adam from `start`, in place; `gradient` writes into its second argument. */
const minimise = (w: Float64Array, gradient: (weights: Float64Array, out: Float64Array) => void): Float64Array => {
  const g = new Float64Array(w.length)
  const m = new Float64Array(w.length)
  const v = new Float64Array(w.length)
  for (let step = 1; step <= STEPS; step++) {
    g.fill(0)
    gradient(w, g)
    const rate = RATE * (1 - step / (STEPS + 1))
    for (let i = 0; i < w.length; i++) {
      m[i] = 0.9 * m[i]! + 0.1 * g[i]!
      v[i] = 0.99 * v[i]! + 0.01 * g[i]! ** 2
      w[i]! -= (rate * (m[i]! / (1 - 0.9 ** step))) / (Math.sqrt(v[i]! / (1 - 0.99 ** step)) + 1e-9)
    }
  }
  return w
}

const softmax = (scores: number[]) => {
  const top = Math.max(...scores)
  const shares = scores.map((score) => Math.exp(score - top))
  const total = shares.reduce((a, b) => a + b, 0)
  return shares.map((share) => share / total)
}

const dot = (w: Float64Array, x: ArrayLike<number>, at = 0) => {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += w[at + i]! * x[i]!
  return sum
}

/** Mean and standard deviation of every feature. */
const momentsOf = (rows: ArrayLike<number>[]) => {
  const mean = Array.from(
    { length: rows[0]!.length },
    (_, f) => rows.reduce((sum, row) => sum + row[f]!, 0) / rows.length,
  )
  const scale = mean.map((m, f) => Math.sqrt(rows.reduce((sum, row) => sum + (row[f]! - m) ** 2, 0) / rows.length) || 1)
  return { mean, scale }
}

export type Choice = { features: ArrayLike<number>[]; right: boolean[] }

/**
 * Scores options by a linear term and one hidden layer; maximises the probability (softmax over the options) that one
 * of the right ones is taken. Weight layout: [linear | out | bias | hidden rows].
 */
export const learnChoice = (choices: Choice[], hidden: number, penalty: number): ChoiceNet => {
  const { mean, scale } = momentsOf(choices.flatMap((choice) => choice.features))
  const size = mean.length
  const scaled = choices.map(({ features, right }) => ({
    right,
    rows: features.map((row) =>
      Float64Array.from(row, (x, f) => Math.max(-5, Math.min(5, (x - mean[f]!) / scale[f]!))),
    ),
  }))
  const random = randomFrom(1)
  const start = Float64Array.from({ length: size + 2 * hidden + size * hidden }, () => 0.05 * (random() - 0.5))
  const rowAt = (h: number) => size + 2 * hidden + h * size
  const activation = (w: Float64Array, row: Float64Array, h: number) =>
    Math.tanh(w[size + hidden + h]! + dot(w, row, rowAt(h)))
  const backward = (w: Float64Array, out: Float64Array, row: Float64Array, active: Float64Array, pull: number) => {
    for (let f = 0; f < size; f++) out[f]! += pull * row[f]!
    for (let h = 0; h < hidden; h++) {
      out[size + h]! += pull * active[h]!
      const inner = pull * w[size + h]! * (1 - active[h]! ** 2)
      out[size + hidden + h]! += inner
      const at = rowAt(h)
      for (let f = 0; f < size; f++) out[at + f]! += inner * row[f]!
    }
  }
  const w = minimise(start, (weights, out) => {
    for (const { rows, right } of scaled) {
      const active = rows.map((row) => Float64Array.from({ length: hidden }, (_, h) => activation(weights, row, h)))
      const shares = softmax(rows.map((row, i) => dot(weights, row) + dot(weights, active[i]!, size)))
      const won = shares.reduce((sum, share, i) => sum + (right[i] ? share : 0), 1e-9)
      rows.forEach((row, i) => {
        backward(weights, out, row, active[i]!, (shares[i]! - (right[i] ? shares[i]! / won : 0)) / scaled.length)
      })
    }
    for (let i = 0; i < out.length; i++) out[i]! += penalty * weights[i]!
  })
  return {
    mean,
    scale,
    linear: Array.from(w.subarray(0, size)),
    out: Array.from(w.subarray(size, size + hidden)),
    bias: Array.from(w.subarray(size + hidden, size + 2 * hidden)),
    hidden: Array.from({ length: hidden }, (_, h) => Array.from(w.subarray(rowAt(h), rowAt(h) + size))),
  }
}

/** Multinomial logistic regression; the last feature of each row must be the constant 1. One weight row a class. */
export const learnClasses = (
  rows: ArrayLike<number>[],
  classes: number[],
  count: number,
  penalty: number,
): number[][] => {
  const size = rows[0]!.length
  const w = minimise(new Float64Array(size * count), (weights, out) => {
    rows.forEach((row, r) => {
      const shares = softmax(Array.from({ length: count }, (_, c) => dot(weights, row, c * size)))
      for (let c = 0; c < count; c++) {
        const pull = (shares[c]! - (c === classes[r] ? 1 : 0)) / rows.length
        for (let f = 0; f < size; f++) out[c * size + f]! += pull * row[f]!
      }
    })
    for (let i = 0; i < out.length; i++) out[i]! += penalty * weights[i]!
  })
  return Array.from({ length: count }, (_, c) => Array.from(w.subarray(c * size, (c + 1) * size)))
}
