import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chanceOf, hashOf } from './chance.ts'
import { drawnFor, hueFor, initialsOf, voicesFor } from './drawn.ts'
import { FORMS } from './forms.ts'

/** Names as alike as those of one series. */
const ALIKE = Array.from({ length: 240 }, (_, i) => `Album ${i} by Artist ${i}`)

void test('names that differ in one letter have hashes that share nothing', () => {
  for (const [a, b] of [
    ['Album 1', 'Album 2'],
    ['a', 'b'],
    ['Op. 27', 'Op. 28'],
  ] as const) {
    const differing = (hashOf(a) ^ hashOf(b)).toString(2).replaceAll('0', '').length
    assert.ok(differing >= 8, `${a}, ${b}: ${differing} of 32 bits`)
  }
})

void test('hues of a series go all round, and neighbours are seldom alike', () => {
  const hues = ALIKE.map(hueFor)
  for (let from = 0; from < 360; from += 45) {
    const share = hues.filter((h) => h >= from && h < from + 45).length / hues.length
    assert.ok(share > 0.06 && share < 0.2, `${from}°: ${share}`)
  }
  const near = hues.filter((h, i) => i > 0 && Math.abs(h - (hues[i - 1] ?? 0)) < 15).length
  assert.ok(near < hues.length * 0.15, `${near} neighbours`)
})

void test('a series has every form, tone and slope, and no picture twice', () => {
  const all = ALIKE.map(drawnFor)
  assert.equal(new Set(all.map((d) => JSON.stringify(d))).size, ALIKE.length)
  assert.deepEqual(new Set(all.map((d) => d.tone)), new Set(['deep', 'bright', 'pale']))
  assert.equal(new Set(all.map((d) => d.slopeDeg)).size, 5)
  const shapes = new Set(all.map((d) => d.layers.map((l) => `${l.voice}${l.line === undefined ? '' : '-'}`).join()))
  assert.ok(shapes.size >= FORMS.length)
})

void test('the same name has the same picture', () =>
  assert.deepEqual(drawnFor('Kind of Grey'), drawnFor('Kind of Grey')))

void test('forms stay near the square, are made of numbers and of few paths', () => {
  for (const form of FORMS)
    for (const name of ALIKE.slice(0, 60)) {
      const layers = form(chanceOf(name))
      assert.ok(layers.length > 0 && layers.length <= 8)
      assert.ok(layers.some((l) => l.d !== ''))
      for (const { d, line } of layers) {
        assert.match(d, /^[MLAaz\d .-]*$/)
        assert.ok(line === undefined || (line > 0.8 && line < 16), `${line}`)
        assert.ok(d.length < 4000)
      }
    }
})

void test('voices mirror, initials are letters', () => {
  const voices = voicesFor('Jazz')
  assert.deepEqual(voices, voices.toReversed())
  assert.ok(voices.length === 9 && voices.every((v) => v >= 0.2 && v <= 1))
  assert.equal(initialsOf('the “Other” three'), 'TO')
  assert.equal(initialsOf('Ärzte'), 'Ä')
  assert.equal(initialsOf('… – !'), '')
})
