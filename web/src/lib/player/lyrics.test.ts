import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineAt } from './lyrics.ts'

void test('finds the line of every moment, as a plain walk does', () => {
  const lines = [500, 500, 1200, 4000, 9000].map((timeMs) => ({ timeMs, text: '' }))
  for (let t = 0; t < 10_000; t += 50) {
    const walked = lines.filter((l) => l.timeMs <= t).length - 1
    assert.equal(lineAt(lines, t), walked, `at ${t}`)
  }
  assert.equal(lineAt([], 5), -1)
})
