import assert from 'node:assert/strict'
import { test } from 'node:test'
import { coverSize } from './covers.ts'

test('the next larger size is made', () => {
  const sizes = [16, 64, 65, 300, 1024, 2048].map(coverSize)
  assert.deepEqual(sizes, [64, 64, 128, 512, 1024, 1024])
  assert.equal(coverSize(undefined), 512)
})
