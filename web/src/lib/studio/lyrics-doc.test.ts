import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, constantFrom, integer, nat, property, record } from 'fast-check'
import { parseLrc, toLrc } from './lrc.ts'
import {
  afterTap,
  type Doc,
  fromLyrics,
  fromText,
  isLineSynced,
  nextSung,
  nudgeLine,
  shiftAll,
  stampLine,
  stampWord,
  toLines,
  toText,
} from './lyrics-doc.ts'

const TEXT = 'First light\nover the hills\n\nand we go'

void test('taps give every sung line its time, and blank ones none', () => {
  let doc: Doc = fromText(TEXT)
  let cursor = { line: nextSung(doc, 0), word: 0 }
  for (const at of [1000, 2500, 4000]) {
    doc = stampLine(doc, cursor.line, at)
    cursor = afterTap(doc, cursor, 'line')
  }
  assert.equal(cursor.line, doc.length)
  assert.ok(isLineSynced(doc))
  assert.deepEqual(toLines(doc), [
    { timeMs: 1000, text: 'First light' },
    { timeMs: 2500, text: 'over the hills' },
    { timeMs: 4000, text: 'and we go' },
  ])
})

void test('words that are tapped are together the line', () => {
  let doc: Doc = fromText('First light\nends')
  let cursor = { line: 0, word: 0 }
  for (const at of [100, 300, 900]) {
    doc = stampWord(doc, cursor, at)
    cursor = afterTap(doc, cursor, 'word')
  }
  assert.deepEqual(toLines(doc), [
    {
      timeMs: 100,
      text: 'First light',
      words: [
        { text: 'First ', timeMs: 100 },
        { text: 'light', timeMs: 300 },
      ],
    },
    { timeMs: 900, text: 'ends', words: [{ text: 'ends', timeMs: 900 }] },
  ])
})

void test('changing the words keeps the times of lines that stayed', () => {
  const doc = stampLine(stampLine(fromText('a\nb\nc'), 0, 10), 2, 30)
  assert.deepEqual(
    fromText('a\nnew\nc', doc).map((l) => l.timeMs),
    [10, null, 30],
  )
})

void test('times never go back, whatever is tapped and nudged in whatever order', () => {
  const act = record({
    line: nat(6),
    ms: integer({ min: -3000, max: 60_000 }),
    kind: constantFrom('line', 'word', 'nudge', 'all'),
  })
  check(
    property(array(act, { maxLength: 40 }), (acts) => {
      let doc: Doc = fromText('one two\nthree\n\nfour five six\nseven\neight\nnine')
      for (const { line, ms, kind } of acts) {
        if (kind === 'line') doc = stampLine(doc, line, Math.max(0, ms))
        else if (kind === 'word') doc = stampWord(doc, { line, word: ms % 2 === 0 ? 0 : 1 }, Math.max(0, ms))
        else doc = kind === 'nudge' ? nudgeLine(doc, line, ms) : shiftAll(doc, ms)
      }
      const times = doc.flatMap((l) => (l.timeMs === null ? [] : [l.timeMs]))
      assert.deepEqual(
        times,
        times.toSorted((a, b) => a - b),
      )
    }),
  )
})

void test('an LRC file comes back as it was, by line and by word', () => {
  const lrc = '[ar:Somebody]\n[00:12.30]First light\n[00:15.00]<00:15.00>and <00:15.45>we <00:15.90>go\n[01:02.05]'
  const doc = parseLrc(lrc)
  assert.deepEqual(
    doc.map((l) => [l.timeMs, l.text]),
    [
      [12_300, 'First light'],
      [15_000, 'and we go'],
      [62_050, ''],
    ],
  )
  assert.equal(toLrc(doc), lrc.split('\n').slice(1).join('\n'))
  assert.deepEqual(
    parseLrc('[offset:500]\n[00:02.0][00:01.5]again').map((l) => l.timeMs),
    [1000, 1500],
  )
})

void test('what the server has kept is shown as it was written', () => {
  const doc = stampLine(stampLine(stampLine(fromText(TEXT), 0, 1), 1, 2), 3, 3)
  assert.deepEqual(fromLyrics({ plain: toText(doc), lines: toLines(doc) }), doc)
  assert.deepEqual(toText(fromLyrics({ plain: null, lines: toLines(doc) })), 'First light\nover the hills\nand we go')
})
