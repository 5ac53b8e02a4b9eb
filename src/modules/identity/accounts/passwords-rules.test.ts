import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isCommon } from './passwords-common.ts'
import { passwordFault } from './passwords-rules.ts'

const ann = ['ann-lee', 'Ann.Lee@example.org', 'Ann Lee Müller']
const refused = (why: RegExp, ...passwords: string[]) => {
  for (const password of passwords) assert.match(passwordFault(password, ann) ?? 'taken', why, password)
}

test('every common password of eight characters and more is refused, in capitals too', () => {
  const file = createRequire(import.meta.url).resolve('@zxcvbn-ts/language-common/src/passwords.json')
  const words = (JSON.parse(readFileSync(file, 'utf8')) as string[]).filter((word) => word.length >= 8)
  assert.ok(words.length > 15_000)
  assert.deepEqual(
    words.filter((word) => passwordFault(word, []) === undefined || !passwordFault(word.toUpperCase(), [])),
    [],
  )
})

test('words that nobody chose are not taken for common ones', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[b-df-hj-np-tv-z]{12,20}$/), (word) => {
      fc.pre(new Set(word).size >= 5)
      assert.equal(passwordFault(word, []), undefined, word)
    }),
  )
})

test('variants of common ones are refused: letters as signs, years and signs behind, twice, backwards, full width', () => {
  refused(
    /most used/,
    'P@ssw0rd',
    'p4$$w0rd!',
    'Password2024!',
    'Dragon1999',
    'sunshine!!',
    '123monkey',
    'dragondragon',
    'drowssap',
    'ilove you',
    'monkey12345678',
    'ｐａｓｓｗｏｒｄ',
    '1etmein!',
  )
})

test('patterns are refused, however long', () => {
  refused(/pattern/, 'aaaaaaaaaaaaaaaaaaaa', 'abababababab', 'hijklmnopq', '9876543210', '😀😀😀😀😀😀😀😀')
})

test('what says who one is, or where, is refused', () => {
  refused(
    /your name/,
    'ann-lee-1999',
    'annlee2024',
    'Ann.Lee@Example.org',
    'MÜLLERmüller7',
    'tutti-tutti-1',
    'tuttimusic77',
    'annpassword',
  )
})

test('characters are counted as people count them, after normalisation', () => {
  // Seven people of several code units each, and seven letters with their accents apart.
  refused(/too short/, '👩👨👧👦🧑👴👵', 'e\u0301a\u0300o\u0302u\u0308n\u0303c\u0327a\u030a', 'abc d')
  assert.equal(passwordFault('👩👨👧👦🧑👴👵🎵', ann), undefined)
})

test('everything else is taken: spaces, any script, no rules about kinds', () => {
  for (const password of [
    'rainy evening jazz',
    'correct horse battery',
    'four words are fine',
    'kxqvbnwj',
    'тихий вечер у моря',
    '静かな夜の音楽と雨',
    'manna planner of ann',
    'tutti frutti hat',
    'dragon 8492 harbour',
    '        seven spaces',
    'x'.repeat(120) + 'qwzvb' + 'y'.repeat(120),
  ])
    assert.equal(passwordFault(password, ann), undefined, password)
})

test('short words are never common, unknown ones neither', () => {
  assert.deepEqual(['dragon', '1234', 'abc', '', 'kxqvbnwj'].map(isCommon), [true, true, false, false, false])
})
