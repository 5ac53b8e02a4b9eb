import { editDistance, editsAllowed, prefixDistance, probeGrams, probePrefixGrams } from './edits.ts'
import { fold, queryWords, sortKey } from './fold.ts'
import type { View } from './policy.ts'
import type { Db } from './store/db.ts'
import { beginningWith, type Candidate, matching, similarWords } from './store/search.ts'

/** Words of a query that count; the rest of a pasted paragraph is ignored. */
const QUERY_WORDS_MAX = 8
/** Words of the vocabulary tried for one mistyped word. */
const MEANT_MAX = 16
/** Shorter beginnings are looked up in the order of titles: as words they would match half the library. */
const PREFIX_MIN_CHARS = 3
/** As long as a word of the vocabulary may be. */
const WORD_MAX_CHARS = 60
/** With so many answers to what was typed, nothing was mistyped. */
const ENOUGH = 3

type Meant = { word: string; edits: number }
/** A word of the query and what it may mean besides itself and its continuations. */
export type Term = { typed: string; isLast: boolean; meant: Meant[] }

const plainTerms = (q: string): Term[] =>
  queryWords(q)
    .slice(0, QUERY_WORDS_MAX)
    .map((typed, i, all) => ({ typed, isLast: i === all.length - 1, meant: [] }))

/** The last word may still be typed, so its beginning is compared; of equal distance the word of nearest length wins. */
async function forgiving(db: Db, term: Term): Promise<Term> {
  const { typed, isLast } = term
  const edits = editsAllowed(typed)
  if (edits === 0) return term
  const words = await similarWords(db, {
    probes: isLast ? probePrefixGrams(typed, edits) : probeGrams(typed, edits),
    lengthMin: typed.length - edits,
    lengthMax: isLast ? WORD_MAX_CHARS : typed.length + edits,
  })
  const distance = isLast ? prefixDistance : editDistance
  const meant = words
    .map((word) => ({ word, edits: distance(typed, word) }))
    // Hardly anybody mistypes the first letter, and in a short word one edit there finds anything.
    .filter((m) => m.edits <= edits && m.word !== typed && (edits === 2 || m.word[0] === typed[0]))
    .sort((a, b) => a.edits - b.edits || lengthGap(a, typed) - lengthGap(b, typed) || (a.word < b.word ? -1 : 1))
  return { ...term, meant: meant.slice(0, MEANT_MAX) }
}
const lengthGap = (m: Meant, typed: string): number => Math.abs(m.word.length - typed.length)

/** Every term must be found; words hold letters and digits only, so they need no escaping. */
const tsqueryOf = (terms: readonly Term[]): string =>
  terms
    .map(({ typed, isLast, meant }) => {
      const own = typed.length >= PREFIX_MIN_CHARS || isLast ? `'${typed}':*` : `'${typed}'`
      return `(${[own, ...meant.map((m) => `'${m.word}'`)].join(' | ')})`
    })
    .join(' & ')

/**
 * The query as a PostgreSQL `tsquery`, typing errors forgiven; empty, which matches nothing, when it holds no letter or
 * digit.
 */
export async function filterQuery(db: Db, q: string): Promise<string> {
  const terms = plainTerms(q)
  return tsqueryOf(await Promise.all(terms.map((t) => forgiving(db, t))))
}

// How much a match is worth: by where it stands and how well it fits.
const FIELD_WEIGHT = { title: 1, artist: 0.7, album: 0.45 } as const
const FIT = { exact: 1, beginning: 0.75, edit: [0, 0.55, 0.4] } as const
const WHOLE_TITLE = 1.5
const TITLE_BEGINS = 0.6

function fitOf(term: Term, words: readonly string[]): number {
  let best = 0
  for (const word of words) {
    if (word === term.typed) return FIT.exact
    if (word.startsWith(term.typed)) best = Math.max(best, FIT.beginning)
    const meant = term.meant.find((m) => m.word === word)
    if (meant) best = Math.max(best, FIT.edit[meant.edits] ?? 0)
  }
  return best
}

/** Higher is better; the sum over the query's words of the best place each is found in. */
export function scoreOf(terms: readonly Term[], q: string, c: Pick<Candidate, 'title' | 'artist' | 'album'>): number {
  const fields = (['title', 'artist', 'album'] as const).map((f) => ({
    words: queryWords(c[f]),
    weight: FIELD_WEIGHT[f],
  }))
  const found = terms.map((t) => Math.max(...fields.map((f) => fitOf(t, f.words) * f.weight)))
  const title = fold(c.title)
  const whole = title === q || sortKey(c.title) === q ? WHOLE_TITLE : title.startsWith(q) ? TITLE_BEGINS : 0
  return found.reduce((a, b) => a + b, 0) / terms.length + whole
}

/** Candidates in rank order, best first: score, then size, then title, then id. */
function ranked(terms: readonly Term[], q: string, candidates: readonly Candidate[]): Candidate[] {
  const folded = fold(q)
  return [...new Map(candidates.map((c) => [c.id, c])).values()]
    .map((c) => ({ c, score: scoreOf(terms, folded, c) }))
    .sort((a, b) => b.score - a.score || b.c.weight - a.c.weight || (a.c.id < b.c.id ? -1 : 1))
    .map(({ c }) => c)
}

/** Candidates of the query as it is typed. One very short word is looked up as the beginning of titles alone. */
async function asTyped(db: Db, kind: Kind, view: View, terms: Term[], q: string): Promise<Candidate[]> {
  const prefix = sortKey(q)
  const isShort = terms.every((t) => t.typed.length < PREFIX_MIN_CHARS)
  const words = terms.map((t) => `'${t.typed}'`).join(' & ')
  const [titles, documents] = await Promise.all([
    beginningWith(db, kind, view, prefix),
    matching(db, kind, view, isShort ? words : tsqueryOf(terms)),
  ])
  return [...titles, ...documents]
}

export type Kind = (typeof KINDS)[number]
const KINDS = ['song', 'album', 'artist'] as const
export type Found = Record<Kind, string[]>

const forKinds = async (look: (kind: Kind) => Promise<Candidate[]>): Promise<Record<Kind, Candidate[]>> => {
  const [song = [], album = [], artist = []] = await Promise.all(KINDS.map(look))
  return { song, album, artist }
}
const idsOf = (found: Record<Kind, Candidate[]>, limit: number): Found => {
  const ids = (kind: Kind) => [...new Set(found[kind].map((c) => c.id))].slice(0, limit)
  return { song: ids('song'), album: ids('album'), artist: ids('artist') }
}

/**
 * Ids of the best `limit` songs, albums and artists for what was typed. Words as typed and their continuations come
 * first; typing errors (one from three letters on, two from six on) are forgiven when that finds hardly anything, so
 * that `love` is not answered with `over`.
 */
export async function find(db: Db, view: View, q: string, limit: number): Promise<Found> {
  const terms = plainTerms(q)
  // Names of signs alone (`!!!`) are found by their beginning.
  if (terms.length === 0) return idsOf(await forKinds((kind) => beginningWith(db, kind, view, sortKey(q))), limit)
  const plain = await forKinds(async (kind) => ranked(terms, q, await asTyped(db, kind, view, terms, q)))
  if (plain.song.length + plain.album.length + plain.artist.length >= ENOUGH) return idsOf(plain, limit)
  const loose = await Promise.all(terms.map((t) => forgiving(db, t)))
  if (loose.every((t) => t.meant.length === 0)) return idsOf(plain, limit)
  const all = await forKinds(async (kind) => {
    const more = await matching(db, kind, view, tsqueryOf(loose))
    return [...plain[kind], ...ranked(loose, q, more)]
  })
  return idsOf(all, limit)
}
