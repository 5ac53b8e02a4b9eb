import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { editDistance, editsAllowed, grams, prefixDistance, probeGrams, probePrefixGrams } from './edits.ts'
import { documentWords, fold, identityKey, queryWords, searchLiteral, sortKey } from './fold.ts'

test('folds case, diacritics and letters that Unicode keeps whole', () => {
  assert.equal(fold('Björk Guðmundsdóttir'), 'bjork gudmundsdottir')
  assert.equal(fold('STRAẞE / Łódź — Ærø'), 'strasse lodz aero')
  assert.equal(fold("Don't Stop"), 'dont stop')
  assert.equal(fold('!!!'), '')
  assert.equal(identityKey('!!!'), '!!!')
  assert.equal(identityKey(' '), '?')
})

test('sorts without leading articles, unless nothing else is left', () => {
  assert.equal(sortKey('The Beatles'), 'beatles')
  assert.equal(sortKey('Die Ärzte'), 'arzte')
  assert.equal(sortKey('The The'), 'the')
  assert.equal(sortKey('The'), 'the')
  assert.equal(sortKey('…'), '...')
})

test('finds initials in one word, elided words, and scripts without spaces character by character', () => {
  assert.deepEqual(documentWords(['R.E.M.']).sort(), ['e', 'm', 'r', 'rem'])
  assert.ok(documentWords(['AC/DC']).includes('acdc'))
  assert.ok(documentWords(["L'amour"]).includes('amour') && documentWords(["L'amour"]).includes('lamour'))
  assert.deepEqual(queryWords('東京 Tokyo'), ['東', '京', 'tokyo'])
})

test('documents hold only letters and digits, so their literals need no escaping', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 80 }), (text) => {
      for (const w of documentWords([text])) assert.match(w, /^[\p{L}\p{N}]{1,60}$/u)
      assert.doesNotMatch(searchLiteral(documentWords([text])), /\\|''/)
      assert.ok(sortKey(text).length > 0)
      assert.equal(fold(fold(text)), fold(text))
    }),
  )
})

test('counts insertions, deletions, replacements and swaps', () => {
  assert.equal(editDistance('bethoven', 'beethoven'), 1)
  assert.equal(editDistance('bjrok', 'bjork'), 1)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(prefixDistance('bethov', 'beethoven'), 1)
})

const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'e'), minLength: 3, maxLength: 14 })
const edit = fc.record({
  kind: fc.constantFrom('insert', 'delete', 'replace'),
  at: fc.nat(20),
  letter: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
})
const edited = (text: string, e: { kind: string; at: number; letter: string }): string => {
  const at = e.at % (text.length + 1)
  if (e.kind === 'insert') return text.slice(0, at) + e.letter + text.slice(at)
  return text.slice(0, at) + (e.kind === 'replace' ? e.letter : '') + text.slice(at + 1)
}

/** Levenshtein's distance by its definition: no swaps. */
function levenshtein(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const rest = levenshtein(a.slice(1), b.slice(1))
  if (a[0] === b[0]) return rest
  return 1 + Math.min(rest, levenshtein(a.slice(1), b), levenshtein(a, b.slice(1)))
}

test('every word within the allowed edits shares a probe with what was typed', () => {
  fc.assert(
    fc.property(word, fc.array(edit, { maxLength: 2 }), (meant, edits) => {
      const typed = edits.reduce(edited, meant)
      const allowed = editsAllowed(typed)
      fc.pre(typed.length >= 3 && edits.length <= allowed)
      const own = new Set(grams(meant))
      assert.ok(
        probeGrams(typed, allowed).some((g) => own.has(g)),
        `${typed} for ${meant}`,
      )
      assert.ok(editDistance(typed, meant) <= edits.length)
    }),
    { numRuns: 2000 },
  )
})

test('the distance is that of the definition wherever no letters are swapped', () => {
  const short = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 })
  fc.assert(
    fc.property(short, short, (a, b) => {
      const [ours, plain] = [editDistance(a, b), levenshtein(a, b)]
      // A swap is one edit here and two there.
      assert.ok(ours <= plain && plain <= 2 * ours, `${a} ${b}: ${ours}, ${plain}`)
      if (plain < 2) assert.equal(ours, plain)
    }),
  )
})

test('a mistyped beginning shares a probe with the word it begins, once it is long enough for its edits', () => {
  for (const [typed, meant] of [
    ['bethov', 'beethoven'],
    ['mozrt', 'mozart'],
    ['tchaikofs', 'tchaikovsky'],
  ] as const) {
    const own = new Set(grams(meant))
    assert.ok(
      probePrefixGrams(typed, editsAllowed(typed)).some((g) => own.has(g)),
      typed,
    )
    assert.ok(prefixDistance(typed, meant) <= editsAllowed(typed), typed)
  }
})
