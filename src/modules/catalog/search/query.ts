import { cut, fold, queryWords, sortKey } from '#modules/catalog/fold.ts'
import { joined, romanized } from './variants.ts'

/** Words of a query that count; the rest of a pasted paragraph is ignored. */
const QUERY_WORDS_MAX = 8
/** Neighbours are tried as one word (`beat les`) in queries of so many words. */
const JOINABLE_WORDS_MAX = 8
/** Shorter ones are no beginning of another word. */
const OPEN_JOINED_MIN_CHARS = 5
/** Words that names are given and quoted without. */
const OPTIONAL = new Set('the a an and n feat ft featuring'.split(' '))
/** Nor does what a single character sounds like begin one: `愛` is `ai`, and not `air`. */
const OPEN_RESPELLED_MIN_CHARS = 3
/** Characters that are a word each: nothing continues them. */
const WHOLE = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]$/u

/** What a match is worth less when it is not letter by letter what was typed. */
export const LOSS = {
  typed: 0,
  respelled: 0.03,
  joined: 0.1,
  parted: 0.15,
  edit: [0, 0.42, 0.58],
  /** The errors are in what begins a longer word. */
  beginning: [0, 0.6, 0.7],
} as const

/** One way to read a part of the query: all these words; the last one may go on when it `isOpen`. */
export type Way = { readonly words: readonly string[]; readonly loss: number; readonly isOpen: boolean }
/** A part of the query and every way it is read; a document matches it by any of them. */
export type Clause = {
  readonly typed: string
  readonly ways: readonly Way[]
  readonly isOpen: boolean
  readonly isOptional: boolean
}
export type Query = {
  readonly folded: string
  readonly clauses: readonly Clause[]
  /** Beginnings that titles and names may have, articles left out. */
  readonly phrases: readonly string[]
}

const openOf = (words: readonly string[], isOpen: boolean): boolean => isOpen && !WHOLE.test(words.at(-1) ?? '')
export const way = (words: readonly string[], loss: number, isOpen: boolean): Way => ({
  words,
  loss,
  isOpen: openOf(words, isOpen),
})

/** Ways that read the same words are one. */
export const distinctWays = (ways: readonly Way[]): Way[] =>
  [...new Map(ways.toReversed().map((w) => [w.words.join(' '), w])).values()].toReversed()

function clauseOf(token: string, words: readonly string[], isOpen: boolean): Clause {
  const latin = romanized(token)
  const others = [...joined(token).map((w) => [w]), ...(latin.length > 0 ? [[latin.at(-1) as string]] : [])]
  return {
    typed: words.join(''),
    ways: distinctWays([
      way(words, LOSS.typed, isOpen),
      ...others
        .filter(([w]) => w !== '')
        .map((w) => way(w.map(cut), LOSS.respelled, isOpen && (w.at(-1) as string).length >= OPEN_RESPELLED_MIN_CHARS)),
    ]),
    isOpen: openOf(words, isOpen),
    isOptional: words.length === 1 && OPTIONAL.has(words[0] as string),
  }
}

/** `svefn-g-englar` word by word, for none of its words is looked at by itself otherwise; each may be the whole, too. */
export function partsOfToken(clause: Clause): Clause[] {
  const [typed, ...others] = clause.ways
  if (!typed || typed.words.length === 1 || typed.words.every((w) => WHOLE.test(w))) return [clause]
  return typed.words.map((word, i) => ({
    typed: word,
    ways: [way([word], LOSS.typed, clause.isOpen && i === typed.words.length - 1), ...others],
    isOpen: clause.isOpen && i === typed.words.length - 1,
    isOptional: clause.isOptional || OPTIONAL.has(word),
  }))
}

const withWay = (clause: Clause, more: Way | undefined): Clause =>
  more ? { ...clause, ways: distinctWays([...clause.ways, more]) } : clause

/** `beat les`: both clauses may also be the one word. */
function joinNeighbours(clauses: readonly Clause[]): Clause[] {
  if (clauses.length > JOINABLE_WORDS_MAX) return [...clauses]
  const one = (a: Clause | undefined, b: Clause | undefined): Way | undefined =>
    a && b && a.ways[0]?.words.length === 1 && b.ways[0]?.words.length === 1
      ? way([a.typed + b.typed], LOSS.joined, b.isOpen && (a.typed + b.typed).length >= OPEN_JOINED_MIN_CHARS)
      : undefined
  return clauses.map((c, i) => withWay(withWay(c, one(clauses[i - 1], c)), one(c, clauses[i + 1])))
}

/** What was typed, read. A space at the end says that the last word is whole. */
export function parse(q: string): Query {
  const tokens = q.split(/\s+/).map((token) => ({ token, words: queryWords(token) }))
  const said = tokens.filter((t) => t.words.length > 0)
  let room = QUERY_WORDS_MAX
  const clauses: Clause[] = []
  for (const [i, { token, words }] of said.entries()) {
    if (room <= 0) break
    clauses.push(clauseOf(token, words.slice(0, room), i === said.length - 1 && !/\s$/.test(q)))
    room -= words.length
  }
  // Where nothing else is said, articles are what is looked for.
  const isAll = clauses.every((c) => c.isOptional)
  const needed = isAll ? clauses.map((c) => ({ ...c, isOptional: false })) : clauses
  // What is said twice is looked for once, the last time, where it may still go on.
  const named = needed.filter((c, i) => !needed.slice(i + 1).some((later) => later.typed === c.typed))
  // Names of signs alone (`!!!`) are found by their beginning.
  const signs = clauses.length === 0 ? tokens.map((t) => t.token).filter((t) => t !== '') : []
  return { folded: fold(q), clauses: joinNeighbours(named), phrases: [...new Set([q, ...signs].map(sortKey))] }
}

// Words hold letters and digits only, so they need no escaping.
const tsqueryOfWay = (w: Way): string =>
  w.words.map((word, i) => `'${word}'${w.isOpen && i === w.words.length - 1 ? ':*' : ''}`).join(' & ')
/** Every clause must be found. Empty when there is none. */
export const tsqueryOf = (clauses: readonly Clause[]): string =>
  clauses.map((c) => `(${c.ways.map((w) => `(${tsqueryOfWay(w)})`).join(' | ')})`).join(' & ')
