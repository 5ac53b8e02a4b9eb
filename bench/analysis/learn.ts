/** The two small learners the engine's weights come from: both convex, full batch, deterministic. */

const STEPS = 1500
const RATE = 0.03

/** Adam on a convex loss; `gradient` writes into its second argument. */
const minimise = (size: number, gradient: (weights: Float64Array, out: Float64Array) => void): Float64Array => {
  const w = new Float64Array(size)
  const g = new Float64Array(size)
  const m = new Float64Array(size)
  const v = new Float64Array(size)
  for (let step = 1; step <= STEPS; step++) {
    g.fill(0)
    gradient(w, g)
    const rate = RATE * (1 - step / (STEPS + 1))
    for (let i = 0; i < size; i++) {
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

/** Standard deviations of every feature, so that the penalty treats them alike. */
const scalesOf = (rows: ArrayLike<number>[]) => {
  const size = rows[0]!.length
  return Float64Array.from({ length: size }, (_, f) => {
    const mean = rows.reduce((sum, row) => sum + row[f]!, 0) / rows.length
    return Math.sqrt(rows.reduce((sum, row) => sum + (row[f]! - mean) ** 2, 0) / rows.length) || 1
  })
}

export type Choice = { features: ArrayLike<number>[]; right: boolean[] }

/** Conditional logit: maximises the probability that one of the right options of each choice is taken. */
export const learnChoice = (choices: Choice[], penalty: number): number[] => {
  const scales = scalesOf(choices.flatMap((choice) => choice.features))
  const scaled = choices.map(({ features, right }) => ({
    right,
    rows: features.map((row) => Float64Array.from(row, (value, f) => value / scales[f]!)),
  }))
  const w = minimise(scales.length, (weights, out) => {
    for (const { rows, right } of scaled) {
      const shares = softmax(rows.map((row) => dot(weights, row)))
      const won = shares.reduce((sum, share, i) => sum + (right[i] ? share : 0), 1e-9)
      rows.forEach((row, i) => {
        const pull = (shares[i]! - (right[i] ? shares[i]! / won : 0)) / scaled.length
        for (let f = 0; f < row.length; f++) out[f]! += pull * row[f]!
      })
    }
    for (let f = 0; f < out.length; f++) out[f]! += penalty * weights[f]!
  })
  return Array.from(w, (value, f) => value / scales[f]!)
}

/** Multinomial logistic regression; the last feature of each row must be the constant 1. One weight row a class. */
export const learnClasses = (
  rows: ArrayLike<number>[],
  classes: number[],
  count: number,
  penalty: number,
): number[][] => {
  const size = rows[0]!.length
  const w = minimise(size * count, (weights, out) => {
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
