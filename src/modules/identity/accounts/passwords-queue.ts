/** Who has signed in from here before comes first: strangers, however many, cannot keep them out. */
export type Rank = 'known' | 'unknown'
export type Place<T> = { readonly group: string; readonly rank: Rank; readonly item: T }

/**
 * Those who wait for something scarce. Groups take turns, whatever the length of each; when all places are taken, the
 * group that has most of them gives up its newest. So a flood from one address stands in its own way only.
 */
export type FairQueue<T> = {
  /** Who has to go because this one came: often this one itself. */
  push(place: Place<T>): Place<T> | undefined
  shift(): T | undefined
  readonly size: number
}

/** Invariants: `size` ≤ `max`; no group of the rank is empty; the next turn is the first group's. */
type Groups<T> = Map<string, Place<T>[]>

export function createFairQueue<T>(max: number): FairQueue<T> {
  const ranks: Record<Rank, Groups<T>> = { known: new Map(), unknown: new Map() }
  let size = 0
  const evict = (): Place<T> | undefined => {
    size -= 1
    return dropNewest(ranks.unknown) ?? dropNewest(ranks.known)
  }
  return {
    push(place) {
      const groups = ranks[place.rank]
      const group = groups.get(place.group) ?? []
      group.push(place)
      groups.set(place.group, group)
      size += 1
      return size > max ? evict() : undefined
    },
    shift() {
      const found = takeTurn(ranks.known) ?? takeTurn(ranks.unknown)
      if (found) size -= 1
      return found?.item
    },
    get size() {
      return size
    },
  }
}

function takeTurn<T>(groups: Groups<T>): Place<T> | undefined {
  const first = groups.entries().next().value
  if (!first) return undefined
  const [name, places] = first
  const place = places.shift()
  groups.delete(name)
  if (places.length > 0) groups.set(name, places)
  return place
}

/** Of the group with most places; of several, the one that comes last. */
function dropNewest<T>(groups: Groups<T>): Place<T> | undefined {
  let longest: readonly [string, Place<T>[]] | undefined
  for (const entry of groups) if (!longest || entry[1].length >= longest[1].length) longest = entry
  if (!longest) return undefined
  const [name, places] = longest
  const place = places.pop()
  if (places.length === 0) groups.delete(name)
  return place
}
