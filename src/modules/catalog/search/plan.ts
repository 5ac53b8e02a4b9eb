import type { Kind, Wanted } from '#modules/catalog/store/search.ts'
import type { Common } from './common.ts'
import { type Clause, type Query, tsqueryOf, type Way } from './query.ts'

/** What share of documents the words beyond the common ones add to a beginning of one, two, three letters. */
const RARE_SHARES = [1, 0.015, 0.005, 0.001] as const
/** A beginning that continues in more documents is looked for in what the other words find: it is found there soon. */
const LEADING_SHARE_MAX = 0.02
/** One that stands alone and continues in more is left to the titles that begin so; albums and artists are fewer. */
const ALONE_SHARE_MAX: Record<Kind, number> = { song: 0.01, album: 0.1, artist: 0.1 }
/** Words that are looked for alone, where not all are found together, stand in no larger share of the documents. */
const MOST_SHARE_MAX = 0.01

/**
 * How documents are searched: `keys` through the index, `filter` over a bounded number of what that finds. Without
 * `keys` they are not searched at all. An index of words reads all places of a word before it answers the first, and of
 * a beginning those of all its continuations: so the rarer part leads and the rest is looked up in what it found.
 */
export type Plan = Pick<Wanted, 'keys' | 'filter'>

const shareOfWay = (w: Way, common: Common): number => {
  const last = w.words.at(-1) as string
  const open = w.isOpen ? common.beginningShare(last) + (RARE_SHARES[last.length] ?? 0) : common.share(last)
  return Math.min(open, ...w.words.slice(0, -1).map((word) => common.share(word)))
}
const shareOf = (clause: Clause, common: Common): number =>
  clause.ways.reduce((sum, w) => sum + shareOfWay(w, common), 0)

/** Without what is still being typed: of several words the last, of one that it goes on. */
const withoutOpen = (w: Way): Way =>
  w.isOpen ? { ...w, words: w.words.length > 1 ? w.words.slice(0, -1) : w.words, isOpen: false } : w
const closed = (clause: Clause): Clause => ({ ...clause, ways: clause.ways.map(withoutOpen) })

function planOfOne(clause: Clause, common: Common, kind: Kind): Plan {
  if (clause.ways.some((w) => w.isOpen && w.words.length > 1)) {
    const ways = clause.ways.map((w) => (w.words.length > 1 ? withoutOpen(w) : w))
    return { keys: tsqueryOf([{ ...clause, ways }]), filter: tsqueryOf([clause]) }
  }
  return {
    keys: tsqueryOf([shareOf(clause, common) > ALONE_SHARE_MAX[kind] ? closed(clause) : clause]),
    filter: undefined,
  }
}

export function planOf({ clauses }: Query, common: Common, kind: Kind): Plan {
  const needed = clauses.filter((c) => !c.isOptional)
  const open = needed.find((c) => c.isOpen)
  if (!open) return { keys: tsqueryOf(needed) || undefined, filter: undefined }
  const rest = needed.filter((c) => c !== open)
  if (rest.length === 0) return planOfOne(open, common, kind)
  const share = shareOf(open, common)
  const leads = share <= LEADING_SHARE_MAX && Math.min(...rest.map((c) => shareOf(c, common))) > share
  return leads ? { keys: tsqueryOf(needed), filter: undefined } : { keys: tsqueryOf(rest), filter: tsqueryOf([open]) }
}

/** Documents with one of the two rarest clauses that lack no more than one of all. Undefined where those are common. */
export function planOfMost({ clauses }: Query, common: Common): Plan | undefined {
  const [first, second] = clauses.toSorted((a, b) => shareOf(a, common) - shareOf(b, common))
  if (!first || !second || shareOf(first, common) + shareOf(second, common) > MOST_SHARE_MAX) return undefined
  const most = clauses.map((c) => `(${tsqueryOf(clauses.filter((other) => other !== c))})`)
  return { keys: `${tsqueryOf([first])} | ${tsqueryOf([second])}`, filter: most.join(' | ') }
}
