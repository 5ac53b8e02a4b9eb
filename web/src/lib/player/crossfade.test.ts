import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CROSSFADE_MAX_SEC, crossfadeSec, type Faded, fadeIn, fadeOut, isInOrder } from './crossfade.ts'

const song = (album: string | null, track: number | null, disc: number | null = null, durationMs = 200_000): Faded => ({
  durationMs,
  album: album === null ? null : { id: album },
  track,
  disc,
})

void test('never within an album that is played in order', () => {
  assert.equal(crossfadeSec(6, song('a', 1), song('a', 2)), 0)
  assert.equal(crossfadeSec(6, song('a', 12, 1), song('a', 1, 2)), 0)
  assert.equal(crossfadeSec(6, song('a', 2), song('a', 1)), 6)
  assert.equal(crossfadeSec(6, song('a', 1), song('a', 3)), 6)
  assert.equal(crossfadeSec(6, song('a', 1), song('b', 2)), 6)
  assert.equal(crossfadeSec(6, song(null, 1), song(null, 2)), 6)
  assert.equal(isInOrder(song('a', null), song('a', null)), false)
})

void test('0 to 12 seconds, never more than a quarter of the shorter track', () => {
  fc.assert(
    fc.property(fc.double({ min: -5, max: 100, noNaN: true }), fc.integer({ min: 0, max: 600_000 }), (chosen, ms) => {
      const sec = crossfadeSec(chosen, song('a', 1, null, ms), song('b', 1))
      assert.ok(sec >= 0 && sec <= CROSSFADE_MAX_SEC && sec <= ms / 4000 && (chosen > 0 || sec === 0))
    }),
  )
})

void test('equal power at every moment', () => {
  const [up, down] = [fadeIn(), fadeOut()]
  up.forEach((value, i) => assert.ok(Math.abs(value ** 2 + (down[i] ?? 0) ** 2 - 1) < 1e-6))
  assert.deepEqual([up[0], up.at(-1)], [0, 1])
})
