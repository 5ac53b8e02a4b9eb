import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BLUR_PX, blurPixels } from './blurhash.ts'

const at = (rgba: Uint8ClampedArray, x: number, y: number): number[] => [
  ...rgba.subarray((y * BLUR_PX + x) * 4, (y * BLUR_PX + x) * 4 + 4),
]
const isNear = (a: readonly number[], b: readonly number[], within: number): boolean =>
  a.every((part, i) => Math.abs(part - (b[i] as number)) <= within)

void test('a ramp comes back as a ramp', () => {
  // Red grows to the right and green downwards, as an encoder of the format wrote it.
  const rgba = blurPixels('LsGu,V2@wxozqSWEjte=gJfjfQfj')
  assert.ok(rgba)
  assert.ok(isNear(at(rgba, 0, 0), [0, 0, 128, 255], 80), `${at(rgba, 0, 0)}`)
  assert.ok(isNear(at(rgba, 15, 0), [240, 0, 128, 255], 80), `${at(rgba, 15, 0)}`)
  assert.ok(isNear(at(rgba, 0, 15), [0, 240, 128, 255], 80), `${at(rgba, 0, 15)}`)
  assert.ok(isNear(at(rgba, 15, 15), [240, 240, 128, 255], 80), `${at(rgba, 15, 15)}`)
})
void test('black stays black, every pixel whole', () => {
  const rgba = blurPixels('K00000fQfQfQfQfQfQfQfQ')
  assert.ok(rgba)
  assert.equal(rgba.length, BLUR_PX * BLUR_PX * 4)
  assert.ok(isNear(at(rgba, 7, 7), [0, 0, 0, 255], 6))
})
void test('what is no such text is drawn as nothing', () => {
  for (const text of ['', 'L', 'LsGu,V', 'LsGu,V2@wxozqSWEjte=gJfjfQfjj', 'é00000fQfQ', 'x'.repeat(5000)])
    assert.equal(blurPixels(text), null, text)
})
