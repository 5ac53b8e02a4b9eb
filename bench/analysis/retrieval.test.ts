import assert from 'node:assert/strict'
import { test } from 'node:test'
import { precisionsAt, rankCorrelation, reciprocalRanks } from './retrieval.ts'

const at = (degrees: number, label: string) => {
  const angle = (degrees * Math.PI) / 180
  return { vector: [Math.cos(angle), Math.sin(angle)], label, group: `${label} ${degrees}` }
}

test('reciprocal ranks: nearest first, ties against us, unknown labels left out', () => {
  const candidates = [at(0, 'a'), at(20, 'b'), at(90, 'c')]
  assert.deepEqual(reciprocalRanks([at(1, 'a'), at(1, 'b'), at(1, 'c'), at(1, 'd')], candidates), [1, 1 / 2, 1 / 3])
  assert.deepEqual(reciprocalRanks([at(0, 'a')], [at(10, 'a'), at(-10, 'b')]), [1 / 2])
})

test('precision: of the nearest others, never itself; no more than there are; none where there is none', () => {
  const all = [at(0, 'a'), at(5, 'a'), at(40, 'b'), at(65, 'b'), at(80, 'a'), at(180, 'c')]
  assert.deepEqual(precisionsAt(2, all), [1 / 2, 1 / 2, 1, 0, 0])
  assert.deepEqual(precisionsAt(2, all, 'b'), [1, 0])
})

const pairs = (wanted: number[], found: number[]) => wanted.map((each, i) => ({ wanted: each, found: found[i]! }))

test('rank correlation: order alone counts, ties share', () => {
  assert.ok(Math.abs(rankCorrelation(pairs([1, 2, 3], [10, 100, 1000])) - 1) < 1e-12)
  assert.ok(Math.abs(rankCorrelation(pairs([1, 2, 3], [3, 2, 1])) + 1) < 1e-12)
  assert.ok(Math.abs(rankCorrelation(pairs([1, 1, 2, 2], [1, 2, 3, 4])) - 0.894_427_191) < 1e-9)
  assert.equal(rankCorrelation(pairs([1, 2, 3], [5, 5, 5])), 0)
})
