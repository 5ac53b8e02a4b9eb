import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { analyze } from '#engines/audio/analyzer.ts'
import { HARMONY_VALUES, harmonyOf } from './harmony.ts'
import type { Heard } from './heard.ts'
import { BLOCKS, embed, EMBEDDING_DIMENSIONS, similarityOf } from './index.ts'
import { RAW_VALUES, rawOf } from './raw.ts'

const RATE = 44_100
const CHORDS = [
  [0, 4, 7],
  [9, 12, 16],
  [5, 9, 12],
  [7, 11, 14],
]

/** Four chords round and round. `bright` is how many harmonics there are. */
const round = (semitones: number, beatSec: number, bright: number, level = 0.3) =>
  Float32Array.from({ length: 10 * RATE }, (_, i) => {
    const t = i / RATE
    const since = t % beatSec
    const chord = CHORDS[Math.floor(t / (2 * beatSec)) % CHORDS.length]!
    let sum = 0
    for (const pitch of chord)
      for (let h = 1; h <= bright; h++)
        sum += Math.sin(2 * Math.PI * h * 220 * 2 ** ((pitch + semitones) / 12) * t) / h / chord.length
    return level * Math.exp(-3 * since) * sum
  })

let last: Heard
const hear = (samples: Float32Array) => {
  const { embedding } = analyze(samples, { sampleRate: RATE, channels: 1, onHeard: (heard) => (last = heard) })
  return { embedding, heard: last }
}
const home = hear(round(0, 0.5, 6))

test('the blocks fill the vector, and every raw value has a place', () => {
  assert.equal(
    BLOCKS.reduce((sum, { dimensions }) => sum + dimensions, 0),
    EMBEDDING_DIMENSIONS,
  )
  assert.equal(rawOf(home.heard).length, RAW_VALUES)
})

test('of length 1, and the same for the same sound', () => {
  assert.ok(Math.abs(Math.hypot(...home.embedding) - 1) < 1e-5)
  assert.deepEqual(hear(round(0, 0.5, 6)).embedding, home.embedding)
  assert.ok(similarityOf(home.embedding, home.embedding) > 0.9999)
})

test('the level does not matter', () => {
  const quiet = hear(round(0, 0.5, 6, 0.03)).embedding
  assert.ok(similarityOf(home.embedding, quiet) > 0.97, String(similarityOf(home.embedding, quiet)))
})

test('a fifth higher is nearer than another sound at another pace', () => {
  const higher = similarityOf(home.embedding, hear(round(7, 0.5, 6)).embedding)
  const other = similarityOf(home.embedding, hear(round(0, 0.19, 1)).embedding)
  assert.ok(higher > other, `${higher} ${other}`)
})

test('the harmony block is the same in every key', () => {
  const chroma = Float32Array.from(
    { length: 12 * 250 },
    (_, i) => ((i * 7919) % 97) / 97 + ((i % 12) % 5 === 0 ? 1 : 0),
  )
  const at = (shift: number) => {
    const moved = chroma.map((_, i) => chroma[i - (i % 12) + (((i % 12) + 12 - shift) % 12)]!)
    return harmonyOf({ ...home.heard, chroma: moved })
  }
  const here = at(0)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 11 }), (shift) => {
      const there = at(shift)
      for (let i = 0; i < HARMONY_VALUES; i++) assert.ok(Math.abs(here[i]! - there[i]!) < 1e-4)
    }),
    { numRuns: 11 },
  )
})

test('silence and one sample are like nothing; noise is a vector of numbers', () => {
  for (const samples of [new Float32Array(RATE), new Float32Array(0), Float32Array.of(0.5)])
    assert.ok(hear(samples).embedding.every((value) => Number.isFinite(value)))
  const silence = hear(new Float32Array(3 * RATE)).embedding
  assert.equal(similarityOf(silence, home.embedding), 0)
})

test('whatever raw values come in, the vector is of length 1', () => {
  fc.assert(
    fc.property(
      fc.float32Array({ minLength: RAW_VALUES, maxLength: RAW_VALUES, noNaN: true, noDefaultInfinity: true }),
      (raw) => {
        const length = Math.hypot(...embed(raw))
        assert.ok(Math.abs(length - 1) < 1e-4 || length === 0)
      },
    ),
  )
})
