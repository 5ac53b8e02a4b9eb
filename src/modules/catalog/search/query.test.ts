import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from './query.ts'

/** PostgreSQL refuses words of a query that take 2 kB or more. */
const WORD_MAX_BYTES = 2046

test('no way to read a query has a word that the database refuses, however much a letter unfolds to', () => {
  for (const letter of ['\ufdfa', '\u337f', '\u00df', '\u{1d518}', '\u4e2d', 'a-', 'a.'])
    for (const { ways } of parse(letter.repeat(200)).clauses)
      for (const word of ways.flatMap((w) => w.words))
        assert.ok(Buffer.byteLength(word) < WORD_MAX_BYTES, `${letter}: ${Buffer.byteLength(word)} bytes`)
})
