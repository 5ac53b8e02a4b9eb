import { fold, queryWords, sortKey } from '#modules/catalog/fold.ts'
import type { Candidate } from '#modules/catalog/store/search.ts'
import type { Clause, Query, Way } from './query.ts'
import { variantsOf } from './variants.ts'

// How much a match is worth: by where it stands and how well it fits.
const FIELD_WEIGHT = { title: 1, artist: 0.7, album: 0.45 } as const
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
const CORRECTED = 0.55
/** A hundred times as many songs count as much. */
const SIZE_WEIGHT = 0.1

const squeezed = (text: string): string => text.replaceAll(' ', '')

/** A text as it is compared; many candidates share artist and album. */
type Text = {
  readonly words: readonly string[]
  /** With other spellings. */
  readonly all: readonly string[]
  readonly folded: string
  readonly key: string
  /** Spellings of the whole in one word. */
  readonly wholes: readonly string[]
}
function textOf(text: string): Text {
  const [words, variants, folded, key] = [queryWords(text), variantsOf(text), fold(text), sortKey(text)]
  const isOneToken = !/\S\s+\S/.test(text)
  return {
    words,
    all: variants.length > 0 ? [...new Set([...words, ...variants])] : words,
    folded,
    key,
    // Variants of several words are of one of them each, but for scripts without spaces.
    wholes: [squeezed(folded), squeezed(key), ...(isOneToken ? variants : variants.filter((v) => v.length > 8))],
  }
}
type Texts = (text: string) => Text
function textsOnce(): Texts {
  const known = new Map<string, Text>()
  return (text) => {
    const found = known.get(text)
    if (found) return found
    const made = textOf(text)
    known.set(text, made)
    return made
  }
}

function fitOfWord(word: string, isOpen: boolean, words: readonly string[]): number {
  if (words.includes(word)) return 1
  return isOpen && words.some((w) => w.startsWith(word)) ? BEGINNING_FIT : 0
}
function fitIn(way: Way, words: readonly string[]): number {
  let fit = 1
  for (let i = way.words.length - 1; i >= 0 && fit > 0; i--)
    fit = Math.min(fit, fitOfWord(way.words[i] as string, way.isOpen && i === way.words.length - 1, words))
  return fit
}

type Fields = readonly (readonly [text: Text, weight: number])[]
function fitOf(clause: Clause, fields: Fields): number {
  let best = 0
  for (const way of clause.ways) {
    const worth = 1 - way.loss
    for (const [text, weight] of fields)
      if (weight * worth > best) best = Math.max(best, fitIn(way, text.all) * weight * worth)
    if (way.words.length > 1 && SCATTERED * worth > best) {
      const everywhere = fields.flatMap(([text]) => text.all)
      best = Math.max(best, fitIn(way, everywhere) * SCATTERED * worth)
    }
  }
  return best
}

/** What a word of a title is said by, at best. */
function saying(clauses: readonly Clause[], word: string): number {
  let best = 0
  for (const { ways } of clauses)
    for (const { words, isOpen, loss } of ways)
      for (const [i, w] of words.entries()) {
        if (w === word) best = Math.max(best, 1 - loss)
        else if (isOpen && i === words.length - 1 && word.startsWith(w))
          best = Math.max(best, BEGINNING_FIT * (1 - loss))
      }
  return best
}
/** The share of a title's words that the query says. */
const coverage = (clauses: readonly Clause[], title: Text): number =>
  title.words.reduce((sum, word) => sum + saying(clauses, word), 0) / Math.max(1, title.words.length)

/** By how the phrase stands at the beginning of the text: the whole of it, or less. */
function phraseBonus({ folded, phrases }: Query, text: Text): number {
  const [typed = '', ...corrected] = phrases
  const is = (phrase: string) => phrase !== '' && text.wholes.includes(squeezed(phrase))
  if (text.key === typed || is(folded) || is(typed)) return WHOLE_TITLE
  if ((folded !== '' && text.folded.startsWith(folded)) || text.key.startsWith(typed)) return TITLE_BEGINS
  if (corrected.some(is)) return WHOLE_TITLE * CORRECTED
  return corrected.some((p) => text.key.startsWith(p)) ? TITLE_BEGINS * CORRECTED : 0
}

function found(clauses: readonly Clause[], fields: Fields): number {
  let [sum, weights] = [0, 0]
  for (const clause of clauses) {
    const weight = clause.isOptional ? OPTIONAL_WEIGHT : 1
    sum += fitOf(clause, fields) * weight
    weights += weight
  }
  return weights > 0 ? sum / weights : 0
}

type Named = Omit<Candidate, 'id'>
/** Higher is better: where the clauses are found, whole titles and names, then the size of an artist or album. */
function score(query: Query, c: Named, texts: Texts): number {
  const title = texts(c.title)
  const artist = texts(c.artist)
  const fields: Fields = [
    [title, FIELD_WEIGHT.title],
    [artist, FIELD_WEIGHT.artist],
    [texts(c.album), FIELD_WEIGHT.album],
  ]
  const isArtist = c.artist !== '' && phraseBonus(query, artist) >= WHOLE_TITLE * CORRECTED
  return (
    found(query.clauses, fields) +
    phraseBonus(query, title) +
    COVERED_TITLE * coverage(query.clauses, title) +
    (isArtist ? WHOLE_ARTIST : 0) +
    (SIZE_WEIGHT / 2) * Math.log10(1 + c.weight)
  )
}
export const scoreOf = (query: Query, c: Named): number => score(query, c, textsOnce())

export type Ranked = Candidate & { readonly score: number }
/** Best first: score, then size, then id. */
export function ranked(query: Query, all: readonly Candidate[]): Ranked[] {
  const texts = textsOnce()
  return all
    .map((c) => ({ ...c, score: score(query, c, texts) }))
    .sort((a, b) => b.score - a.score || b.weight - a.weight || (a.id < b.id ? -1 : 1))
}
