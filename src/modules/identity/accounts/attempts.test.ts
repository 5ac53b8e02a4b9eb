import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppError } from '#kernel/errors.ts'
import { createAttempts } from './attempts.ts'

test('twenty wrong passwords a minute, by name, and then none until the minute is over', () => {
  let now = 1_000_000
  const { check, failed } = createAttempts(() => now)
  for (let i = 0; i < 20; i++) {
    check('ann')
    failed(i % 2 ? 'Ann' : 'ann')
  }
  now += 20_500
  assert.throws(
    () => check('ANN'),
    (e) => (e as AppError).status === 429 && (e as AppError).retryAfterSec === 40,
  )
  check('bob')
  now += 39_500
  check('ann')
  failed('ann')
  check('ann')
})
