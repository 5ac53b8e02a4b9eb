import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { analyze } from '#engines/audio/analyzer.ts'
import { BAR_LENGTHS, placeBars } from '#engines/audio/meter.ts'
import { tempoShares } from '#engines/audio/rhythm.ts'
import { noise, RATE, silence } from '#engines/audio/signals.fixture.ts'
import { CURVE_POINTS_MAX, tempoCurve } from './curve.ts'

const hear = (mono: Float32Array) => analyze(mono, { sampleRate: RATE, channels: 1 })

const beatsAt = (bpmOf: (sec: number) => number, seconds: number) => {
  const out: number[] = []
  for (let at = 0; at < seconds; at += 60 / bpmOf(at)) out.push(at)
  return Float32Array.from(out)
}

const valueAt = (curve: Float32Array, sec: number) => {
  let i = 0
  while (i + 3 < curve.length && curve[i + 2]! < sec) i += 2
  const share = (sec - curve[i]!) / (curve[i + 2]! - curve[i]!)
  return curve[i + 1]! + share * (curve[i + 3]! - curve[i + 1]!)
}

/** A bar of five beats after ten of four. */
const isDown = (i: number) => (i < 41 ? i % 4 === 0 : (i - 1) % 4 === 0)

/** Adds a sound that dies away until nothing of it is left. */
const add = (out: Float32Array, sec: number, decaySec: number, sound: (i: number) => number) => {
  const from = Math.round(sec * RATE)
  const count = Math.min(out.length - from, Math.round(10 * decaySec * RATE))
  for (let i = 0; i < count; i++) out[from + i]! += sound(i) * Math.exp(-i / (decaySec * RATE))
}

/** Kick and snare on the beats, hats twice as often. */
const drums = (bpm: number, seconds: number) => {
  const out = silence(seconds)
  const hiss = noise(1, 0.3)
  const at: number[] = []
  for (let eighth = 0; 0.3 + eighth * (30 / bpm) < seconds - 0.3; eighth++) {
    const sec = 0.3 + eighth * (30 / bpm)
    at.push(sec)
    add(out, sec, 0.012, (i) => 0.2 * hiss[i]!)
    if (eighth % 4 === 0) add(out, sec, 0.06, (i) => 0.8 * Math.sin((2 * Math.PI * 55 * i) / RATE))
    if (eighth % 4 === 2) add(out, sec, 0.03, (i) => hiss[i]!)
  }
  return { out, at }
}

describe('tempo curve', () => {
  test('a steady tempo is two points, a ramp few', () => {
    const steady = tempoCurve(beatsAt(() => 120, 600))
    assert.equal(steady.length, 4)
    assert.ok(Math.abs(steady[1]! - 120) < 0.1 && Math.abs(steady[3]! - 120) < 0.1)
    const ramp = tempoCurve(beatsAt((sec) => 90 + sec / 2, 100))
    assert.ok(ramp.length <= 2 * 24)
    for (let sec = 5; sec < 95; sec++) assert.ok(Math.abs(valueAt(ramp, sec) / (90 + sec / 2) - 1) < 0.02)
  })

  test('is never longer than its bound, ascending and finite, whatever the beats', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.2, max: 1.5, noNaN: true }), { maxLength: 3000 }), (intervals) => {
        let at = 0
        const curve = tempoCurve(Float32Array.from(intervals, (interval) => (at += interval)))
        assert.ok(curve.length <= 2 * CURVE_POINTS_MAX)
        for (let i = 0; i < curve.length; i += 2) {
          assert.ok(curve[i + 1]! > 30 && curve[i + 1]! < 400)
          if (i > 0) assert.ok(curve[i]! > curve[i - 2]!)
        }
      }),
      { numRuns: 30 },
    )
    assert.equal(tempoCurve(new Float32Array(2)).length, 0)
  })
})

describe('bars', () => {
  test('of every length are found where the odds say so, and fit better than others', () => {
    for (const length of BAR_LENGTHS)
      for (let phase = 0; phase < length; phase++) {
        const odds = Float64Array.from({ length: 60 }, (_, i) => (i % length === phase ? 2 : -2))
        const { downbeats, rate } = placeBars(odds, length)
        assert.deepEqual(
          Array.from(downbeats),
          Array.from(odds.keys()).filter((i) => i % length === phase),
        )
        for (const other of BAR_LENGTHS) if (other !== length) assert.ok(placeBars(odds, other).rate < rate)
      }
  })

  test('an added beat moves the bars after it, not those before', () => {
    const { downbeats } = placeBars(
      Float64Array.from({ length: 80 }, (_, i) => (isDown(i) ? 3 : -3)),
      4,
    )
    assert.deepEqual(
      Array.from(downbeats).filter((i) => i < 36 || i > 46),
      Array.from({ length: 80 }, (_, i) => i).filter((i) => isDown(i) && (i < 36 || i > 46)),
    )
  })
})

describe('onsets', () => {
  test('of drums are found within 20 ms, F ≥ .93', () => {
    for (const bpm of [76, 118, 164]) {
      const { out, at } = drums(bpm, 12)
      const { onsets } = hear(out)
      const hits = at.filter((sec) => onsets.some((onset) => Math.abs(onset - sec) <= 0.02)).length
      const f = (2 * hits) / (at.length + onsets.length)
      assert.ok(f >= 0.93, `${bpm}: ${f}`)
    }
  })
})

test('shares of tempi: readings of one tempo are one, the order is theirs, calibration turns them into odds', () => {
  const all = [
    { bpm: 120, score: 3 },
    { bpm: 60, score: 2 },
    { bpm: 121, score: 1 },
  ]
  const plain = tempoShares(all, [1, 0])
  assert.deepEqual(
    plain.map(({ bpm }) => bpm),
    [120, 60],
  )
  assert.ok(Math.abs(plain[0]!.confidence + plain[1]!.confidence - 1) < 1e-6)
  const modest = tempoShares(all, [0.5, 0])
  assert.ok(modest[0]!.confidence < plain[0]!.confidence && modest[0]!.confidence > 0.5)
})
