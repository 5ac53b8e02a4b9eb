import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eigen, scatter, solve } from './linear.ts'

const N = 6
let seed = 7
const random = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 31 - 1
}
const rows = Array.from({ length: 40 }, () => Float64Array.from({ length: N }, random))
const matrix = scatter(rows, N)
const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} ${b}`)

test('eigenvectors: ordered, of length 1, and the matrix only stretches them', () => {
  const { values, vectors } = eigen(matrix, N)
  for (let j = 0; j < N; j++) {
    if (j > 0) assert.ok(values[j - 1]! >= values[j]!)
    const v = Array.from({ length: N }, (_, i) => vectors[i * N + j]!)
    near(Math.hypot(...v), 1)
    for (let i = 0; i < N; i++)
      near(
        v.reduce((sum, value, k) => sum + matrix[i * N + k]! * value, 0),
        values[j]! * v[i]!,
      )
  }
})

test('solve: the product gives back the right side', () => {
  const b = Float64Array.from({ length: N }, random)
  const x = solve(matrix, b, N)
  for (let i = 0; i < N; i++)
    near(
      x.reduce((sum, value, k) => sum + matrix[i * N + k]! * value, 0),
      b[i]!,
    )
})

test('scatter: the mean of the outer products', () => {
  const small = scatter([Float64Array.of(1, 2), Float64Array.of(3, 0)], 2)
  assert.deepEqual([...small], [5, 1, 1, 2])
})
