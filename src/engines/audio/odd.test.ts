import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { array, assert as check, boolean, constantFrom, integer, property, record } from 'fast-check'
import { analyze } from './analyzer.ts'
import { CURVE_POINTS_MAX } from './loudness.ts'
import { loadFft } from './fft.ts'
import { framesIntact } from './frames.ts'
import { goldenSignals } from './golden.fixture.ts'
import { frameKeeper } from './kept.ts'
import { noise, random, RATE, silence, stereo } from './signals.fixture.ts'
import type { SpectralShape, TrackAnalysis } from './types.ts'

const fft = await loadFft()
const hear = (samples: Float32Array, channels: 1 | 2 = 1) => analyze(samples, { sampleRate: RATE, channels, fft })

/** Every number of an analysis with its place. */
const numbersOf = (value: unknown, at = ''): [string, number][] => {
  if (typeof value === 'number') return [[at, value]]
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array, (n, i) => [`${at}[${i}]`, n])
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, inner]) => numbersOf(inner, `${at}.${key}`))
}

const within = (value: number, low: number, high: number, what: string) =>
  assert.ok(value >= low && value <= high, `${what}: ${value} is not within ${low}..${high}`)

const assertShape = (shape: SpectralShape) => {
  within(shape.centroidHz, 0, RATE / 2, 'centroid')
  within(shape.rolloffHz, 0, RATE / 2, 'rolloff')
  within(shape.bandwidthHz, 0, RATE / 2, 'bandwidth')
  within(shape.flatness, 0, 1.001, 'flatness')
  within(shape.zeroCrossingRate, 0, 1, 'zero crossings')
  within(shape.rms, 0, 64, 'rms')
  within(shape.fluxDb, 0, 200, 'flux')
}

/** What must hold of any analysis of anything. */
const assertSane = (a: TrackAnalysis) => {
  for (const [at, value] of numbersOf(a)) assert.ok(Number.isFinite(value), `${at} is ${value}`)
  assertShape(a.spectral)
  const shares = {
    energy: a.energy,
    tempo: a.tempo.confidence,
    meter: a.timeSignature.confidence,
    key: a.key.confidence,
    clipped: a.signal.clippedShare,
    broken: a.signal.brokenShare,
  }
  for (const [name, share] of Object.entries(shares)) within(share, 0, 1, name)
  for (const value of a.chroma) within(value, 0, 1, 'chroma')
  for (const value of [...a.mfccVariance, ...a.chromaVariance, ...a.spectral.variance.contrastDb])
    assert.ok(value >= 0, 'no variance is negative')
  within(a.signal.stereoCorrelation, -1, 1, 'correlation')
  within(a.chromaTuning, -0.5, 0.5, 'tuning of chroma')
  within(a.tuningHz, 427, 453, 'tuning')
  within(a.silence.startSec + a.silence.endSec, 0, a.durationSec + 1e-6, 'silence')
  within(a.fades.inSec + a.fades.outSec, 0, a.durationSec, 'fades')
  assert.ok(a.loudness.curve.momentaryLufs.length <= CURVE_POINTS_MAX)
  assert.equal(a.waveform.length, 2 * Math.ceil(Math.round(a.durationSec * RATE) / 441))
  assert.ok(framesIntact(a.frames))
}

/** What one stretch of a bad recording may be: value of sample n. */
const kinds: Record<string, (n: number, next: () => number) => number> = {
  silence: () => 0,
  offset: () => 0.7,
  click: (n) => (n % 4000 === 17 ? 1 : 0),
  noise: (_, next) => 0.9 * (2 * next() - 1),
  sine: (n) => 0.5 * Math.sin(0.05 * n),
  clipped: (n) => Math.max(-1, Math.min(1, 9 * Math.sin(0.03 * n))),
  'half the sample rate': (n) => (n % 2 === 0 ? 1 : -1),
  denormal: (n) => (n % 2 === 0 ? 1e-40 : -1e-42),
  'no number': (n) => (n % 3 === 0 ? NaN : 0.1),
  infinite: (n) => (n % 5 === 0 ? -Infinity : Infinity),
  absurd: (n) => (n % 2 === 0 ? 3e38 : -3e38),
  'last bit': (_, next) => Math.round(2 * next() - 1) / 32_768,
}

const stretch = record({
  kind: constantFrom(...Object.keys(kinds)),
  samples: integer({ min: 0, max: 20_000 }),
})

const build = (stretches: { kind: string; samples: number }[]) => {
  const next = random(11)
  return Float32Array.from(
    stretches.flatMap(({ kind, samples }) => Array.from({ length: samples }, (_, n) => kinds[kind]!(n, next))),
  )
}

describe('whatever comes in', () => {
  test('every number is finite and within its range', () => {
    check(
      property(array(stretch, { maxLength: 4 }), boolean(), (stretches, isStereo) => {
        const mono = build(stretches)
        assertSane(isStereo ? hear(stereo(mono), 2) : hear(mono))
      }),
      { numRuns: 30, seed: 1 },
    )
  })

  for (const kind of Object.keys(kinds))
    test(`two seconds of ${kind}`, () => assertSane(hear(build([{ kind, samples: 2 * RATE }]))))

  for (const [name, signal] of Object.entries(goldenSignals)) test(name, () => assertSane(hear(signal)))

  for (const samples of [0, 1, 2, 440, 441, 4409, 4410, 4411])
    test(`${samples} samples`, () => assertSane(hear(new Float32Array(samples).fill(0.5))))

  test('both sides the same but opposite: mono hears nothing, loudness does', () => {
    const mono = noise(2, 0.3)
    const analysis = hear(
      Float32Array.from({ length: 2 * mono.length }, (_, i) => (i % 2 ? -1 : 1) * mono[i >> 1]!),
      2,
    )
    assertSane(analysis)
    assert.ok(analysis.loudness.integratedLufs > -20)
    assert.equal(analysis.spectral.rms, 0)
  })
})

describe('what there is nothing to say about is said with no confidence', () => {
  test('silence, an offset and clicks apart have no beat and no key', () => {
    for (const mono of [silence(5), silence(5).fill(0.5)]) {
      const { tempo, key, loudness } = hear(mono)
      assert.equal(tempo.bpm, 0)
      assert.equal(tempo.confidence, 0)
      assert.ok(key.confidence < 0.2, `key ${key.confidence}`)
      assert.ok(loudness.integratedLufs <= -20)
    }
  })

  test('white noise: flat, no key to speak of', () => {
    const { spectral, key } = hear(noise(6, 0.5))
    within(spectral.flatness, 0.5, 0.6, 'flatness of Gaussian-like spectra')
    assert.ok(key.confidence < 0.5, `key ${key.confidence}`)
  })
})

test('however long a track is, a bounded number of frames is kept, evenly spread from the first on', () => {
  const most = 64
  for (const frames of [1, 63, 64, 65, 1000, 40_000]) {
    const keeper = frameKeeper(2, most)
    for (let i = 0; i < frames; i++) keeper.push(Float32Array.of(i, 0), Float32Array.of(i, i), 0, 2)
    const { count, stride, power, rms } = keeper.finish()
    assert.equal(count, Math.ceil(frames / stride))
    assert.ok(count <= most && (stride === 1 || count > most / 2))
    for (let row = 0; row < count; row++) {
      assert.equal(power[2 * row], row * stride)
      assert.equal(rms[row], Math.fround(row * stride))
    }
  }
})
