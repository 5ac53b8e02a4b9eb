import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseImageFormat } from './accept.ts'
import { coverSize } from './covers.ts'

const cases: [string | undefined, string][] = [
  [undefined, 'jpeg'],
  ['*/*', 'jpeg'],
  ['image/*', 'jpeg'],
  ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'webp'],
  ['image/webp;q=0, image/avif', 'avif'],
  ['image/avif', 'avif'],
  ['image/webp; q=0', 'jpeg'],
  ['IMAGE/WEBP', 'webp'],
  ['text/html', 'jpeg'],
  [';;;,,=', 'jpeg'],
]
for (const [accept, expected] of cases)
  test(`Accept: ${accept ?? '(absent)'}`, () => assert.equal(chooseImageFormat(accept), expected))

test('the next larger size is made', () => {
  const sizes = [16, 64, 65, 300, 1024, 2048].map(coverSize)
  assert.deepEqual(sizes, [64, 64, 128, 512, 1024, 1024])
  assert.equal(coverSize(undefined), 512)
})
