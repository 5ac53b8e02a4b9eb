import { commonWords } from '#modules/catalog/store/search.ts'
import type { Db } from '#modules/catalog/store/db.ts'

/** What share of the songs' documents hold a word: the planner's statistics, which it keeps for words that are common. */
export type Common = {
  share(word: string): number
  /** Of all words that begin so, added up. */
  beginningShare(prefix: string): number
}

const LOOKED_UP_EVERY_MS = 60_000
const NOTHING: Common = { share: () => 0, beginningShare: () => 0 }

export function commonOf(rows: readonly { word: string; share: number }[]): Common {
  if (rows.length === 0) return NOTHING
  const shares = new Map(rows.map((r) => [r.word, r.share]))
  const sorted = rows.toSorted((a, b) => (a.word < b.word ? -1 : 1))
  const sums = [0]
  for (const r of sorted) sums.push((sums.at(-1) as number) + r.share)
  // The first of the sorted words that is not before `word`.
  const placeOf = (word: string): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle]?.word ?? '') < word) low = middle + 1
      else high = middle
    }
    return low
  }
  return {
    share: (word) => shares.get(word) ?? 0,
    beginningShare: (prefix) => (sums[placeOf(`${prefix}\u{10ffff}`)] ?? 0) - (sums[placeOf(prefix)] ?? 0),
  }
}

const kept = new WeakMap<Db, { atMs: number; common: Promise<Common> }>()
/** As of the last minute. Only how a search is done depends on it, never what it finds of words that are told. */
export function commonNow(db: Db): Promise<Common> {
  const found = kept.get(db)
  if (found && performance.now() - found.atMs < LOOKED_UP_EVERY_MS) return found.common
  const common = commonWords(db).then(commonOf)
  kept.set(db, { atMs: performance.now(), common })
  common.catch(() => kept.delete(db))
  return common
}
