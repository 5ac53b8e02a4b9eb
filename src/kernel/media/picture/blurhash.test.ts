import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { blurhashOf, type Pixels, toByte, toLinear } from './blurhash.ts'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~'
const numberOf = (text: string): number => text.split('').reduce((value, c) => value * 83 + DIGITS.indexOf(c), 0)
const plain = (r: number, g: number, b: number, side = 12): Pixels => ({
  rgb: Uint8Array.from({ length: side * side * 3 }, (_, i) => [r, g, b][i % 3] as number),
  width: side,
  height: side,
})

test('the head says how many cosines there are and what the mean is', () => {
  for (const [across, down] of [
    [1, 1],
    [4, 4],
    [9, 2],
  ] as const) {
    const hash = blurhashOf(plain(200, 100, 50), { across, down })
    assert.equal(hash.length, 4 + 2 * across * down)
    assert.equal(numberOf(hash[0] as string), across - 1 + (down - 1) * 9)
    assert.equal(numberOf(hash.slice(2, 6)), (200 << 16) + (100 << 8) + 50)
  }
})

// As the C original and the Python package write them (the TypeScript one takes no negative wave for the largest).
test('the texts are those of the published algorithm', () => {
  const ramp = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % 16, Math.floor(i / 48), i % 3]
    return [x * 16, y * 16, 128][c] as number
  })
  assert.equal(blurhashOf({ rgb: ramp, width: 16, height: 16 }, { across: 4, down: 3 }), 'LsGu,V2@wxozqSWEjte=gJfjfQfj')
  assert.equal(blurhashOf(plain(0, 0, 0), { across: 3, down: 3 }), 'K00000fQfQfQfQfQfQfQfQ')
})

test('a wave in the picture is the wave in the text', () => {
  // Left half white, right half black: the first cosine across is positive and the largest.
  const rgb = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (Math.floor(i / 3) % 32 < 16 ? 255 : 0))
  const hash = blurhashOf({ rgb, width: 32, height: 32 }, { across: 3, down: 1 })
  const wave = numberOf(hash.slice(6, 8))
  assert.deepEqual([Math.floor(wave / 361), Math.floor(wave / 19) % 19, wave % 19], [18, 18, 18])
})

test('every picture has a text of the right length and letters', () => {
  const any = fc
    .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 9 }) })
    .chain(({ width, height }) =>
      fc
        .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
        .map((rgb) => ({ rgb, width, height })),
    )
  const counts = fc.integer({ min: 1, max: 9 })
  fc.assert(
    fc.property(any, counts, counts, (pixels, across, down) => {
      const hash = blurhashOf(pixels, { across, down })
      assert.equal(hash.length, 4 + 2 * across * down)
      assert.ok(hash.split('').every((c) => DIGITS.includes(c)))
    }),
  )
})

test('bytes come back from linear light', () => {
  for (let byte = 0; byte < 256; byte++) assert.equal(toByte(toLinear(byte)), byte)
})
