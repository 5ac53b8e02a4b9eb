import type { View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from '#modules/catalog/store/db.ts'
import { type Candidate, candidates, isAny, type Kind, reachOf } from '#modules/catalog/store/search.ts'
import { type Common, commonNow } from './common.ts'
import { forgive } from './forgive.ts'
import { type Plan, planOf, planOfMost } from './plan.ts'
import { type Clause, parse, type Query, tsqueryOf } from './query.ts'
import { type Ranked, ranked } from './rank.ts'

/** With so many answers, a single word was not mistyped; several words found together hardly ever were, many never. */
const SURE = { word: 10, words: 3, manyWords: 1 } as const
const MANY_WORDS = 4
/** What is read as a typing error of something that is there has to be so many times as frequent. */
const LIKELIER = 4
/** Of queries with at least so many words, one may be left out when they are found nowhere together. */
const LEAVE_OUT_MIN_WORDS = 3

export type Found = Record<Kind, string[]>
type Hits = Record<Kind, Ranked[]>

const sureFrom = (words: number): number => (words >= MANY_WORDS ? SURE.manyWords : words > 1 ? SURE.words : SURE.word)

type Look = { view: View; query: Query; plan: (kind: Kind) => Plan; phrases: readonly string[] }
async function look(db: Db, { view, query, plan, phrases }: Look): Promise<Hits> {
  const of = async (kind: Kind) => ranked(query, await candidates(db, kind, view, { ...plan(kind), phrases }))
  const [song, album, artist] = await Promise.all([of('song'), of('album'), of('artist')])
  return { song, album, artist }
}
const countOf = (hits: Hits): number => hits.song.length + hits.album.length + hits.artist.length

/** What was found first stands before the rest, unless that is worth more; each once. */
function merged(first: Hits, second: Hits): Hits {
  const of = (kind: Kind) =>
    [...new Map([...second[kind], ...first[kind]].map((c) => [c.id, c])).values()].sort((a, b) => b.score - a.score)
  return { song: of('song'), album: of('album'), artist: of('artist') }
}

const withClauses = (query: Query, clauses: readonly Clause[]): Query => ({ ...query, clauses })

/** What was meant, when what was typed is not sure to be. */
async function forgiving(db: Db, view: View, query: Query, common: Common, plain: Hits): Promise<Hits> {
  const found = countOf(plain)
  const { query: meant, unknown } = await forgive(db, query, common)
  // What is found with a word is not unknown.
  const clauses = found > 0 ? meant.clauses : meant.clauses.filter((c) => !unknown.includes(c))
  if (clauses.length === 0) return plain
  const known = withClauses(meant, clauses)
  // What begins as it was typed is found already.
  const phrases = known.phrases.filter((p) => !query.phrases.includes(p))
  const loose = await look(db, { view, query: known, plan: (kind) => planOf(known, common, kind), phrases })
  if (found >= SURE.words && countOf(loose) < LIKELIER * found) return plain
  const both = merged(plain, loose)
  const most = clauses.length < LEAVE_OUT_MIN_WORDS ? undefined : planOfMost(known, common)
  return countOf(both) > 0 || !most ? both : look(db, { view, query: known, plan: () => most, phrases: [] })
}

const idsOf = (hits: Hits, limit: number): Found => {
  const ids = (all: readonly Candidate[]) => all.slice(0, limit).map((c) => c.id)
  return { song: ids(hits.song), album: ids(hits.album), artist: ids(hits.artist) }
}

/**
 * Ids of the best `limit` songs, albums and artists for what was typed. Words as typed, and what the last one may
 * continue as, come first; typing errors (one from three letters on, two from six on) are forgiven when that finds
 * little and they are much the likelier reading, so that `love` is not answered with `over`.
 */
export async function find(db: Db, view: View, q: string, limit: number): Promise<Found> {
  const query = parse(q)
  const common = await commonNow(db)
  const plain = await look(db, { view, query, plan: (kind) => planOf(query, common, kind), phrases: query.phrases })
  if (query.clauses.length === 0 || countOf(plain) >= sureFrom(query.clauses.length)) return idsOf(plain, limit)
  return idsOf(await forgiving(db, view, query, common, plain), limit)
}

/**
 * The query as a PostgreSQL `tsquery` for a list of the rows `within` (songs, albums or artists `t`): as typed when one
 * of them matches it so, else with typing errors forgiven. Empty, which matches nothing, when it holds no letter or
 * digit.
 */
export async function filterQueryWithin(db: Db, kind: Kind, within: Sql<boolean>, q: string): Promise<string> {
  const query = parse(q)
  const needed = query.clauses.filter((c) => !c.isOptional)
  const plain = tsqueryOf(needed)
  if (needed.length === 0 || (await isAny(db, kind, within, plain))) return plain
  const { query: meant } = await forgive(db, withClauses(query, needed), await commonNow(db))
  return tsqueryOf(meant.clauses)
}
/** The same for what the caller may see. */
export const filterQuery = (db: Db, kind: Kind, view: View, q: string): Promise<string> =>
  filterQueryWithin(db, kind, reachOf(kind, view), q)
