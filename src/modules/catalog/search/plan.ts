import type { Common } from './common.ts'
import { type Clause, type Query, tsqueryOf } from './query.ts'

/** Shorter beginnings continue as half of all words: they never lead a search of documents. */
const LEADING_PREFIX_MIN_CHARS = 3

/**
 * How documents are searched: `keys` through the index, `filter` over what that finds. Without `keys` they are not
 * searched at all. An index of words reads all places of a word before it answers the first, and of a beginning those
 * of all its continuations: so the rarer part leads and the rest is looked up in what it found.
 */
export type Plan = { readonly keys: string | undefined; readonly filter: string | undefined }

const sharesOf = (clause: Clause, common: Common): number =>
  clause.ways.reduce((sum, w) => sum + Math.min(...w.words.map((word) => common.share(word))), 0)
const beginningShare = (clause: Clause, common: Common): number =>
  clause.ways.reduce((sum, w) => {
    const last = w.words.at(-1) as string
    return sum + (w.isOpen ? (last.length < LEADING_PREFIX_MIN_CHARS ? 1 : common.beginningShare(last)) : 0)
  }, 0)

const closed = (clause: Clause): Clause => ({ ...clause, ways: clause.ways.map((w) => ({ ...w, isOpen: false })) })

export function planOf({ clauses }: Query, common: Common): Plan {
  const needed = clauses.filter((c) => !c.isOptional)
  const open = needed.find((c) => c.isOpen)
  if (!open) return { keys: tsqueryOf(needed) || undefined, filter: undefined }
  const rest = needed.filter((c) => c !== open)
  const share = beginningShare(open, common)
  if (rest.length === 0) return { keys: tsqueryOf([share >= 1 ? closed(open) : open]), filter: undefined }
  const leads = Math.min(...rest.map((c) => sharesOf(c, common))) > share
  return leads ? { keys: tsqueryOf(needed), filter: undefined } : { keys: tsqueryOf(rest), filter: tsqueryOf([open]) }
}
