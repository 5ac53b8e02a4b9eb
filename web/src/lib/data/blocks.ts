/** What to ask of a list: a page after a cursor (its start without one), `offset` rows further on. */
export type Ask = { limit: number; cursor?: string; offset?: number; count?: true }
export type FetchBlock<T> = (
  ask: Ask,
  signal: AbortSignal,
) => Promise<{ items: T[]; nextCursor: string | null; total?: number | undefined }>

/** Items of one block; the server takes at most 500. */
const BLOCK_SIZE = 200
/** Blocks kept in memory: 10 000 items, however long the list is. */
const BLOCKS_MAX = 50

export type Blocks<T> = {
  /** Item at an index, undefined until its block is there. */
  at(index: number): T | undefined
  /** Loads what a window needs; a later call makes an earlier one needless. */
  need(first: number, last: number): Promise<void>
  readonly total: number
  stop(): void
}

/**
 * A long list behind cursors, read by index. A block after a known place is asked for by its cursor; a far jump asks
 * for one page counted from the nearest known place before it, and goes on by cursor from there.
 * Invariant: `cursors.get(n)` leads to the block that holds items n·BLOCK_SIZE onwards; null is the start of the list.
 */
export function makeBlocks<T>(fetchBlock: FetchBlock<T>, onChange: () => void): Blocks<T> {
  const blocks = new Map<number, T[]>()
  const cursors = new Map<number, string | null>([[0, null]])
  const underWay = new Map<number, Promise<void>>()
  const stopper = new AbortController()
  let total = 0
  let wantedFirst = 0

  function keep(n: number, items: T[]): void {
    blocks.delete(n)
    blocks.set(n, items)
    for (const oldest of blocks.keys()) {
      if (blocks.size <= BLOCKS_MAX) break
      blocks.delete(oldest)
    }
  }

  function askFor(n: number): Ask {
    const near = nearestBefore(n, cursors.keys())
    const cursor = cursors.get(near) ?? null
    return {
      limit: BLOCK_SIZE,
      ...(cursor === null ? {} : { cursor }),
      ...(near === n ? {} : { offset: (n - near) * BLOCK_SIZE }),
      ...(n === 0 ? { count: true as const } : {}),
    }
  }

  async function fetchInto(n: number): Promise<void> {
    const answer = await fetchBlock(askFor(n), stopper.signal)
    const end = n * BLOCK_SIZE + answer.items.length
    if (answer.nextCursor !== null) cursors.set(n + 1, answer.nextCursor)
    total = answer.nextCursor === null ? end : Math.max(total, answer.total ?? 0, end + 1)
    keep(n, answer.items)
    onChange()
  }

  function load(n: number): Promise<void> {
    const running = underWay.get(n)
    if (running) return running
    const started = fetchInto(n).finally(() => underWay.delete(n))
    underWay.set(n, started)
    return started
  }

  return {
    at: (index) => blocks.get(Math.floor(index / BLOCK_SIZE))?.[index % BLOCK_SIZE],
    async need(first, last) {
      wantedFirst = first
      const from = Math.floor(first / BLOCK_SIZE)
      const to = Math.floor(Math.max(first, last - 1) / BLOCK_SIZE)
      for (let n = from; n <= to; n++) {
        if (wantedFirst !== first || stopper.signal.aborted) return
        if (!blocks.has(n)) await load(n)
      }
    },
    get total() {
      return total
    },
    stop: () => stopper.abort(),
  }
}

/** The last of the known places up to `n`; 0 is always known. */
export function nearestBefore(n: number, known: Iterable<number>): number {
  let nearest = 0
  for (const place of known) if (place <= n && place > nearest) nearest = place
  return nearest
}
