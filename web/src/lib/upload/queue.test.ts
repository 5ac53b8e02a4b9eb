import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutWaitMs, isPassing, totalsOf } from './queue.ts'

const item = (
  phase: 'waiting' | 'sending' | 'paused' | 'cut' | 'working' | 'done' | 'failed',
  size: number,
  sentBytes: number,
) => ({
  phase,
  sentBytes,
  file: { size } as File,
})

void test('what was refused is no part of what is to be sent', () => {
  const totals = totalsOf([
    item('done', 10, 10),
    item('sending', 100, 40),
    item('failed', 1000, 500),
    item('cut', 5, 9),
  ])
  assert.deepEqual([totals.bytes, totals.sentBytes], [115, 55])
  assert.deepEqual([totals.files, totals.done, totals.failed, totals.sending, totals.outgoing], [4, 1, 1, 2, 2])
})

void test('waits longer from try to try, and never for ever', () => {
  const waits = Array.from({ length: 40 }, (_, i) => cutWaitMs(i))
  assert.ok(waits.every((w, i) => i === 0 || w >= (waits[i - 1] ?? 0)))
  assert.equal(waits.at(-1), 20_000)
})

void test('a refusal is final, a lost line is not', () => {
  assert.ok(isPassing({ status: 0, code: 'unreachable' }) && isPassing({ status: 503, code: 'x' }))
  assert.ok(!isPassing({ status: 0, code: 'aborted' }) && !isPassing({ status: 413, code: 'x' }))
})
