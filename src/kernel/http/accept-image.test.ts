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
  ['image/webp;q=0.5, image/avif;q=0.9', 'avif'],
  ['image/avif;q=0.3, image/webp;q=0.2, image/jpeg;q=0.8', 'jpeg'],
  ['image/webp;q=0.2, image/jpeg;q=0', 'webp'],
  ['image/jpeg, image/webp', 'webp'],
  ['IMAGE/WEBP', 'webp'],
  ['text/html', 'jpeg'],
  [';;;,,=', 'jpeg'],
]
for (const [accept, expected] of cases)
  test(`Accept: ${accept ?? '(absent)'}`, () => assert.equal(chooseImageFormat(accept), expected))
