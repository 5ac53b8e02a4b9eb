/** Small dense linear algebra for training: symmetric matrices as flat rows. Sizes of a few hundred. */

export type Eigen = {
  values: Float64Array /** Column j of the n × n matrix belongs to value j. */
  vectors: Float64Array
}

const SWEEPS_MAX = 60
const TINY = 1e-11

/** In place: rotates rows and columns p and q of `a`, and the columns of `v`. */
const rotate = (a: Float64Array, v: Float64Array, n: number, p: number, q: number) => {
  const off = a[p * n + q]!
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * off)
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[k * n + p]!, a[k * n + q]!]
    a[k * n + p] = c * x - s * y
    a[k * n + q] = s * x + c * y
  }
  for (let k = 0; k < n; k++) {
    const [x, y] = [a[p * n + k]!, a[q * n + k]!]
    a[p * n + k] = c * x - s * y
    a[q * n + k] = s * x + c * y
    const [g, h] = [v[k * n + p]!, v[k * n + q]!]
    v[k * n + p] = c * g - s * h
    v[k * n + q] = s * g + c * h
  }
}

/** Of a symmetric matrix, by Jacobi's rotations; largest first. Each vector's largest part is positive. */
export const eigen = (symmetric: Float64Array, n: number): Eigen => {
  const a = symmetric.slice()
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  let trace = 0
  for (let i = 0; i < n; i++) trace += Math.abs(a[i * n + i]!)
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let moved = 0
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++)
        if (Math.abs(a[p * n + q]!) > (TINY * trace) / n) {
          rotate(a, v, n, p, q)
          moved++
        }
    if (moved === 0) break
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j * n + j]! - a[i * n + i]!)
  const values = Float64Array.from(order, (i) => a[i * n + i]!)
  const vectors = new Float64Array(n * n)
  order.forEach((from, to) => {
    let top = 0
    for (let k = 0; k < n; k++) if (Math.abs(v[k * n + from]!) > Math.abs(top)) top = v[k * n + from]!
    for (let k = 0; k < n; k++) vectors[k * n + to] = v[k * n + from]! * Math.sign(top || 1)
  })
  return { values, vectors }
}

/** x of `a · x = b` for a symmetric positive definite `a`, by Cholesky. */
export const solve = (a: Float64Array, b: Float64Array, n: number): Float64Array => {
  const l = new Float64Array(n * n)
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!
      l[i * n + j] = i === j ? Math.sqrt(Math.max(1e-12, sum)) : sum / l[j * n + j]!
    }
  const x = b.slice()
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * n + k]! * x[k]!
    x[i]! /= l[i * n + i]!
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k * n + i]! * x[k]!
    x[i]! /= l[i * n + i]!
  }
  return x
}

/** Mean of the outer products of rows; `rows` are of length n. */
export const scatter = (rows: readonly Float64Array[], n: number): Float64Array => {
  const out = new Float64Array(n * n)
  for (const row of rows)
    for (let i = 0; i < n; i++) {
      const value = row[i]! / rows.length
      for (let j = i; j < n; j++) out[i * n + j]! += value * row[j]!
    }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) out[i * n + j] = out[j * n + i]!
  return out
}
