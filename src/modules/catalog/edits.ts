/** Edits forgiven in a word of this many letters: short words would match everything. */
export const editsAllowed = (word: string): 0 | 1 | 2 => (word.length < 3 ? 0 : word.length < 6 ? 1 : 2)

/** Trigrams of a word with its ends marked: `bach` -> `__b _ba bac ach ch_`. */
export function grams(word: string): string[] {
  const padded = `__${word}_`
  return [...new Set(Array.from({ length: padded.length - 2 }, (_, i) => padded.slice(i, i + 3)))]
}

/**
 * Trigrams of which every word within `edits` of this one has at least one: an edit breaks at most one of a set that
 * does not overlap, so `edits + 1` of them suffice (Ukkonen 1992). Taken from the end, because beginnings are common;
 * with the beginning added, which also catches two swapped letters.
 */
export function probeGrams(word: string, edits: number): string[] {
  const padded = `__${word}_`
  const probes = Array.from({ length: edits + 1 }, (_, i) => padded.length - 3 * (i + 1)).filter((at) => at >= 0)
  return [...new Set([...probes.map((at) => padded.slice(at, at + 3)), padded.slice(1, 4)])]
}

/** The same for a word still being typed, whose end is not known. */
export function probePrefixGrams(word: string, edits: number): string[] {
  const padded = `__${word}`
  const probes = Array.from({ length: edits + 1 }, (_, i) => padded.length - 3 * (i + 1)).filter((at) => at >= 0)
  return [...new Set([...probes.map((at) => padded.slice(at, at + 3)), padded.slice(1, 4)])]
}

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
