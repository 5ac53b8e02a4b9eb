/** How the learned scores are found: logistic regression on shares 0..1, with a ridge, every style of equal weight. */
import { solve } from './linear.ts'

export type MoodLesson = {
  style: string
  inputs: Float32Array /** In the order of the model; NaN where unknown. */
  labels: readonly number[]
}
export type MoodModel = {
  centre: Float64Array
  scale: Float64Array /** A row a label, its constant last. */
  weights: Float64Array
}

const CLIP = 3
const STEPS = 14

const logistic = (x: number) => 1 / (1 + Math.exp(-x))

const standards = (lessons: readonly MoodLesson[], n: number) => {
  const centre = new Float64Array(n)
  const scale = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    for (const { inputs } of lessons) centre[i]! += inputs[i]! / lessons.length
    for (const { inputs } of lessons) scale[i]! += (inputs[i]! - centre[i]!) ** 2 / lessons.length
    scale[i] = Math.max(1e-3, Math.sqrt(scale[i]!))
  }
  return { centre, scale }
}

/** Newton's steps; the constant has no ridge. */
const regress = (rows: readonly { x: Float64Array; y: number; weight: number }[], n: number, ridge: number) => {
  let w = new Float64Array(n + 1)
  for (let step = 0; step < STEPS; step++) {
    const a = new Float64Array((n + 1) ** 2)
    const b = new Float64Array(n + 1)
    for (const { x, y, weight } of rows) {
      const z = x.reduce((sum, value, i) => sum + value * w[i]!, 0)
      const p = logistic(z)
      const curve = weight * Math.max(1e-4, p * (1 - p))
      for (let i = 0; i <= n; i++) {
        b[i]! += x[i]! * (curve * z + weight * (y - p))
        for (let j = 0; j <= i; j++) a[i * (n + 1) + j]! += curve * x[i]! * x[j]!
      }
    }
    for (let i = 0; i < n; i++) a[i * (n + 1) + i]! += ridge
    a[n * (n + 1) + n]! += 1e-6
    w = Float64Array.from(solve(a, b, n + 1))
  }
  return w
}

/** @param ridges one a label, on weights that sum to 1 over the lessons. */
export const fitMood = (lessons: readonly MoodLesson[], ridges: readonly number[]): MoodModel => {
  const n = lessons[0]!.inputs.length
  const { centre, scale } = standards(lessons, n)
  const weights = ridges.flatMap((ridge, label) => {
    const known = lessons.filter(({ labels }) => !Number.isNaN(labels[label]))
    const styles = Map.groupBy(known, ({ style }) => style)
    const rows = known.map(({ style, inputs, labels }) => ({
      x: Float64Array.from({ length: n + 1 }, (_, i) =>
        i === n ? 1 : Math.max(-CLIP, Math.min(CLIP, (inputs[i]! - centre[i]!) / scale[i]!)),
      ),
      y: labels[label]!,
      weight: 1 / (styles.size * styles.get(style)!.length),
    }))
    return [...regress(rows, n, ridge)]
  })
  return { centre, scale, weights: Float64Array.from(weights) }
}
