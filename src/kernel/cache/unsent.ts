/** Beyond it the tags are forgotten and everything counts as invalidated. */
export const UNSENT_MAX = 10_000

export type Snapshot = { readonly tags: string[]; readonly numbers: ReadonlyMap<string, number> }
export type Unsent = {
  add(tags: readonly string[]): void
  hasOneOf(tags: readonly string[]): boolean
  snapshot(): Snapshot
  /** Removes what the snapshot holds, save tags that were added again since. */
  remove(sent: Snapshot): void
}

/** Invalidations that Redis did not take yet. `everything` is the tag that all entries have. */
export function createUnsent(everything: string): Unsent {
  const numbers = new Map<string, number>()
  let next = 0
  const add = (tags: readonly string[]) => {
    for (const tag of tags) numbers.set(tag, next++)
    if (numbers.size <= UNSENT_MAX) return
    numbers.clear()
    numbers.set(everything, next++)
  }
  return {
    add,
    hasOneOf: (tags) => numbers.size > 0 && tags.some((tag) => numbers.has(tag)),
    snapshot: () => ({ tags: [...numbers.keys()], numbers: new Map(numbers) }),
    remove(sent) {
      for (const [tag, number] of sent.numbers) if (numbers.get(tag) === number) numbers.delete(tag)
    },
  }
}
