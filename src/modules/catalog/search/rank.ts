import { fold, queryWords, sortKey } from '#modules/catalog/fold.ts'
import type { Candidate } from '#modules/catalog/store/search.ts'
import type { Clause, Query, Way } from './query.ts'
import { variantsOf } from './variants.ts'

// How much a match is worth: by where it stands and how well it fits.
const FIELDS = [
  ['title', 1],
  ['artist', 0.7],
  ['album', 0.45],
] as const
/** Words of one way that stand in several fields. */
const SCATTERED = 0.6
const BEGINNING_FIT = 0.75
const OPTIONAL_WEIGHT = 0.2
/** The title is what was typed, begins so; its share that was typed. The name of the artist is what was typed. */
const WHOLE_TITLE = 1.5
const TITLE_BEGINS = 0.6
const COVERED_TITLE = 0.8
const WHOLE_ARTIST = 0.5
/** What a phrase that was corrected is worth of one that was typed. */
const CORRECTED = 0.7
/** A hundred times as many songs count as much. */
const SIZE_WEIGHT = 0.1

type Field = { words: readonly string[]; all: ReadonlySet<string>; weight: number }
const fieldOf = (text: string, weight: number): Field => {
  const words = queryWords(text)
  return { words, all: new Set([...words, ...variantsOf(text)]), weight }
}

function fitOfWord(word: string, isOpen: boolean, words: ReadonlySet<string>): number {
  if (words.has(word)) return 1
  if (isOpen) for (const w of words) if (w.startsWith(word)) return BEGINNING_FIT
  return 0
}
const fitIn = (way: Way, words: ReadonlySet<string>): number =>
  Math.min(...way.words.map((word, i) => fitOfWord(word, way.isOpen && i === way.words.length - 1, words)))

function fitOf(clause: Clause, fields: readonly Field[], everywhere: ReadonlySet<string>): number {
  let best = 0
  for (const way of clause.ways) {
    for (const f of fields) best = Math.max(best, fitIn(way, f.all) * f.weight * (1 - way.loss))
    if (way.words.length > 1) best = Math.max(best, fitIn(way, everywhere) * SCATTERED * (1 - way.loss))
  }
  return best
}

/** The share of a title's words that the query says, by the ways that lose least. */
function coverage(clauses: readonly Clause[], title: Field): number {
  if (title.words.length === 0) return 0
  let sum = 0
  for (const word of title.words) {
    const own = new Set([word])
    let best = 0
    for (const { ways } of clauses)
      for (const way of ways)
        for (const [i, w] of way.words.entries())
          best = Math.max(best, fitOfWord(w, way.isOpen && i === way.words.length - 1, own) * (1 - way.loss))
    sum += best
  }
  return sum / title.words.length
}

const squeezed = (text: string): string => text.replaceAll(' ', '')
/** Spellings of a whole name in one word. */
function wholes(text: string): Set<string> {
  const folded = fold(text)
  return new Set([
    squeezed(folded),
    squeezed(sortKey(text)),
    ...(folded.includes(' ') && !/\s/.test(text.trim()) ? variantsOf(text) : []),
    ...(/[^ -~]/.test(text) ? variantsOf(text) : []),
  ])
}

/** By how it stands at the beginning of the title: the whole of it, or less. */
function phraseBonus(query: Query, title: string): number {
  const [typed = '', ...corrected] = query.phrases
  const forms = wholes(title)
  const is = (phrase: string) => forms.has(squeezed(phrase))
  if ((query.folded !== '' && is(query.folded)) || is(typed)) return WHOLE_TITLE
  const [folded, key] = [fold(title), sortKey(title)]
  if (query.folded !== '' && folded.startsWith(query.folded)) return TITLE_BEGINS
  if (key.startsWith(typed)) return TITLE_BEGINS
  if (corrected.some(is)) return WHOLE_TITLE * CORRECTED
  return corrected.some((p) => key.startsWith(p)) ? TITLE_BEGINS * CORRECTED : 0
}

/** Higher is better: where the clauses are found, whole titles and names, then the size of an artist or album. */
export function scoreOf(query: Query, c: Omit<Candidate, 'id'>): number {
  const fields = FIELDS.map(([name, weight]) => fieldOf(c[name], weight))
  const everywhere = new Set(fields.flatMap((f) => [...f.all]))
  let [sum, weights] = [0, 0]
  for (const clause of query.clauses) {
    const weight = clause.isOptional ? OPTIONAL_WEIGHT : 1
    sum += fitOf(clause, fields, everywhere) * weight
    weights += weight
  }
  const isArtist = c.artist !== '' && phraseBonus(query, c.artist) >= WHOLE_TITLE * CORRECTED
  return (
    (weights > 0 ? sum / weights : 0) +
    phraseBonus(query, c.title) +
    COVERED_TITLE * coverage(query.clauses, fields[0] as Field) +
    (isArtist ? WHOLE_ARTIST : 0) +
    SIZE_WEIGHT * 0.5 * Math.log10(1 + c.weight)
  )
}

export type Ranked = Candidate & { readonly score: number }
/** Best first: score, then size, then id. */
export const ranked = (query: Query, all: readonly Candidate[]): Ranked[] =>
  all
    .map((c) => ({ ...c, score: scoreOf(query, c) }))
    .sort((a, b) => b.score - a.score || b.weight - a.weight || (a.id < b.id ? -1 : 1))
