import assert from 'node:assert/strict'
import { test } from 'node:test'
import { barsOf, gridOf } from './bars.ts'

void test('every bar holds the loudest of its stretch', () => {
  const peaks = new Float32Array(800)
  peaks[417] = 0.5
  const bars = barsOf(peaks, 100)
  assert.equal(bars.length, 100)
  assert.equal(bars[52], 1)
  assert.equal(bars.filter((b) => b > 0).length, 1)
})

void test('works for more bars than peaks, for silence and for nothing', () => {
  assert.deepEqual([...barsOf(Float32Array.of(0.2, 0.2), 4)], [1, 1, 1, 1])
  assert.deepEqual([...barsOf(new Float32Array(8), 2)], [0, 0])
  assert.equal(barsOf(new Float32Array(8), -1).length, 0)
})

void test('thins the beat grid until its lines stand apart', () => {
  const downbeats = Array.from({ length: 100 }, (_, i) => i * 2)
  assert.equal(gridOf(downbeats, 200, 1000, 8).length, 100)
  assert.equal(gridOf(downbeats, 200, 1000, 35).length, 25)
  assert.deepEqual(gridOf([1], 200, 1000, 8), [])
})
