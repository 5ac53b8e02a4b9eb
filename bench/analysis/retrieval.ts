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

/** Of each query the share of its `k` nearest others with its label; those are left out that have no other. */
export const precisionsAt = (k: number, all: readonly (Placed & { group: string })[]): number[] =>
  all.flatMap(({ vector, label, group }) => {
    const others = all.filter((each) => each.group !== group)
    const right = others.filter((each) => each.label === label).length
    if (right === 0) return []
    const nearest = others
      .map((each) => ({ label: each.label, near: cosine(vector, each.vector) }))
      .sort((a, b) => b.near - a.near)
      .slice(0, Math.min(k, right))
    return [nearest.filter((each) => each.label === label).length / nearest.length]
  })
