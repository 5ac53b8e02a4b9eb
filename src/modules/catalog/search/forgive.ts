import { sortKey } from '#modules/catalog/fold.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { similarWords, type Typo } from '#modules/catalog/store/search.ts'
import type { Common } from './common.ts'
import { editDistance, editsAllowed, lettersOf, prefixDistance, restsOf } from './edits.ts'
import { type Clause, distinctWays, LOSS, partsOfToken, type Query, type Way, way } from './query.ts'

/** Words that one mistyped word is read as. */
const MEANT_MAX = 16
/** Readings with a space put in. */
const PARTED_MAX = 4
/** Words with a forgotten space: their parts and the whole. */
const PART_MIN_CHARS = 2
const PARTED_WORD_MAX_CHARS = 30
/** As long as a word of the vocabulary may be. */
const WORD_MAX_CHARS = 60
/** Shorter beginnings with an error in them begin anything: they are read as whole words. */
const OPEN_MIN_CHARS = 4
/** Corrected queries that are looked for as titles. */
const PHRASES_MAX = 6
const WAYS_OF_PHRASE_MAX = 3

const isMistypable = (c: Clause): boolean => c.ways[0]?.words.length === 1 && editsAllowed(c.typed) > 0
const isOpen = (c: Clause): boolean => c.isOpen && c.typed.length >= OPEN_MIN_CHARS

function typoOf(c: Clause): Typo {
  const edits = editsAllowed(c.typed)
  return {
    first: String.fromCodePoint(c.typed.codePointAt(0) ?? 0),
    rests: restsOf(c.typed),
    letters: lettersOf(c.typed),
    lengthMin: c.typed.length - edits,
    lengthMax: isOpen(c) ? WORD_MAX_CHARS : c.typed.length + edits,
    edits,
    isOpen: isOpen(c),
  }
}

type Meant = { word: string; edits: number }
/** Fewest edits first, then the more common word, then the one of nearest length. */
function meantBy(c: Clause, words: readonly string[], common: Common): Meant[] {
  const distance = isOpen(c) ? prefixDistance : editDistance
  const gap = (word: string) => Math.abs(word.length - c.typed.length)
  return [...new Set(words)]
    .map((word) => ({ word, edits: distance(c.typed, word) }))
    .filter((m) => m.edits > 0 && m.edits <= editsAllowed(c.typed))
    .sort(
      (a, b) =>
        a.edits - b.edits ||
        common.share(b.word) - common.share(a.word) ||
        gap(a.word) - gap(b.word) ||
        (a.word < b.word ? -1 : 1),
    )
    .slice(0, MEANT_MAX)
}

const lossOf = (c: Clause, { word, edits }: Meant): number =>
  (editDistance(c.typed, word) <= editsAllowed(c.typed) ? LOSS.edit : LOSS.beginning)[edits] ?? 1

const partsOf = (c: Clause): [string, string][] =>
  c.typed.length > PARTED_WORD_MAX_CHARS
    ? []
    : Array.from({ length: Math.max(0, c.typed.length - 2 * PART_MIN_CHARS + 1) }, (_, i) => [
        c.typed.slice(0, i + PART_MIN_CHARS),
        c.typed.slice(i + PART_MIN_CHARS),
      ])
/** `daftpunk` -> `daft punk`, where both are words; the evenest first. */
const partedWays = (c: Clause, known: ReadonlySet<string>): Way[] =>
  partsOf(c)
    .filter(([a, b]) => known.has(a) && known.has(b))
    .sort((a, b) => Math.min(b[0].length, b[1].length) - Math.min(a[0].length, a[1].length))
    .slice(0, PARTED_MAX)
    .map((parts) => way(parts, LOSS.parted, c.isOpen))

/** Two words read as one are no title of both, and no more is a word that was not typed to its end. */
const titled = (c: Clause): Way[] =>
  c.ways.filter((w) => w.loss !== LOSS.joined && w.loss <= LOSS.edit[2]).slice(0, WAYS_OF_PHRASE_MAX)
/** Corrected queries as titles would begin, the likeliest first. */
function phrasesOf(clauses: readonly Clause[]): string[] {
  let phrases = ['']
  for (const c of clauses)
    phrases = phrases.flatMap((p) => titled(c).map((w) => `${p} ${w.words.join(' ')}`)).slice(0, PHRASES_MAX)
  return phrases.map(sortKey)
}

export type Forgiven = {
  /** With every reading of the mistyped words. */
  readonly query: Query
  /** Nothing like a part of the query is known at all. */
  readonly unknown: readonly Clause[]
}

/**
 * The query with typing errors forgiven: in whole words and in the one still being typed, a space forgotten. One
 * question to the vocabulary, whatever the number of words.
 */
export async function forgive(db: Db, query: Query, common: Common): Promise<Forgiven> {
  const said = query.clauses.flatMap(partsOfToken)
  const mistyped = said.filter(isMistypable)
  const parts = mistyped.flatMap(partsOf).flat()
  const typed = mistyped.map((c) => c.typed)
  const rows = await similarWords(db, mistyped.map(typoOf), [...new Set([...parts, ...typed])])
  const known = new Set(rows.filter((r) => r.at < 0).map((r) => r.word))
  const read = (c: Clause): Clause => {
    const at = mistyped.indexOf(c)
    if (at < 0) return c
    const words = rows.filter((r) => r.at === at).map((r) => r.word)
    const meant = meantBy(c, words, common).map((m) => way([m.word], lossOf(c, m), false))
    const ways = [...partedWays(c, known), ...meant]
    // A word that nobody wrote leads where what it may mean is asked for.
    return { ...c, ways: distinctWays(known.has(c.typed) ? [...c.ways, ...ways] : [...ways, ...c.ways]) }
  }
  const clauses = said.map(read)
  const unknown = clauses.filter(
    (c, i) => isMistypable(c) && c.ways.length === said[i]?.ways.length && !known.has(c.typed),
  )
  return { query: { ...query, clauses, phrases: [...new Set([...query.phrases, ...phrasesOf(clauses)])] }, unknown }
}
