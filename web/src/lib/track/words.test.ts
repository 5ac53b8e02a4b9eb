import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chordName, densityWord, energyWord, faultsOf, fixed, loudWord, paceWord, sureness } from './words.ts'

void test('words grow with the numbers, and every number has one', () => {
  const seen = [-1, 0, 0.4, 0.7, 1].map(energyWord)
  assert.deepEqual(seen, ['calm', 'calm', 'moderate', 'lively', 'full of energy'])
  for (const value of [-70, -14, 0, 300])
    for (const word of [paceWord, loudWord, densityWord]) assert.notEqual(word(value), '')
  assert.deepEqual([0, 0.3, 0.6, 0.9].map(sureness), ['a guess', 'not sure', 'fairly sure', 'quite sure'])
  assert.equal(fixed(-14.04), '−14.0')
})

void test('chords as musicians write them', () => {
  assert.deepEqual(['C:maj', 'A:min', 'Bb:7', 'F#:min7', 'N', 'G', 'D:sus4'].map(chordName), [
    'C',
    'Am',
    'B♭7',
    'F♯m7',
    '–',
    'G',
    'Dsus4',
  ])
})

void test('faults are named only where they are', () => {
  const sound = { clippedShare: 0, brokenShare: 0, dcOffset: 0.001, stereoCorrelation: 0.8 }
  assert.deepEqual(faultsOf({ signal: sound, truePeakDbtp: -0.4 }), [])
  assert.deepEqual(faultsOf({ truePeakDbtp: null }), [])
  assert.equal(faultsOf({ signal: { ...sound, clippedShare: 0.01, dcOffset: -0.2 }, truePeakDbtp: 0.8 }).length, 3)
})
