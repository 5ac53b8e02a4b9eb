import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heardShare, lineAt } from './lyrics.ts'

void test('finds the line of every moment, as a plain walk does', () => {
  const lines = [500, 500, 1200, 4000, 9000].map((timeMs) => ({ timeMs, text: '' }))
  for (let t = 0; t < 10_000; t += 50) {
    const walked = lines.filter((l) => l.timeMs <= t).length - 1
    assert.equal(lineAt(lines, t), walked, `at ${t}`)
  }
  assert.equal(lineAt([], 5), -1)
})

void test('a word fills up until the next begins, and no longer than a word lasts', () => {
  const words = [
    { timeMs: 1000, text: 'a ' },
    { timeMs: 2000, text: 'b' },
  ]
  assert.deepEqual(
    [0, 1000, 1500, 2000].map((ms) => heardShare(words, 0, 9000, ms)),
    [0, 0, 0.5, 1],
  )
  assert.equal(heardShare(words, 1, 9000, 3500), 1)
  assert.equal(heardShare([{ timeMs: 0, text: 'x' }], 0, 0, 0), 1)
})
