/** Retrieval figures: how well the nearest neighbours of a vector are what they should be. */

export type Placed = { vector: ArrayLike<number>; label: string }

export const cosine = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    ab += a[i]! * b[i]!
    aa += a[i]! ** 2
    bb += b[i]! ** 2
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0
}

/** Reciprocal rank of the candidate with the label of each query; candidates have each label once. */
export const reciprocalRanks = (queries: readonly Placed[], candidates: readonly Placed[]): number[] =>
  queries.flatMap(({ vector, label }) => {
    const right = candidates.find((each) => each.label === label)
    if (!right) return []
    const near = cosine(vector, right.vector)
    return [1 / (1 + candidates.filter((each) => each.label !== label && cosine(vector, each.vector) >= near).length)]
  })

/**
 * Of each query the share of its `k` nearest others with its label; those are left out that have no other, and, with
 * `only`, those of other labels. What is of the same group is no other.
 */
export const precisionsAt = (k: number, all: readonly (Placed & { group: string })[], only?: string): number[] =>
  all.flatMap(({ vector, label, group }) => {
    if (only !== undefined && label !== only) return []
    const others = all.filter((each) => each.group !== group)
    const right = others.filter((each) => each.label === label).length
    if (right === 0) return []
    const nearest = others
      .map((each) => ({ label: each.label, near: cosine(vector, each.vector) }))
      .sort((a, b) => b.near - a.near)
      .slice(0, Math.min(k, right))
    return [nearest.filter((each) => each.label === label).length / nearest.length]
  })

/** Ranks from 0; equals share the mean of theirs. */
const ranksOf = (values: readonly number[]): Float64Array => {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!)
  const ranks = new Float64Array(values.length)
  for (let i = 0; i < order.length; ) {
    let end = i
    while (end < order.length && values[order[end]!] === values[order[i]!]) end++
    for (let k = i; k < end; k++) ranks[order[k]!] = (i + end - 1) / 2
    i = end
  }
  return ranks
}

/** Spearman's; 0 where one of both is constant. */
export const rankCorrelation = (pairs: readonly { wanted: number; found: number }[]): number => {
  const a = ranksOf(pairs.map(({ wanted }) => wanted))
  const b = ranksOf(pairs.map(({ found }) => found))
  const middle = (pairs.length - 1) / 2
  return cosine(
    a.map((rank) => rank - middle),
    b.map((rank) => rank - middle),
  )
}
