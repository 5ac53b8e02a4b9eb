/** Which sections are alike: by what they sound like on the whole, and by what follows what within them. */
import type { Units } from './units.ts'

/** Further apart than this they have two names. */
const APART = 0.62
/** How much the order of events counts against the whole. */
const ORDER_SHARE = 0.2

const meanOf = ({ features, width }: Units, from: number, to: number) => {
  const mean = new Float32Array(width)
  for (let unit = from; unit < to; unit++)
    for (let c = 0; c < width; c++) mean[c]! += features[unit * width + c]! / (to - from)
  return mean
}

const squareDistance = (a: Float32Array, b: Float32Array) => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return sum
}

/** Mean squared distance of two stretches played against each other from their beginnings. */
const alignedDistance = ({ features, width }: Units, a: number, b: number, length: number) => {
  let sum = 0
  for (let i = 0; i < length * width; i++) sum += (features[a * width + i]! - features[b * width + i]!) ** 2
  return sum / Math.max(1, length)
}

/** The least over small shifts: a section may begin with a pick-up. */
const SHIFTS = [0, 1, -1, 2, -2]
/** Units compared from the beginning. */
const LENGTH_MAX = 64

const orderDistance = (units: Units, a: readonly [number, number], b: readonly [number, number]) =>
  Math.min(
    ...SHIFTS.map((shift) => {
      const [fromA, fromB] = [a[0] + Math.max(0, shift), b[0] + Math.max(0, -shift)]
      const length = Math.min(LENGTH_MAX, a[1] - fromA, b[1] - fromB)
      return length < 2 ? Infinity : alignedDistance(units, fromA, fromB, length)
    }),
  )

/** Half the mean squared distance of any two units: what two stretches with nothing in common have. */
const scaleOf = ({ features, count }: Units) => {
  let sum = 0
  for (const value of features) sum += value * value
  return Math.max(1e-9, sum / Math.max(1, count))
}

const distancesOf = (units: Units, starts: readonly number[]): Float64Array => {
  const n = starts.length - 1
  const scale = scaleOf(units)
  const means = Array.from({ length: n }, (_, i) => meanOf(units, starts[i]!, starts[i + 1]!))
  const out = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const whole = squareDistance(means[i]!, means[j]!) / scale
      const order = orderDistance(units, [starts[i]!, starts[i + 1]!], [starts[j]!, starts[j + 1]!]) / (2 * scale)
      const value = Math.sqrt((1 - ORDER_SHARE) * whole + ORDER_SHARE * Math.min(2, order))
      out[i * n + j] = out[j * n + i] = value
    }
  return out
}

/** Mean distance between the members of two groups. */
const between = (distances: Float64Array, n: number, a: number[], b: number[]) => {
  let sum = 0
  for (const i of a) for (const j of b) sum += distances[i * n + j]!
  return sum / (a.length * b.length)
}

/** Joins the nearest two groups until all are apart. */
const groupsOf = (distances: Float64Array, n: number): number[][] => {
  const groups = Array.from({ length: n }, (_, i) => [i])
  for (;;) {
    let [best, at, into] = [APART, -1, -1]
    for (let a = 1; a < groups.length; a++)
      for (let b = 0; b < a; b++) {
        const distance = between(distances, n, groups[a]!, groups[b]!)
        if (distance < best) [best, at, into] = [distance, a, b]
      }
    if (at < 0) return groups
    groups[into]!.push(...groups[at]!)
    groups.splice(at, 1)
  }
}

export type Named = {
  group: number
  /** 0..1: how much nearer its own group is than the next. */
  confidence: number
}

const confidenceOf = (distances: Float64Array, n: number, groups: number[][], i: number, group: number) => {
  const members = groups[group]!.filter((member) => member !== i)
  const own = members.length > 0 ? between(distances, n, [i], members) : APART
  const others = groups.filter((_, g) => g !== group).map((each) => between(distances, n, [i], each))
  const other = Math.min(2 * APART, ...others)
  return other / Math.max(1e-9, own + other)
}

/** Groups are numbered by first appearance. */
export const nameSections = (units: Units, starts: readonly number[]): Named[] => {
  const n = starts.length - 1
  const distances = distancesOf(units, starts)
  const groups = groupsOf(distances, n).sort((a, b) => Math.min(...a) - Math.min(...b))
  return Array.from({ length: n }, (_, i) => {
    const group = groups.findIndex((members) => members.includes(i))
    return { group, confidence: confidenceOf(distances, n, groups, i, group) }
  })
}
