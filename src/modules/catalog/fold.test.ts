import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
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
