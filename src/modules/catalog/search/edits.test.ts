import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { editDistance, editsAllowed, lettersOf, prefixDistance, restOf, restsOf } from './edits.ts'

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

const bits = (set: number): number => (set >>> 0).toString(2).replaceAll('0', '').length

test('letters that one word has and the other lacks are no more than the edits between them', () => {
  fc.assert(
    fc.property(word, fc.array(edit, { maxLength: 2 }), (meant, edits) => {
      const typed = edits.reduce(edited, meant)
      const [ours, theirs] = [lettersOf(typed), lettersOf(meant)]
      assert.ok(bits(ours & ~theirs) <= edits.length && bits(theirs & ~ours) <= edits.length, `${typed} for ${meant}`)
      assert.ok(editDistance(typed, meant) <= edits.length)
      assert.ok(prefixDistance(typed, `${meant}xyz`) <= edits.length)
    }),
    { numRuns: 2000 },
  )
})

test('one error in the first letter or two leaves a rest by which the word is known', () => {
  fc.assert(
    fc.property(word, fc.constantFrom('a', 'b', 'x'), (meant, letter) => {
      const first = [letter + meant.slice(1), letter + meant, meant.slice(1)]
      const swapped = meant.charAt(1) + meant.charAt(0) + meant.slice(2)
      for (const typed of [...first, swapped])
        assert.ok(restsOf(typed).includes(restOf(meant)), `${typed} for ${meant}`)
    }),
  )
  assert.ok(editsAllowed('abc') === 1 && editsAllowed('abcdef') === 2 && editsAllowed('ab') === 0)
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
