import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { array, assert as check, integer, property } from 'fast-check'
import { analyze, createAnalyzer } from './analyzer.ts'
import { loadFft, plainFft } from './fft.ts'
import { framesIntact, readFrame, readFrameHeader } from './frames.ts'
import { cadence, chords, clicks, noise, RATE, silence, stereo, strike } from './signals.fixture.ts'
import type { TrackAnalysis } from './types.ts'

const fft = await loadFft()
const hear = (mono: Float32Array) => analyze(mono, { sampleRate: RATE, channels: 1, fft })
const hearStereo = (interleaved: Float32Array) => analyze(interleaved, { sampleRate: RATE, channels: 2, fft })

const bytes = () => process.memoryUsage().arrayBuffers

/** Every number of an analysis, for the check that none is NaN or infinite. */
const numbersOf = (value: unknown): number[] => {
  if (typeof value === 'number') return [value]
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array)
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(numbersOf) : []
}

const assertSane = (analysis: TrackAnalysis) => {
  const numbers = numbersOf(analysis)
  assert.ok(numbers.length > 50 && numbers.every(Number.isFinite), 'every value is a finite number')
  assert.ok(framesIntact(analysis.frames))
  assert.ok(analysis.energy >= 0 && analysis.energy <= 1)
  assert.ok(analysis.tuningHz > 427 && analysis.tuningHz < 453)
  for (const times of [analysis.beats, analysis.downbeats, analysis.onsets])
    times.forEach((time, i) => assert.ok(time >= (times[i - 1] ?? 0) && time <= analysis.durationSec + 0.1))
}

describe('rhythm', () => {
  for (const bpm of [70, 96, 120, 150, 174])
    test(`clicks at ${bpm}: tempo within 1 % (or an octave), beats within 30 ms of the clicks`, () => {
      const { tempo, beats } = hear(clicks(bpm, 14))
      const level = [1, 2, 1 / 2].find((factor) => Math.abs(tempo.bpm / (bpm * factor) - 1) < 0.01)
      assert.ok(level !== undefined, `heard ${tempo.bpm}`)
      const grid = (60 / bpm) * Math.min(1, 1 / level)
      const errors = Array.from(
        beats,
        (beat) => Math.abs((beat - 0.25) / grid - Math.round((beat - 0.25) / grid)) * grid,
      )
      assert.ok(beats.length > 10)
      // Out of digital silence the 46 ms window hears a click as soon as it enters.
      assert.ok(
        errors.every((error) => error < 0.03),
        `largest error ${Math.max(...errors)}`,
      )
    })

  test('downbeats are a subset of the beats, beatsPerBar apart', () => {
    const { beats, downbeats, timeSignature } = hear(clicks(120, 24))
    const at = Array.from(downbeats, (downbeat) => beats.indexOf(downbeat))
    assert.ok(at.length >= 4 && at.every((index) => index >= 0))
    at.slice(1).forEach((index, i) => assert.equal(index - at[i]!, timeSignature.beatsPerBar))
  })
})

describe('key and tuning', () => {
  for (const [tonic, mode, name, camelot] of [
    [0, 'major', 'C major', '8B'],
    [2, 'minor', 'D minor', '7A'],
    [8, 'major', 'A♭ major', '4B'],
    [11, 'minor', 'B minor', '10A'],
  ] as const)
    test(`cadences in ${name}`, () => {
      const { key } = hear(chords(cadence(tonic, mode), 2))
      assert.equal(key.name, name)
      assert.equal(key.camelot, camelot)
      assert.ok(key.confidence > 0.3 && key.confidence <= 1)
    })

  test('tuned 30 cents sharp: 447.7 Hz within 1 Hz, same key', () => {
    const { key, tuningHz } = hear(chords(cadence(0, 'major'), 2, 30))
    assert.ok(Math.abs(tuningHz - 440 * 2 ** (0.3 / 12)) < 1, `${tuningHz} Hz`)
    assert.equal(key.name, 'C major')
  })
})

describe('odd input', () => {
  test('no samples at all', () => {
    const analysis = hear(new Float32Array(0))
    assert.equal(analysis.durationSec, 0)
    assert.equal(analysis.tempo.bpm, 0)
    assert.equal(readFrameHeader(analysis.frames).frameCount, 0)
    assertSane(analysis)
  })

  test('one sample', () => assertSane(hear(Float32Array.of(0.5))))

  test('silence: no beat, no key, all of it silent', () => {
    const analysis = hear(silence(4))
    assertSane(analysis)
    assert.equal(analysis.tempo.bpm, 0)
    assert.equal(analysis.key.confidence, 0)
    assert.equal(analysis.loudness.integratedLufs, -70)
    assert.equal(analysis.silence.startSec, 4)
    assert.equal(analysis.energy, 0)
    assert.ok(analysis.chroma.every((value) => value === 0))
  })

  test('a jingle of two seconds', () => {
    const analysis = hear(chords(cadence(0, 'major').slice(0, 2), 1))
    assertSane(analysis)
    assert.equal(analysis.durationSec, 2)
    assert.equal(readFrameHeader(analysis.frames).frameCount, 120)
  })

  test('DC, white noise, full-scale clipping', () => {
    assertSane(hear(silence(3).fill(0.5)))
    assertSane(hear(noise(3, 0.5)))
    const clipped = clicks(120, 6).map((value) => Math.max(-1, Math.min(1, 100 * value)))
    const analysis = hear(clipped)
    assertSane(analysis)
    assert.equal(analysis.loudness.samplePeakDbfs, 0)
    assert.ok(analysis.loudness.truePeakDbtp >= 0)
  })

  test('NaN, infinity and absurd values count as silence', () => {
    const broken = clicks(120, 5)
    broken.set([Number.NaN, Infinity, -Infinity, 1e30], 1000)
    assertSane(hear(broken))
  })

  test('silence at both ends is measured', () => {
    const out = silence(6)
    for (let at = 1; at < 4; at += 0.25) strike(out, at, 440, 0.5, 0.05)
    const { silence: ends } = hear(out)
    assert.ok(Math.abs(ends.startSec - 1) < 0.02)
    assert.ok(Math.abs(ends.endSec - (6 - 3.75 - 0.2)) < 0.1, `${ends.endSec}`)
  })

  test('another sample rate or channel count is refused in one sentence', () => {
    assert.throws(() => createAnalyzer({ sampleRate: 48_000 as 44_100, channels: 1 }), /48000 is not 44100/)
    assert.throws(() => createAnalyzer({ sampleRate: RATE, channels: 6 as 2 }), /mix down/)
  })
})

describe('streaming', () => {
  test('property: the cut of the input changes nothing', () => {
    const input = stereo(clicks(120, 3))
    const whole = hearStereo(input)
    check(
      property(array(integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const analyzer = createAnalyzer({ sampleRate: RATE, channels: 2, fft })
        for (let at = 0, i = 0; at < input.length; i++) {
          const size = 2 * sizes[i % sizes.length]!
          analyzer.push(input.subarray(at, at + size))
          at += size
        }
        assert.deepEqual(analyzer.finish(), whole)
      }),
      { numRuns: 4, seed: 1 },
    )
  })

  test('the same channel twice: everything as in mono, loudness 3 LU up', () => {
    const mono = chords(cadence(5, 'minor'), 2)
    const [one, two] = [hear(mono), hearStereo(stereo(mono))]
    assert.ok(Math.abs(two.loudness.integratedLufs - one.loudness.integratedLufs - 3.01) < 0.01)
    assert.deepEqual(two.beats, one.beats)
    assert.deepEqual(two.key, one.key)
    assert.deepEqual(two.waveform, one.waveform)
  })

  test('both FFT kits give the same answers', () => {
    const mono = chords(cadence(9, 'minor'), 2)
    const [fast, plain] = [hear(mono), analyze(mono, { sampleRate: RATE, channels: 1, fft: plainFft() })]
    assert.equal(plain.key.name, fast.key.name)
    plain.beats.forEach((beat, i) => assert.ok(Math.abs(beat - fast.beats[i]!) < 1e-3))
    plain.mfcc.forEach((value, i) => assert.ok(Math.abs(value - fast.mfcc[i]!) < 1e-2))
  })

  test('memory grows by the features alone: under 40 kB for each second of a long input', () => {
    const analyzer = createAnalyzer({ sampleRate: RATE, channels: 1, fft, durationHintSec: 1 })
    const second = noise(1, 0.1)
    // By then all spectra that are ever kept are there (8 MB).
    for (let i = 0; i < 45; i++) analyzer.push(second)
    globalThis.gc?.()
    const before = bytes()
    const seconds = 150
    for (let i = 0; i < seconds; i++) analyzer.push(second)
    // Growing arrays may hold half as much again, and garbage may not be collected yet; audio would be 176 kB a second.
    assert.ok((bytes() - before) / seconds < 40_000, `${(bytes() - before) / seconds} bytes a second`)
    assertSane(analyzer.finish())
  })
})

describe('visual frames of a track', () => {
  test('beats, phases and peaks stand where the music has them', () => {
    const mono = clicks(120, 12)
    const { frames, beats } = hear(mono)
    const header = readFrameHeader(frames)
    assert.equal(header.frameCount, 720)
    const marked = Array.from({ length: 720 }, (_, i) => i).filter((i) => readFrame(frames, i)!.beat)
    assert.deepEqual(
      marked,
      Array.from(beats, (beat) => Math.round(beat * 60)),
    )
    const between = readFrame(frames, Math.round(60 * (beats[4]! + beats[5]!) * 0.5))!
    assert.ok(Math.abs(between.beatPhase - 0.5) < 0.06, `${between.beatPhase}`)
    const loud = Math.max(...Array.from({ length: 720 }, (_, i) => readFrame(frames, i)!.peak))
    assert.ok(loud > 0.5)
    assert.ok(Math.max(...frames.subarray(64, 64 + 40 * 60)) === 255)
  })
})
