import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { decimatedChromaMeter, tuningConfidenceOf, tuningOf } from '#engines/audio/chroma.ts'
import { plainFft } from '#engines/audio/fft.ts'
import { keyName } from '#engines/audio/key.ts'
import { cellsOf, edgesOf } from './cells.ts'
import { CHORDS_MAX, chordPosteriors, chordSpans } from './chords.ts'
import { findHarmony } from './index.ts'
import { CHORD_STATES, chordLabel, chordState, NO_CHORD, QUALITIES } from './qualities.ts'
import { PITCHES, ROW_BYTES, ROWS_PER_SEC } from './rows.ts'

const RATE = 11_025
const CHORD_SEC = 2
const fft = plainFft()

type Chord = { root: number; tones: number[] }
const major = (root: number): Chord => ({ root, tones: [0, 4, 7] })
const minor = (root: number): Chord => ({ root, tones: [0, 3, 7] })

/** Plucked chords over their bass note, each of two seconds, as tones of five harmonics. */
const play = (chords: Chord[], cents = 0): Float32Array => {
  const out = new Float32Array(chords.length * CHORD_SEC * RATE)
  chords.forEach(({ root, tones }, i) => {
    const pitches = [36 + (root % 12), ...tones.map((tone) => 60 + ((root + tone) % 12))]
    for (const pitch of pitches) {
      const hz = 440 * 2 ** ((pitch - 69 + cents / 100) / 12)
      for (let n = 0; n < CHORD_SEC * RATE; n++) {
        const strength = 0.1 * Math.exp((-1.2 * n) / RATE)
        for (let h = 1; h <= 5 && h * hz < RATE / 2; h++)
          out[i * CHORD_SEC * RATE + n]! += (strength / h) * Math.sin((2 * Math.PI * h * hz * n) / RATE)
      }
    }
  })
  return out
}

const hear = (audio: Float32Array, sureness = 1) => {
  const meter = decimatedChromaMeter(fft, RATE, audio.length / RATE)
  for (let at = 0; at < audio.length; at += 4096) meter.push(audio.subarray(at, at + 4096))
  const { rows, fine } = meter.finish()
  const durationSec = audio.length / RATE
  const beats = Array.from({ length: Math.floor(durationSec) }, (_, i) => i)
  return { ...findHarmony(rows, beats, durationSec, sureness), rows, fine, durationSec }
}

/** I vi IV V I: no doubt about the key. */
const cadence = (tonic: number) => [0, 9, 5, 7, 0].map((step) => (step === 9 ? minor : major)((tonic + step) % 12))

describe('chords and keys', () => {
  it('are those that were played', () => {
    for (const tonic of [0, 1, 5, 10]) {
      const chords = cadence(tonic)
      const found = hear(play(chords))
      const names = chords.map(
        ({ root, tones }) => `${chordLabel(root * QUALITIES.length).split(':')[0]!}:${tones[1] === 4 ? 'maj' : 'min'}`,
      )
      assert.deepEqual(
        names.map((_, i) => found.chords.find(({ endSec }) => endSec > (i + 0.5) * CHORD_SEC)!.label),
        names,
      )
      assert.equal(found.key.name, keyName(tonic, 'major'))
    }
  })

  it('do not depend on the tuning, which is told', () => {
    for (const cents of [-40, 30]) {
      const found = hear(play(cadence(2), cents))
      assert.equal(found.key.name, 'D major')
      assert.ok(Math.abs(tuningOf(found.fine) * 100 - cents) < 6, `heard ${tuningOf(found.fine) * 100} for ${cents}`)
      assert.ok(tuningConfidenceOf(found.fine) > 0.3)
    }
  })

  it('a new key is a change, a borrowed chord is none', () => {
    const modulating = hear(
      play([...cadence(0), ...cadence(0), ...cadence(0), ...cadence(4), ...cadence(4), ...cadence(4)]),
    )
    assert.deepEqual(
      modulating.keyChanges.map(({ name }) => name),
      ['C major', 'E major'],
    )
    assert.ok(Math.abs(modulating.keyChanges[1]!.startSec - 30) < 6, `at ${modulating.keyChanges[1]!.startSec}`)
    const borrowing = hear(play([...cadence(0), ...cadence(0), major(8), major(10), ...cadence(0), ...cadence(0)]))
    assert.deepEqual(
      borrowing.keyChanges.map(({ name }) => name),
      ['C major'],
    )
  })

  it('of silence and noise are named without confidence', () => {
    const silent = hear(new Float32Array(5 * RATE))
    assert.equal(silent.key.confidence, 0)
    assert.deepEqual(silent.keyChanges, [])
    assert.equal(tuningConfidenceOf(silent.fine), 0)
    let state = 1
    const noise = hear(
      Float32Array.from({ length: 10 * RATE }, () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647 - 0.5),
    )
    assert.ok(noise.key.confidence < 0.25, `noise ${noise.key.confidence}`)
    assert.ok(tuningConfidenceOf(noise.fine) < 0.06)
  })

  it('of a jingle are there, end to end', () => {
    const { chords, durationSec } = hear(play([major(7)]).subarray(0, 1.2 * RATE))
    assert.equal(chords[0]!.startSec, 0)
    assert.equal(chords.at(-1)!.endSec, durationSec)
  })
})

const someRows = fc
  .array(fc.uint8Array({ minLength: ROW_BYTES, maxLength: ROW_BYTES }), { minLength: 8, maxLength: 40 })
  .map((rows) => Uint8Array.from(rows.flatMap((row) => Array.from(row))))

const turned = (rows: Uint8Array, steps: number) =>
  rows.map((value, i) => {
    const at = i % ROW_BYTES
    if (at >= PITCHES) return value
    const pitch = at % 12
    return rows[i - pitch + ((pitch - steps + 12) % 12)]!
  })

describe('rules', () => {
  it('whatever is heard, transposed it is heard transposed', () => {
    fc.assert(
      fc.property(someRows, fc.integer({ min: 1, max: 11 }), (rows, steps) => {
        const durationSec = rows.length / ROW_BYTES / ROWS_PER_SEC
        const edges = edgesOf([], durationSec)
        const plain = chordPosteriors(cellsOf(rows, edges))
        const moved = chordPosteriors(cellsOf(turned(rows, steps), edges))
        for (let i = 0; i < plain.length; i++) {
          const state = i % CHORD_STATES
          const there = state === NO_CHORD ? state : (state + steps * QUALITIES.length) % NO_CHORD
          assert.ok(Math.abs(plain[i]! - moved[i - state + there]!) < 1e-4)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('cells, chords and keys lie end to end and are bounded, however wild the beats', () => {
    const beats = fc.array(fc.double({ min: 0.001, max: 4, noNaN: true }), { maxLength: 60 })
    fc.assert(
      fc.property(someRows, beats, (rows, steps) => {
        const durationSec = rows.length / ROW_BYTES / ROWS_PER_SEC
        const found = findHarmony(
          rows,
          steps.map(
            (
              (sum) => (step) =>
                (sum += step)
            )(0),
          ),
          durationSec,
          1,
        )
        for (const spans of [found.chords, found.keyChanges]) {
          if (spans.length === 0) continue
          assert.equal(spans[0]!.startSec, 0)
          assert.equal(spans.at(-1)!.endSec, durationSec)
          spans.slice(1).forEach(({ startSec, confidence }, i) => {
            assert.equal(startSec, spans[i]!.endSec)
            assert.ok(confidence >= 0 && confidence <= 1)
          })
        }
      }),
      { numRuns: 25 },
    )
  })

  it('three hours of chords that change with every cell keep to the bound', () => {
    const edges = edgesOf(
      Array.from({ length: 21_600 }, (_, i) => i / 2),
      10_800,
    )
    const count = edges.length - 1
    assert.ok(count <= 32_768)
    const path = Uint8Array.from({ length: count }, (_, i) => (i * 7) % NO_CHORD)
    const cells = { ...cellsOf(new Uint8Array(0), Float64Array.of(0, 1)), count, edgesSec: edges }
    const spans = chordSpans(cells, new Float32Array(count * CHORD_STATES), path, 1)
    assert.ok(spans.length <= CHORDS_MAX && spans.length > 1)
    assert.equal(spans.at(-1)!.endSec, 10_800)
  })

  it('labels say which state they are', () => {
    for (let state = 0; state < CHORD_STATES; state++) assert.equal(chordState(chordLabel(state)), state)
    assert.equal(chordState('C:5'), undefined)
    assert.equal(chordState('Bb'), 10 * QUALITIES.length)
  })
})
