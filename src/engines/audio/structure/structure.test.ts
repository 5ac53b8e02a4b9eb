import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { cellsOf, edgesOf } from '#engines/audio/harmony/cells.ts'
import { PITCHES, ROW_BYTES, ROWS_PER_SEC } from '#engines/audio/harmony/rows.ts'
import { findSections, type Heard, TIMBRE_ROWS_PER_SEC, TIMBRE_WIDTH } from './index.ts'

const FLUX_WIDTH = 6
const FLUX_PER_SEC = 10
const BEAT_SEC = 0.5

const randomFrom = (seed: number) => () => {
  seed = (seed * 16_807) % 2_147_483_647
  return seed / 2_147_483_647
}

/** A track of parts of some bars each; a part sounds as its number says, with noise on top. */
const track = (parts: readonly { sound: number; bars: number }[], noise = 0.2): Heard => {
  const random = randomFrom(7)
  const bars = parts.flatMap(({ sound, bars: count }) => Array.from({ length: count }, () => sound))
  const durationSec = bars.length * 4 * BEAT_SEC
  const soundAt = (sec: number) => bars[Math.min(bars.length - 1, Math.floor(sec / (4 * BEAT_SEC) + 1e-6))]!
  const level = (sound: number, column: number) => Math.sin(1 + sound * 2.3 + column * 1.7) + noise * (2 * random() - 1)
  const table = (perSec: number, width: number) =>
    Float32Array.from({ length: Math.floor(durationSec * perSec) * width }, (_, i) =>
      level(soundAt(Math.floor(i / width) / perSec), i % width),
    )
  const rows = Uint8Array.from({ length: Math.floor(durationSec * ROWS_PER_SEC) * ROW_BYTES }, (_, i) =>
    i % ROW_BYTES < PITCHES ? 120 + 60 * level(soundAt(Math.floor(i / ROW_BYTES) / ROWS_PER_SEC), i % ROW_BYTES) : 100,
  )
  const beats = Array.from({ length: bars.length * 4 }, (_, i) => i * BEAT_SEC)
  return {
    timbreRows: table(TIMBRE_ROWS_PER_SEC, TIMBRE_WIDTH),
    flux: table(FLUX_PER_SEC, FLUX_WIDTH),
    fluxWidth: FLUX_WIDTH,
    fluxPerSec: FLUX_PER_SEC,
    cells: cellsOf(rows, edgesOf(beats, durationSec)),
    beats,
    downbeats: beats.filter((_, i) => i % 4 === 0),
    durationSec,
  }
}

const endToEnd = (sections: ReturnType<typeof findSections>, durationSec: number) => {
  assert.equal(sections[0]!.startSec, 0)
  assert.equal(sections.at(-1)!.endSec, durationSec)
  sections.slice(1).forEach(({ startSec }, i) => assert.equal(startSec, sections[i]!.endSec))
  for (const { confidence } of sections) assert.ok(confidence >= 0 && confidence <= 1)
}

describe('sections', () => {
  it('begin where the sound changes, to the bar, and share a letter where they sound alike', () => {
    const sections = findSections(
      track([
        { sound: 0, bars: 8 },
        { sound: 1, bars: 8 },
        { sound: 0, bars: 8 },
        { sound: 2, bars: 6 },
        { sound: 1, bars: 8 },
      ]),
    )
    assert.equal(sections.map(({ label }) => label).join(''), 'ABACB')
    assert.deepEqual(
      sections.map(({ startSec }) => startSec),
      [0, 16, 32, 48, 60],
    )
    for (const { confidence } of sections) assert.ok(confidence > 0.6)
  })

  it('a track that stays as it is has one', () => {
    assert.equal(findSections(track([{ sound: 3, bars: 40 }], 0)).length, 1)
  })

  it('a jingle and a track of no length have one', () => {
    for (const durationSec of [0, 0.01, 2]) {
      const cells = cellsOf(new Uint8Array(0), edgesOf([], durationSec))
      const none = new Float32Array(0)
      const sections = findSections({
        ...track([]),
        timbreRows: none,
        flux: none,
        cells,
        beats: [],
        downbeats: [],
        durationSec,
      })
      assert.equal(sections.length, 1)
      assert.deepEqual([sections[0]!.startSec, sections[0]!.endSec, sections[0]!.label], [0, durationSec, 'A'])
    }
  })

  it('of three hours are bounded', () => {
    const heard = track(Array.from({ length: 600 }, (_, i) => ({ sound: i % 11, bars: 9 })))
    const sections = findSections(heard)
    endToEnd(sections, heard.durationSec)
    assert.ok(sections.length > 20 && sections.length <= 255, `${sections.length}`)
  })

  it('lie end to end, whatever the parts', () => {
    const parts = fc.array(fc.record({ sound: fc.integer({ min: 0, max: 4 }), bars: fc.integer({ min: 1, max: 9 }) }), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(parts, (some) => {
        const heard = track(some)
        const sections = findSections(heard)
        endToEnd(sections, heard.durationSec)
        assert.equal(sections[0]!.label, 'A')
      }),
      { numRuns: 15 },
    )
  })
})
