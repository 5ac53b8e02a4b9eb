/**
 * How the weights of the embedding are found, block by block: what differs between renderings of one piece is noise and
 * is whitened away; of what is left, the directions in which pieces differ most are kept.
 */
import { BLOCKS, RAW_VALUES } from '#engines/audio/embedding/raw.ts'
import { eigen, scatter } from './linear.ts'

export type Lesson = { piece: string; style: string; raw: Float32Array }
export type Fit = {
  /** How much noise every direction has at least, share of its whole variance. */
  floor: number
  /** How much the differences between pieces of one style are noise as well, 0..1. */
  style: number
  /** 0: directions weigh as much as they tell; 1: all alike. */
  flatten: number
  /** Of the blocks, in length. */
  shares: readonly number[]
}
export type Projection = {
  centre: Float64Array
  scale: Float64Array /** Rows of `values` weights, block after block. */
  weights: Float64Array
}

export const CLIP = 3

const meanOf = (rows: readonly Float64Array[], n: number) => {
  const out = new Float64Array(n)
  for (const row of rows) for (let i = 0; i < n; i++) out[i]! += row[i]! / rows.length
  return out
}

const grouped = <T>(all: readonly T[], keyOf: (each: T) => string) => [...Map.groupBy(all, keyOf).values()]

/** Of each group, what its members differ from its mean by; made up for the degree of freedom that the mean takes. */
const residuals = (groups: readonly Float64Array[][], n: number) =>
  groups
    .filter(({ length }) => length > 1)
    .flatMap((rows) => {
      const mean = meanOf(rows, n)
      const factor = Math.sqrt(rows.length / (rows.length - 1))
      return rows.map((row) => row.map((value, i) => factor * (value - mean[i]!)))
    })

/** Of each raw value over all lessons: its mean and deviation. */
const standards = (lessons: readonly Lesson[]) => {
  const centre = new Float64Array(RAW_VALUES)
  const scale = new Float64Array(RAW_VALUES)
  for (let i = 0; i < RAW_VALUES; i++) {
    for (const { raw } of lessons) centre[i]! += raw[i]! / lessons.length
    for (const { raw } of lessons) scale[i]! += (raw[i]! - centre[i]!) ** 2 / lessons.length
    scale[i] = Math.max(1e-3, Math.sqrt(scale[i]!))
  }
  return { centre, scale }
}

type Row = { piece: string; style: string; x: Float64Array }

const blockWeights = (rows: readonly Row[], n: number, dimensions: number, fit: Fit, share: number) => {
  const pieces = grouped(rows, ({ piece }) => piece)
  const means = pieces.map((group) => ({
    style: group[0]!.style,
    x: meanOf(
      group.map(({ x }) => x),
      n,
    ),
  }))
  const noise = scatter(
    residuals(
      pieces.map((group) => group.map(({ x }) => x)),
      n,
    ),
    n,
  )
  const within = scatter(
    residuals(
      grouped(means, ({ style }) => style).map((group) => group.map(({ x }) => x)),
      n,
    ),
    n,
  )
  for (let i = 0; i < noise.length; i++) noise[i]! += fit.style * within[i]!
  for (let i = 0; i < n; i++) noise[i * n + i]! += fit.floor
  const white = eigen(noise, n)
  const whiten = new Float64Array(n * n)
  for (let j = 0; j < n; j++)
    for (let i = 0; i < n; i++) whiten[j * n + i] = white.vectors[i * n + j]! / Math.sqrt(white.values[j]!)
  const through = (x: Float64Array) =>
    Float64Array.from({ length: n }, (_, j) => {
      let sum = 0
      for (let i = 0; i < n; i++) sum += whiten[j * n + i]! * x[i]!
      return sum
    })
  const found = eigen(
    scatter(
      means.map(({ x }) => through(x)),
      n,
    ),
    n,
  )
  const gains = Array.from({ length: dimensions }, (_, d) => found.values[d]! ** (-fit.flatten / 2))
  const power = gains.reduce((sum, gain, d) => sum + gain * gain * found.values[d]!, 0)
  const out = new Float64Array(dimensions * n)
  for (let d = 0; d < dimensions; d++)
    for (let j = 0; j < n; j++) {
      const weight = (share * gains[d]! * found.vectors[j * n + d]!) / Math.sqrt(power)
      for (let i = 0; i < n; i++) out[d * n + i]! += weight * whiten[j * n + i]!
    }
  return out
}

export const fitEmbedding = (lessons: readonly Lesson[], fit: Fit): Projection => {
  const { centre, scale } = standards(lessons)
  const weights: number[] = []
  let from = 0
  BLOCKS.forEach(({ values, dimensions }, b) => {
    const rows = lessons.map(({ piece, style, raw }) => ({
      piece,
      style,
      x: Float64Array.from({ length: values }, (_, i) =>
        Math.max(-CLIP, Math.min(CLIP, (raw[from + i]! - centre[from + i]!) / scale[from + i]!)),
      ),
    }))
    weights.push(...blockWeights(rows, values, dimensions, fit, fit.shares[b]!))
    from += values
  })
  return { centre, scale, weights: Float64Array.from(weights) }
}

/** The same as `embed` of the engine, before rounding of the weights; kept equal by a test of the engine. */
export const project = ({ centre, scale, weights }: Projection, raw: Float32Array): Float64Array => {
  const out: number[] = []
  let [from, w] = [0, 0]
  for (const { values, dimensions } of BLOCKS) {
    for (let d = 0; d < dimensions; d++) {
      let sum = 0
      for (let i = 0; i < values; i++)
        sum += weights[w++]! * Math.max(-CLIP, Math.min(CLIP, (raw[from + i]! - centre[from + i]!) / scale[from + i]!))
      out.push(sum)
    }
    from += values
  }
  const length = Math.hypot(...out) || 1
  return Float64Array.from(out, (value) => value / length)
}
