import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { analyze } from './analyzer.ts'
import { loadFft } from './fft.ts'
import { findFades } from './fades.ts'
import { loudnessMeter } from './loudness.ts'
import { clicks, noise, RATE, silence, stereo, strike } from './signals.fixture.ts'

const fft = await loadFft()
const hear = (mono: Float32Array) => analyze(mono, { sampleRate: RATE, channels: 1, fft })
const hearStereo = (interleaved: Float32Array) => analyze(interleaved, { sampleRate: RATE, channels: 2, fft })
const near = (actual: number, wanted: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, wanted ${wanted} ± ${tolerance}`)

const sine = (seconds: number, gain: number, hz = 997) =>
  silence(seconds).map((_, n) => gain * Math.sin((2 * Math.PI * hz * n) / RATE))

describe('dynamic range', () => {
  test('a sine has none by the DR meter, and a crest of 3 dB', () => {
    const { drDb, crestDb, plrDb } = hear(sine(12, 0.5)).dynamics
    near(drDb, 0, 0.05, 'DR')
    near(crestDb, 3.01, 0.02, 'crest')
    // A sine of 997 Hz reads 3 LU below its peak in LUFS (mono, K-weighting near 0 dB).
    near(plrDb, 3.01, 0.1, 'PLR')
  })

  test('DR: the loudest fifth of blocks of 3 s below the second highest peak', () => {
    // Ten blocks: eight at 0.1, one of 0.5, one of 0.8. Loudest fifth: √((0.5² + 0.8²) / 2); second peak 0.5.
    const mono = new Float32Array(30 * RATE)
    const whole = sine(30, 1)
    const gains = [0.1, 0.1, 0.1, 0.5, 0.1, 0.1, 0.8, 0.1, 0.1, 0.1]
    whole.forEach((value, n) => {
      mono[n] = value * gains[Math.floor(n / (3 * RATE))]!
    })
    const wanted = 20 * Math.log10(0.5 / Math.sqrt((0.25 + 0.64) / 2))
    near(hear(mono).dynamics.drDb, Math.max(0, wanted), 0.05, 'DR')
    mono.set([1, -1], 100)
    mono.set([1], 20 * RATE)
    const peaked = 20 * Math.log10(1 / Math.sqrt((0.25 + 0.64) / 2))
    near(hear(mono).dynamics.drDb, peaked, 0.05, 'DR of two full-scale clicks')
  })

  test('the mean of the channels; silence has none', () => {
    const left = sine(9, 0.5)
    const right = sine(9, 0.05)
    right[5] = 1
    right[4 * RATE] = 1
    const both = new Float32Array(2 * left.length).map((_, i) => (i % 2 === 0 ? left : right)[i >> 1]!)
    near(hearStereo(both).dynamics.drDb, (0 + 26.02) / 2, 0.1, 'DR')
    assert.deepEqual(hear(silence(7)).dynamics, { drDb: 0, plrDb: 0, crestDb: 0 })
  })
})

describe('loudness over time', () => {
  test('the greatest point is as loud as the track gets, and stands where it sounds', () => {
    const mono = sine(20, 0.05)
    for (let n = 12 * RATE; n < 13 * RATE; n++) mono[n]! *= 10
    const { curve, momentaryMaxLufs, shortTermMaxLufs } = hear(mono).loudness
    assert.equal(curve.stepSec, 0.1)
    assert.equal(curve.momentaryLufs.length, 200)
    // Points are read every 100 ms, the greatest values of the track between them too.
    near(Math.max(...curve.momentaryLufs), momentaryMaxLufs, 0.05, 'momentary')
    near(Math.max(...curve.shortTermLufs), shortTermMaxLufs, 0.05, 'short-term')
    near(curve.momentaryLufs.indexOf(Math.max(...curve.momentaryLufs)) * 0.1, 12.5, 0.4, 'loudest moment')
    near(curve.momentaryLufs[50]!, curve.momentaryLufs[150]!, 0.05, 'before and after')
  })

  test('a longer track has coarser points, never more than 1000', () => {
    const meter = loudnessMeter(RATE, 1)
    const block = new Float32Array(RATE / 10)
    for (let i = 0; i < 2050; i++) meter.push([block])
    const { curve } = meter.finish()
    assert.equal(curve.stepSec, 0.3)
    assert.equal(curve.momentaryLufs.length, 684)
    assert.equal(curve.shortTermLufs.length, 684)
  })
})

/** A beat and noise under it, faded by `shape` over `seconds` at both ends. */
const faded = (seconds: number, shape: (u: number) => number) => {
  const floor = noise(40, 0.1)
  const mono = clicks(126, 40).map((value, i) => value + floor[i]!)
  for (let n = 0; n < seconds * RATE; n++) {
    const gain = shape(n / (seconds * RATE))
    mono[n]! *= gain
    mono[mono.length - 1 - n]! *= gain
  }
  return mono
}
const fadesOf = (mono: Float32Array) => {
  const meter = loudnessMeter(RATE, 1)
  for (let at = 0; at < mono.length; at += RATE / 10) meter.push([mono.subarray(at, at + RATE / 10)])
  return findFades(meter.blocks(), 0, 0)
}

describe('silence and fades', () => {
  test('gaps of a second and more are told, shorter ones are not', () => {
    const mono = sine(10, 0.3)
    mono.fill(0, 0, RATE / 2)
    mono.fill(0, 3 * RATE, 4.5 * RATE)
    mono.fill(0.0005, 6 * RATE, 6.5 * RATE)
    mono.fill(0, 9.2 * RATE)
    const { startSec, endSec, gaps } = hear(mono).silence
    near(startSec, 0.5, 0.011, 'start')
    near(endSec, 0.8, 0.011, 'end')
    assert.equal(gaps.length, 2)
    near(gaps[0]!, 3, 0.011, 'from')
    near(gaps[1]!, 4.5, 0.011, 'to')
  })

  const shapes: [string, (u: number) => number][] = [
    ['linear', (u) => u],
    ['in decibels', (u) => 10 ** (-2.5 * (1 - u))],
    ['squared', (u) => u * u],
  ]
  for (const [name, shape] of shapes)
    for (const seconds of [5, 12])
      test(`a fade ${name} of ${seconds} s is found at both ends, its length within 40 %`, () => {
        const { inSec, outSec } = fadesOf(faded(seconds, shape))
        near(inSec, seconds, 0.4 * seconds, 'in')
        near(outSec, seconds, 0.4 * seconds, 'out')
      })

  test('music that begins and ends at once, and the end of one note, are no fades', () => {
    assert.deepEqual(fadesOf(faded(0, () => 1)), { inSec: 0, outSec: 0 })
    const mono = clicks(100, 30)
    mono.fill(0, 28 * RATE)
    strike(mono, 28, 220, 0.5, 0.3)
    assert.deepEqual(fadesOf(mono.subarray(0, 29 * RATE)), { inSec: 0, outSec: 0 })
  })

  test('too little to judge by', () => assert.deepEqual(findFades(new Float32Array(20), 0, 0), { inSec: 0, outSec: 0 }))
})

describe('faults of the samples', () => {
  test('clipping: three and more in a row at full scale', () => {
    const mono = sine(2, 0.5)
    mono.fill(1, 1000, 1010)
    mono.fill(-1, 2000, 2003)
    mono[3000] = 1
    near(hear(mono).signal.clippedShare, 13 / mono.length, 1e-9, 'share')
  })

  test('broken samples are counted, and heard as silence', () => {
    const mono = sine(2, 0.5)
    mono[7] = NaN
    mono[50_000] = Infinity
    mono[50_001] = -1e30
    const { signal, loudness } = hear(mono)
    near(signal.brokenShare, 3 / mono.length, 1e-12, 'share')
    near(loudness.samplePeakDbfs, 20 * Math.log10(0.5), 1e-3, 'peak')
    near(hearStereo(stereo(mono)).signal.brokenShare, 3 / mono.length, 1e-12, 'share of stereo')
  })

  test('offset and correlation of the sides', () => {
    const [left, right] = [sine(2, 0.3), sine(2, 0.3, 1511)]
    const of = (f: (n: number) => [number, number]) =>
      hearStereo(Float32Array.from({ length: 2 * left.length }, (_, i) => f(i >> 1)[i % 2]!)).signal
    near(of((n) => [left[n]!, left[n]!]).stereoCorrelation, 1, 1e-6, 'same')
    near(of((n) => [left[n]!, -left[n]!]).stereoCorrelation, -1, 1e-6, 'opposite')
    near(of((n) => [left[n]!, right[n]!]).stereoCorrelation, 0, 0.01, 'unrelated')
    assert.equal(of((n) => [left[n]!, 0]).stereoCorrelation, 0)
    near(hear(left.map((value) => value + 0.2)).signal.dcOffset, 0.2, 1e-4, 'offset')
  })
})
