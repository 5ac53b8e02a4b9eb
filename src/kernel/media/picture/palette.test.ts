import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CONTRAST_MIN, contrast, paletteOf, rgbOf } from './palette.ts'

/** Pixels of these colours, so many of each. */
const pixels = (...parts: [count: number, rgb: [number, number, number]][]): Uint8Array =>
  Uint8Array.from(parts.flatMap(([count, rgb]) => Array.from({ length: count }, () => rgb).flat()))
const isNear = (hex: string, rgb: readonly number[], within = 12): boolean =>
  rgbOf(hex).every((part, i) => Math.abs(part - (rgb[i] as number)) <= within)

test('what there is most of, the strongest colour, and both ends', () => {
  const p = paletteOf(pixels([700, [40, 44, 52]], [200, [225, 60, 40]], [100, [240, 238, 230]]))
  assert.ok(isNear(p.dominant, [40, 44, 52]), p.dominant)
  assert.ok(isNear(p.vibrant, [225, 60, 40]), p.vibrant)
  assert.ok(contrast(p.dark, '#000000') < 2 && contrast(p.light, '#ffffff') < 1.5)
})
test('a speck is not the strongest colour; of a grey picture it is the grey itself', () => {
  const p = paletteOf(pixels([999, [128, 128, 128]], [1, [255, 0, 0]]))
  assert.equal(p.vibrant, p.dominant)
})
test('shades of one colour count together', () => {
  const reds = Array.from({ length: 30 }, (_, i): [number, [number, number, number]] => [10, [190 + i, 30, 30]])
  const p = paletteOf(pixels(...reds, [120, [20, 20, 220]]))
  assert.ok(isNear(p.dominant, [205, 30, 30], 20), p.dominant)
})

test('whatever the picture: colours, and text that can be read', () => {
  const colour = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255))
  const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), colour), { minLength: 1, maxLength: 12 })
  fc.assert(
    fc.property(parts, (all) => {
      const p = paletteOf(pixels(...all))
      for (const hex of Object.values(p)) assert.match(hex, /^#[0-9a-f]{6}$/)
      assert.ok(contrast(p.text, p.dominant) >= CONTRAST_MIN, `${p.text} on ${p.dominant}`)
      assert.ok(contrast(p.light, p.dark) >= CONTRAST_MIN, `${p.light} on ${p.dark}`)
    }),
  )
})
test('one pixel is enough, and the same pixels are the same palette', () => {
  assert.deepEqual(paletteOf(pixels([1, [1, 2, 3]])), paletteOf(pixels([1, [1, 2, 3]])))
  assert.equal(paletteOf(pixels([5, [0, 0, 0]])).text, paletteOf(pixels([5, [0, 0, 0]])).light)
})
