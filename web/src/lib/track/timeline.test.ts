import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  barAt,
  boxesOf,
  curvePath,
  following,
  huesOf,
  linesPath,
  marksOf,
  moved,
  secOf,
  spanAt,
  wavePath,
  wholeView,
  xOf,
  zoomed,
} from './timeline.ts'

const WIDTH = 600
const points = (path: string) => path.split(/[ML]/).filter(Boolean).length

void test('zooming keeps the moment under the pointer, and stays within the song', () => {
  const whole = wholeView(240)
  const near = zoomed(whole, 4, 60, 240)
  assert.deepEqual(near, { fromSec: 45, toSec: 105 })
  assert.equal(xOf(60, near, WIDTH), xOf(60, whole, WIDTH))
  assert.deepEqual(zoomed(near, 1 / 100, 60, 240), whole)
  const nearest = zoomed(whole, 1e6, 240, 240)
  assert.deepEqual([nearest.toSec, nearest.toSec - nearest.fromSec], [240, 5])
  assert.deepEqual(zoomed(wholeView(2), 10, 1, 2), wholeView(2), 'a jingle is never cut')
  assert.deepEqual(moved(near, 1000, 240), { fromSec: 180, toSec: 240 })
})

void test('the view follows what sounds by pages', () => {
  const view = { fromSec: 10, toSec: 30 }
  assert.equal(following(view, 29, 100), view)
  assert.deepEqual(following(view, 30, 100), { fromSec: 29, toSec: 49 })
  assert.equal(following(view, 99, 100).toSec, 100)
})

void test('pixels and seconds are one another back', () => {
  const view = { fromSec: 12, toSec: 20 }
  for (const sec of [12, 15.5, 20]) assert.ok(Math.abs(secOf(xOf(sec, view, WIDTH), view, WIDTH) - sec) < 1e-9)
  assert.deepEqual([secOf(-50, view, WIDTH), secOf(9999, view, WIDTH)], [12, 20])
})

void test('paths are bounded by the pixels, not by the music', () => {
  const many = Array.from({ length: 8000 }, (_, i) => (i % 97) / 97)
  const wave = { max: many, min: many.map((v) => -v), durationSec: 10_800 }
  const path = wavePath(wave, wholeView(10_800), WIDTH, 100)
  assert.ok(points(path) <= WIDTH + 4, `${points(path)}`)
  assert.ok(!/NaN|Infinity|undefined/.test(path))
  const curve = curvePath({ values: many, stepSec: 10 }, wholeView(10_800), {
    widthPx: WIDTH,
    heightPx: 50,
    low: 0,
    high: 1,
  })
  assert.equal(points(curve), WIDTH + 1)
  const beats = Array.from({ length: 20_000 }, (_, i) => i / 2)
  const lines = linesPath(beats, wholeView(10_000), { widthPx: WIDTH, fromPx: 0, toPx: 9, leastPx: 4 })
  assert.ok(points(lines) <= WIDTH / 4 + 1)
  const spans = beats.map((sec) => ({ startSec: sec, endSec: sec + 0.5, label: 'C:maj' }))
  assert.ok(boxesOf(spans, wholeView(10_000), WIDTH).length <= WIDTH)
  assert.equal(wavePath({ min: [], max: [], durationSec: 0 }, wholeView(0), WIDTH, 100), '')
})

void test('lines keep their places when the view moves', () => {
  const beats = Array.from({ length: 100 }, (_, i) => i)
  const at = (fromSec: number) =>
    [
      ...linesPath(beats, { fromSec, toSec: fromSec + 50 }, { widthPx: 100, fromPx: 0, toPx: 9, leastPx: 4 }).matchAll(
        /M(\S+)/g,
      ),
    ].map((m) => Math.round(Number(m[1]) / 2 + fromSec) % 2)
  assert.deepEqual([new Set(at(0)), new Set(at(7))], [new Set([0]), new Set([0])])
})

void test('times on the axis are round and never crowd', () => {
  assert.deepEqual(marksOf({ fromSec: 0, toSec: 240 }, WIDTH), [0, 30, 60, 90, 120, 150, 180, 210])
  assert.deepEqual(marksOf({ fromSec: 61, toSec: 66 }, WIDTH), [61, 62, 63, 64, 65])
  assert.ok(marksOf({ fromSec: 0, toSec: 100_000 }, 100).length <= 3)
})

void test('what stands at a moment', () => {
  const spans = [{ startSec: 0 }, { startSec: 4 }, { startSec: 9 }]
  assert.deepEqual(
    [spanAt(spans, -1), spanAt(spans, 4), spanAt(spans, 8.9), spanAt(spans, 99)],
    [null, spans[1], spans[1], spans[2]],
  )
  const beats = [0.5, 1, 1.5, 2, 2.5, 3]
  assert.deepEqual(
    [0.4, 0.5, 1.6, 2.5, 3].map((sec) => barAt(beats, [0.5, 2.5], sec)),
    [null, '1.1', '1.3', '2.1', '2.2'],
  )
})

void test('one name has one colour', () => {
  const hues = huesOf(['A', 'B', 'A', 'C'])
  assert.equal(hues.size, 3)
  assert.notEqual(hues.get('A'), hues.get('B'))
})
