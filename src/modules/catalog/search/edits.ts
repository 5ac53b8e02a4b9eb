/** Edits forgiven in a word of this many letters: short words would match everything. */
export const editsAllowed = (word: string): 0 | 1 | 2 => (word.length < 3 ? 0 : word.length < 6 ? 1 : 2)

/** Letters are sorted into so many places of a set; those of one alphabet fall into places of their own. */
const PLACES = 31
/** The set of a word's letters, a bit each; as `catalog.letters_of` counts them. */
export function lettersOf(word: string): number {
  let set = 0
  for (const c of word) set |= 1 << ((c.codePointAt(0) as number) % PLACES)
  return set
}

/** Letters of which the rest of a word is known by: see {@link restsOf}. */
const REST_CHARS = 4
/** How a word goes on after its first letter. */
export const restOf = (word: string): string => word.slice(1, 1 + REST_CHARS)
/**
 * The first letter mistyped, left out, typed besides another or swapped with the second: what {@link restOf} the word
 * that was meant may be then.
 */
export const restsOf = (typed: string): string[] => [
  ...new Set([
    restOf(typed),
    typed.slice(0, REST_CHARS),
    typed.slice(2, 2 + REST_CHARS),
    typed.charAt(0) + typed.slice(2, 1 + REST_CHARS),
  ]),
]

/** Last row of the table of edit distances from `typed` to every beginning of `word` (restricted Damerau–Levenshtein). */
function distances(typed: string, word: string): number[] {
  let before: number[] = []
  let last = Array.from({ length: word.length + 1 }, (_, j) => j)
  for (let i = 1; i <= typed.length; i++) {
    const row = [i]
    for (let j = 1; j <= word.length; j++) {
      const same = typed[i - 1] === word[j - 1]
      let d = Math.min((last[j] as number) + 1, (row[j - 1] as number) + 1, (last[j - 1] as number) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && typed[i - 1] === word[j - 2] && typed[i - 2] === word[j - 1]
      if (swapped) d = Math.min(d, (before[j - 2] as number) + 1)
      row.push(d)
    }
    before = last
    last = row
  }
  return last
}

/** Letters to insert, delete, replace or swap to make `word` of `typed`. */
export const editDistance = (typed: string, word: string): number => distances(typed, word)[word.length] as number

/** The same to make a beginning of `word`: for words still being typed. */
export const prefixDistance = (typed: string, word: string): number => Math.min(...distances(typed, word))
