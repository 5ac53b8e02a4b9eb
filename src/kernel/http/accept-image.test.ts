import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseImageFormat } from './accept-image.ts'

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
