import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chordScores, encodeChord } from './metrics/index.ts'
import { compose } from './corpus/compose.ts'
import { FONTS, KITS, type Split } from './corpus/fonts.ts'
import { chordOf } from './corpus/harmony.ts'
import { midiOf } from './corpus/midi.ts'
import type { Score, Span } from './corpus/score.ts'
import { faster } from './corpus/score.ts'
import { HELD_OUT_STYLES, STYLES } from './corpus/styles/index.ts'
import { readWav, writeWav } from './corpus/wav.ts'

const SECONDS = 30
const pieces: Score[] = Object.keys(STYLES).flatMap((name) => [compose(name, 1, SECONDS), compose(name, 2, SECONDS)])

const ascending = (times: readonly number[]) => times.every((time, i) => i === 0 || time > times[i - 1]!)

const covers = (spans: Span<unknown>[], durationSec: number) =>
  spans[0]!.fromSec === 0 &&
  spans.at(-1)!.toSec === durationSec &&
  spans.every(({ fromSec, toSec }, i) => toSec > fromSec && (i === 0 || fromSec === spans[i - 1]!.toSec))

const scaled = (spans: Span<string>[]) => ({
  intervals: spans.map(({ fromSec, toSec }) => [fromSec * 1.04, toSec * 1.04] as const),
  labels: spans.map(({ value }) => value),
})

const heard = (split: Split) =>
  [...FONTS, ...KITS].filter(({ splits }) => splits.includes(split)).map(({ path }) => path)

describe('styles', () => {
  test('every pattern has one character a step, and every program is General MIDI', () => {
    for (const [name, style] of Object.entries(STYLES)) {
      const patterns = [...style.bass, ...style.comp, ...style.grooves.flatMap((groove) => Object.values(groove))]
      for (const pattern of patterns) {
        assert.equal(pattern.length, style.steps * style.beatsPerBar, `${name}: ${pattern}`)
        assert.match(pattern, /^[.1-9]+$/, name)
      }
      for (const program of [...style.bassPrograms, ...style.compPrograms, ...(style.padPrograms ?? [])])
        assert.ok(program >= 0 && program < 128, name)
    }
  })

  test('what is held out exists, and is less than half', () => {
    for (const name of HELD_OUT_STYLES) assert.ok(STYLES[name], name)
    assert.ok(HELD_OUT_STYLES.size * 2 < Object.keys(STYLES).length)
  })
})

describe('composed pieces', () => {
  test('the same name gives the same piece, another number another', () => {
    assert.deepEqual(compose('swing', 7, SECONDS), compose('swing', 7, SECONDS))
    assert.notDeepEqual(compose('swing', 7, SECONDS).truth.beats, compose('swing', 8, SECONDS).truth.beats)
  })

  test('beats ascend; downbeats are beats, a bar apart; a piece without pulse tells none', () => {
    for (const { id, style, truth } of pieces) {
      assert.ok(ascending(truth.beats) && ascending(truth.downbeats) && ascending(truth.onsets), id)
      assert.equal(truth.beats.length === 0, STYLES[style]!.beatless ?? false, id)
      const places = truth.downbeats.map((time) => truth.beats.indexOf(time))
      assert.ok(
        places.every((place, i) => i === 0 || truth.beatsPerBar === place - places[i - 1]!),
        id,
      )
      assert.ok(places.length === 0 || (places[0]! >= 0 && places[0]! < 3), id)
    }
  })

  test('the tempo is within what the style allows, tempo curves included', () => {
    for (const { id, style, truth } of pieces) {
      const [low, high] = STYLES[style]!.bpm
      if (truth.bpm !== undefined) assert.ok(truth.bpm > low * 0.8 && truth.bpm < high * 1.2, `${id}: ${truth.bpm}`)
    }
  })

  test('keys, chords and sections cover the whole piece; chord labels are such as mir_eval reads', () => {
    for (const { id, truth, durationSec } of pieces) {
      assert.ok(covers(truth.keys, durationSec) && covers(truth.sections, durationSec), id)
      if (truth.chords.length === 0) continue
      assert.ok(covers(truth.chords, durationSec), id)
      for (const { value } of truth.chords) encodeChord(value)
    }
  })

  test('most of what is played belongs to the key', () => {
    for (const { id, style, notes, truth } of pieces) {
      if (STYLES[style]!.progressions === 'blues') continue
      const pitched = notes.filter(({ program }) => program !== 'drums')
      const inKey = pitched.filter(({ atSec, pitch }) => {
        const { tonic, mode } = (truth.keys.find(({ toSec }) => atSec < toSec) ?? truth.keys.at(-1)!).value
        const scale = mode === 'major' ? [0, 2, 4, 5, 7, 9, 11] : [0, 2, 3, 5, 7, 8, 10, 11]
        return scale.includes((pitch - tonic + 120) % 12)
      })
      assert.ok(inKey.length >= 0.7 * pitched.length, `${id}: ${inKey.length} of ${pitched.length}`)
    }
  })

  test('the chords that are told are those that the players have', () => {
    const { truth, notes } = compose('house', 3, SECONDS)
    for (const { fromSec, toSec, value } of truth.chords.filter((span) => span.value !== 'N')) {
      const { root, tones } = encodeChord(value)
      const played = notes.filter(
        ({ atSec, pitch, program }) =>
          program !== 'drums' && pitch < 48 && atSec > fromSec + 0.05 && atSec < toSec - 0.05,
      )
      for (const { pitch } of played) assert.equal(tones[(pitch - root + 120) % 12], 1, `${value} at ${fromSec}`)
    }
  })

  test('played faster, everything is earlier by the same share', () => {
    const { truth } = compose('waltz', 1, SECONDS)
    const quick = faster(truth, 1.04)
    assert.equal(quick.beats[9], truth.beats[9]! / 1.04)
    assert.equal(quick.bpm, truth.bpm! * 1.04)
    const same = {
      ...scaled(truth.chords),
      intervals: truth.chords.map(({ fromSec, toSec }) => [fromSec, toSec] as const),
    }
    assert.ok(chordScores(same, scaled(quick.chords)).tetrads > 0.999)
  })
})

describe('sounds', () => {
  test('no soundfont and no recorded kit of the held-out part is heard while learning or choosing', () => {
    for (const path of heard('held-out'))
      assert.ok(!heard('train').includes(path) && !heard('dev').includes(path), path)
    for (const split of ['train', 'dev', 'held-out'] as const) assert.ok(heard(split).length > 0)
  })

  test('numerals are chords: V7 in A minor, bVII in D, half-diminished and diminished ones', () => {
    assert.equal(chordOf('V7', 9).label, 'E:7')
    assert.equal(chordOf('bVII', 2).label, 'C:maj')
    assert.equal(chordOf('iih7', 0).label, 'D:hdim7')
    assert.equal(chordOf('iio', 9).label, 'B:dim')
    assert.throws(() => chordOf('Q', 0), /no chord numeral/)
  })

  test('a MIDI file has a note-on for every note that is not sung', () => {
    const { notes } = compose('rock', 1, SECONDS)
    const file = midiOf(notes, 20, 16)
    assert.equal(file.toString('latin1', 0, 4), 'MThd')
    const sung = notes.filter(({ program }) => program === 'voice').length
    const heads = file.reduce(
      (sum, byte, i) =>
        (byte & 0xf0) === 0x90 && (file[i + 1] ?? 128) < 128 && (file[i + 2] ?? 128) < 128 ? sum + 1 : sum,
      0,
    )
    assert.ok(heads >= notes.length - sung)
  })

  test('a WAV file gives back what it was given, to 16 bits', () => {
    const x = Float32Array.from({ length: 999 }, (_, i) => Math.sin(i))
    const back = readWav(writeWav(x, 44_100))
    assert.equal(back.length, x.length)
    back.forEach((value, i) => assert.ok(Math.abs(value - x[i]!) < 2e-5))
  })
})
