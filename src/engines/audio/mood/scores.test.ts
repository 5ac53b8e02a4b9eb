import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Cues } from './cues.ts'
import { arousalOf, danceabilityOf, energyOf, valenceOf } from './scores.ts'

const signed = fc.double({ min: -1, max: 1, noNaN: true })
const share = fc.double({ min: 0, max: 1, noNaN: true })
const anyCues: fc.Arbitrary<Cues> = fc.record({
  mode: signed,
  tempo: signed,
  density: signed,
  loudness: signed,
  brightness: signed,
  attack: signed,
  staccato: signed,
  roughness: signed,
  pulse: share,
  danceTempo: share,
  lowBeat: signed,
})

/** The score never falls when one cue rises. */
const rises = (scoreOf: (cues: Cues) => number, cue: keyof Cues) =>
  fc.assert(
    fc.property(anyCues, share, (cues, part) => {
      const more = { ...cues, [cue]: cues[cue] + part * (1 - cues[cue]) }
      assert.ok(scoreOf(more) >= scoreOf(cues) - 1e-12)
    }),
  )

test('all scores stay within 0..1', () => {
  fc.assert(
    fc.property(anyCues, (cues) => {
      for (const score of [arousalOf, energyOf, valenceOf, danceabilityOf]) {
        assert.ok(score(cues) >= 0 && score(cues) <= 1)
      }
    }),
  )
})

for (const cue of ['loudness', 'tempo', 'density', 'brightness', 'attack', 'staccato', 'roughness'] as const)
  test(`more ${cue} never lowers arousal`, () => rises(arousalOf, cue))
for (const cue of ['loudness', 'density', 'brightness'] as const)
  test(`more ${cue} never lowers energy`, () => rises(energyOf, cue))
for (const cue of ['mode', 'tempo', 'density'] as const)
  test(`more ${cue} never lowers valence`, () => rises(valenceOf, cue))
for (const cue of ['pulse', 'danceTempo', 'lowBeat', 'density'] as const)
  test(`more ${cue} never lowers danceability`, () => rises(danceabilityOf, cue))

test('mode moves valence more than any other cue (Eerola, Friberg & Bresin 2013)', () => {
  const middle: Cues = {
    mode: 0,
    tempo: 0,
    density: 0,
    loudness: 0,
    brightness: 0,
    attack: 0,
    staccato: 0,
    roughness: 0,
    pulse: 0.5,
    danceTempo: 0.5,
    lowBeat: 0,
  }
  const reach = (cue: keyof Cues) => Math.abs(valenceOf({ ...middle, [cue]: 1 }) - valenceOf({ ...middle, [cue]: -1 }))
  const order = ['mode', 'tempo', 'brightness', 'loudness', 'staccato', 'roughness'] as const
  order.slice(1).forEach((cue, i) => assert.ok(reach(order[i]!) > reach(cue), `${order[i]!} over ${cue}`))
})

test('without a pulse nothing can be danced to', () => {
  fc.assert(fc.property(anyCues, (cues) => assert.equal(danceabilityOf({ ...cues, pulse: 0 }), 0)))
})
