import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { SyncedLine } from '#kernel/media/types.ts'
import { formatLrc, joinWords, parseLrc } from './lyrics.ts'

test('LRC: several stamps, fractions, offset, headers, line ends, byte order mark', () => {
  const { synced, plain } = parseLrc(
    '\ufeff[ar:Somebody]\r\n[offset:+500]\r\n[00:10.5]Second\r\n[00:01.00][01:02.345]Chorus line\r\n\r\nno stamp',
  )
  assert.deepEqual(synced, [
    { timeMs: 500, text: 'Chorus line' },
    { timeMs: 10_000, text: 'Second' },
    { timeMs: 61_845, text: 'Chorus line' },
  ])
  assert.equal(plain, 'Chorus line\nSecond\nChorus line')
})

test('words: blanks, an end stamp, a beginning without stamp, a repeated line, an offset', () => {
  const cases: [string, SyncedLine[]][] = [
    [
      '[00:01.00]<00:01.00>Hello <00:01.50> big  <00:02.00>world<00:02.75>',
      [
        {
          timeMs: 1000,
          text: 'Hello big world',
          words: [
            { timeMs: 1000, text: 'Hello ' },
            { timeMs: 1500, text: 'big ' },
            { timeMs: 2000, text: 'world' },
          ],
        },
      ],
    ],
    [
      '[00:01.00]Oh <00:01.20>no',
      [
        {
          timeMs: 1000,
          text: 'Oh no',
          words: [
            { timeMs: 1000, text: 'Oh ' },
            { timeMs: 1200, text: 'no' },
          ],
        },
      ],
    ],
    [
      '[offset:-100]\n[00:01.00][00:11.00]<00:01.00>la<00:01.3>la',
      [1100, 11_100].map((timeMs) => ({
        timeMs,
        text: 'lala',
        words: [
          { timeMs, text: 'la' },
          { timeMs: timeMs + 300, text: 'la' },
        ],
      })),
    ],
    ['[00:01.00] <00:01.00>  <00:02.00> ', [{ timeMs: 1000, text: '' }]],
    [
      '[00:05.00]<00:05.00>back <00:04.00>in time',
      [
        {
          timeMs: 5000,
          text: 'back in time',
          words: [
            { timeMs: 5000, text: 'back ' },
            { timeMs: 5000, text: 'in time' },
          ],
        },
      ],
    ],
  ]
  for (const [lrc, expected] of cases) assert.deepEqual(parseLrc(lrc).synced, expected, lrc)
})

test('plain text stays plain without its headers; nothing stays nothing', () => {
  assert.deepEqual(parseLrc('One\nTwo'), { plain: 'One\nTwo' })
  assert.deepEqual(parseLrc('[ti:Song]\nOne\n[Chorus]\nTwo'), { plain: 'One\n[Chorus]\nTwo' })
  assert.deepEqual(parseLrc('\0\n '), {})
})

test('a hostile file is bounded in time and size', () => {
  assert.ok((parseLrc('[00:01.00]'.repeat(1_000_000)).synced?.length ?? 0) <= 5000)
  const [line] = parseLrc(`[00:01.00]${'<00:01.00>la '.repeat(5000)}`).synced ?? []
  assert.ok(line && line.text.length <= 2000 && line.words === undefined)
})

const letters = fc.string({
  unit: fc.constantFrom(...Array.from("abcÄß日  '’,.-()<>[]:0123456789\u0301\t")),
  maxLength: 20,
})
const timeMs = fc.integer({ min: 0, max: 59_999_999 })
const line: fc.Arbitrary<SyncedLine> = fc.oneof(
  fc.record({ timeMs, text: letters.map((text) => joinWords([{ timeMs: 0, text }]).text) }).map((l) => ({ ...l })),
  fc
    .record({ timeMs, pieces: fc.array(fc.record({ timeMs, text: letters }), { minLength: 1, maxLength: 8 }) })
    .map((l) => ({ timeMs: l.timeMs, ...joinWords(l.pieces.toSorted((a, b) => a.timeMs - b.timeMs)) })),
)

const isLikeStamp = ({ text }: SyncedLine) => /[[<]\d{1,3}:\d{1,2}(?:[.:]\d{1,3})?[\]>]/.test(text)

test('what was written is read as it was, whatever it says', () => {
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (all) => {
      const lines = all.toSorted((a, b) => a.timeMs - b.timeMs)
      const { synced = [] } = parseLrc(formatLrc(lines))
      assert.equal(synced.length, lines.length)
      for (const [i, l] of lines.entries())
        if (isLikeStamp(l)) assert.equal(synced[i]?.timeMs, l.timeMs)
        else assert.deepEqual(synced[i], l)
    }),
    { numRuns: 500 },
  )
})
test('words are their text, in time, whatever they are made of', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ timeMs, text: fc.string({ unit: 'binary', maxLength: 30 }) })), (pieces) => {
      const { text, words } = joinWords(pieces)
      assert.equal(text, text.trim())
      if (!words) return
      assert.equal(words.map((w) => w.text).join(''), text)
      assert.ok(words.every((w, i) => i === 0 || w.timeMs >= (words[i - 1]?.timeMs ?? 0)))
      assert.deepEqual(joinWords(words), { text, words })
    }),
  )
})
