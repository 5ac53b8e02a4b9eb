import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artistsOf, featuredIn, splitArtists, splitGenres } from './artists.ts'

test('artists are split only where no name is cut', () => {
  const cases: [string, string[]][] = [
    ['AC/DC', ['AC/DC']],
    ['Earth, Wind & Fire', ['Earth, Wind & Fire']],
    ['Simon & Garfunkel', ['Simon & Garfunkel']],
    ['Florence and the Machine', ['Florence and the Machine']],
    ['Daft Punk feat. Pharrell Williams', ['Daft Punk', 'Pharrell Williams']],
    ['A ft. B', ['A', 'B']],
    ['A (feat. B)', ['A', 'B']],
    ['A [Featuring B]', ['A', 'B']],
    ['Little Feat', ['Little Feat']],
    ['Kraft. Werk', ['Kraft. Werk']],
    ['Left', ['Left']],
    ['A;B ; C', ['A', 'B', 'C']],
    ['A / B', ['A', 'B']],
    ['A\0B', ['A', 'B']],
    ['a; A', ['a']],
    [' ; ', []],
    ['Foo (UK) feat. Bar (US)', ['Foo (UK)', 'Bar (US)']],
  ]
  for (const [text, expected] of cases) assert.deepEqual(splitArtists(text), expected, text)
})

test('names that a reader of ID3v2.3 cut at a slash are joined again', () => {
  assert.deepEqual(artistsOf(['AC', 'DC'], 'cutAtSlash'), ['AC/DC'])
  assert.deepEqual(artistsOf(['Jay-Z', 'Kanye West'], 'cutAtSlash'), ['Jay-Z', 'Kanye West'])
  assert.deepEqual(artistsOf(['U2', 'Bono'], 'separate'), ['U2', 'Bono'])
})

test('guests are named by "feat." alone, in the spelling of the artists', () => {
  const cases: [string[], string[]][] = [
    [['Daft Punk feat. Pharrell Williams'], ['Pharrell Williams']],
    [['A (feat. B)', 'C ft. B'], ['B']],
    [['A; B [Featuring C]'], ['C']],
    [['Little Feat', 'A & B'], []],
  ]
  for (const [texts, guests] of cases) {
    assert.deepEqual(featuredIn(texts), guests, texts.join('|'))
    for (const guest of guests) assert.ok(texts.flatMap(splitArtists).includes(guest))
  }
})

test('genres: separators, ID3 numbers, repeats', () => {
  assert.deepEqual(splitGenres(['(17)']), ['Rock'])
  assert.deepEqual(splitGenres(['17']), ['Rock'])
  assert.deepEqual(splitGenres(['(17)(8)']), ['Rock', 'Jazz'])
  assert.deepEqual(splitGenres(['(17)Post Rock']), ['Rock', 'Post Rock'])
  assert.deepEqual(splitGenres(['Rock; Pop/Jazz, rock']), ['Rock', 'Pop', 'Jazz'])
  assert.deepEqual(splitGenres(['80s', '2-Step', '999']), ['80s', '2-Step'])
})
