/** Fetches the block that begins at a cursor. */
export type FetchBlock<T> = (
  cursor: string | null,
  limit: number,
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
 * A long list behind cursors, read by index. A cursor leads only to the next block, so a far jump first walks there;
 * every cursor met on the way is kept, so that each place is reached at once from then on.
 * Invariant: `cursors[n]` leads to the block that holds items n·BLOCK_SIZE onwards.
 */
export function makeBlocks<T>(fetchBlock: FetchBlock<T>, onChange: () => void): Blocks<T> {
  const blocks = new Map<number, T[]>()
  const cursors: (string | null)[] = [null]
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

  async function fetchInto(n: number): Promise<void> {
    const answer = await fetchBlock(cursors[n] ?? null, BLOCK_SIZE, stopper.signal)
    const end = n * BLOCK_SIZE + answer.items.length
    if (answer.nextCursor !== null) cursors[n + 1] = answer.nextCursor
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

  async function walkTo(n: number): Promise<void> {
    while (cursors.length <= n && wantedFirst >= BLOCK_SIZE * cursors.length) {
      const before = cursors.length
      await load(cursors.length - 1)
      if (cursors.length === before) return
    }
  }

  return {
    at: (index) => blocks.get(Math.floor(index / BLOCK_SIZE))?.[index % BLOCK_SIZE],
    async need(first, last) {
      wantedFirst = first
      const from = Math.floor(first / BLOCK_SIZE)
      const to = Math.floor(Math.max(first, last - 1) / BLOCK_SIZE)
      for (let n = from; n <= to; n++) {
        await walkTo(n)
        if (wantedFirst !== first || stopper.signal.aborted) return
        if (n < cursors.length && !blocks.has(n)) await load(n)
      }
    },
    get total() {
      return total
    },
    stop: () => stopper.abort(),
  }
}
