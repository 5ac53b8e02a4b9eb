import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CODECS, hasCoder, recode, treat } from './effects.ts'
import { filter } from './filters.ts'
import { SAMPLE_RATE } from './fonts.ts'
import { randomFrom } from './score.ts'
import { sing } from './voice.ts'

const skip = !hasCoder() && process.env.TUTTI_TEST_FULL !== '1' ? 'ffmpeg is not installed' : false

const noise = (seconds: number, seed: number) => {
  const random = randomFrom(seed)
  return Float32Array.from({ length: seconds * SAMPLE_RATE }, () => 0.5 * (random() - 0.5))
}

const powerAt = (x: Float32Array, hz: number) => {
  let [re, im] = [0, 0]
  for (let i = 0; i < x.length; i++) {
    re += x[i]! * Math.cos((2 * Math.PI * hz * i) / SAMPLE_RATE)
    im += x[i]! * Math.sin((2 * Math.PI * hz * i) / SAMPLE_RATE)
  }
  return Math.hypot(re, im) / x.length
}

/** By how many samples `later` lags behind, −200..200. */
const lagOf = (x: Float32Array, later: Float32Array) => {
  let best = { lag: 0, sum: -Infinity }
  for (let lag = -200; lag <= 200; lag++) {
    let sum = 0
    for (let i = 20_000; i < 30_000; i++) sum += x[i]! * later[i + lag]!
    if (sum > best.sum) best = { lag, sum }
  }
  return best.lag
}

describe('effects', () => {
  test('a chain keeps the length, stays within full scale, and is the same for the same name', () => {
    for (let i = 0; i < 4; i++) {
      const [once, again] = [
        treat(noise(1, 5), `piece ${i}`, SAMPLE_RATE),
        treat(noise(1, 5), `piece ${i}`, SAMPLE_RATE),
      ]
      assert.equal(once.audio.length, SAMPLE_RATE)
      assert.ok(once.audio.every((value) => Number.isFinite(value) && Math.abs(value) <= 1))
      assert.deepEqual(once, again)
    }
  })

  for (const [name, kind, flags] of CODECS)
    test(`${name}: what was at a place is at that place`, { skip }, () => {
      const x = noise(1, 7)
      filter(x, 'low pass', 3000, SAMPLE_RATE)
      assert.ok(Math.abs(lagOf(x, recode(x, kind, flags, SAMPLE_RATE))) <= 2)
    })

  test('a low pass keeps what is below and takes what is above; a peak of 6 dB doubles', () => {
    const x = noise(1, 3)
    const [low, high] = [powerAt(x, 200), powerAt(x, 12_000)]
    const passed = x.slice()
    filter(passed, 'low pass', 2000, SAMPLE_RATE)
    assert.ok(Math.abs(powerAt(passed, 200) / low - 1) < 0.1)
    assert.ok(powerAt(passed, 12_000) < 0.1 * high)
    filter(x, 'peak', 200, SAMPLE_RATE, 20 * Math.log10(2), 1)
    assert.ok(Math.abs(powerAt(x, 200) / low - 2) < 0.05)
  })

  test('what is sung has its pitch, its tuning and its time', () => {
    const out = new Float32Array(3 * SAMPLE_RATE)
    sing(out, [{ atSec: 1, durationSec: 1.5, pitch: 57, velocity: 100, program: 'voice' }], 'one', 1, 0.3)
    assert.ok(out.subarray(0, SAMPLE_RATE).every((value) => value === 0))
    const held = out.subarray(1.3 * SAMPLE_RATE, 2.3 * SAMPLE_RATE)
    const overtones = (hz: number) => [1, 2, 3, 4].reduce((sum, n) => sum + powerAt(held, n * hz), 0)
    assert.ok(overtones(220) > 4 * overtones(233) && overtones(220) > 4 * overtones(207.7))
  })
})
