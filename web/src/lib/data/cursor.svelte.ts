import { ApiError } from '#client/index.ts'
import { sentenceOf, tellFault } from '#lib/ui/toasts.svelte.ts'

type Answer<T> = { items: readonly T[]; nextCursor: string | null; total?: number }
export type CursorList<T> = {
  /** What has come so far; null before the first page. */
  readonly items: readonly T[] | null
  readonly total: number | null
  readonly fault: string | null
  readonly hasMore: boolean
  readonly busy: boolean
  more(): void
  /** Puts another in the place of one item, or takes it out. */
  replace(isIt: (item: T) => boolean, by: T | null): void
}

/**
 * A list that the server answers page by page; it begins again whenever `key` changes. Call while a component is made.
 * What was there stays until the new is, so that nothing flickers.
 */
export function makeCursorList<K, T>(
  key: () => K,
  read: (key: K, cursor: string | undefined, signal: AbortSignal) => Promise<Answer<T>>,
): CursorList<T> {
  let items = $state.raw<readonly T[] | null>(null)
  let total = $state<number | null>(null)
  let next = $state<string | null>(null)
  let fault = $state<string | null>(null)
  let busy = $state(false)
  let stopper = new AbortController()

  async function load(wanted: K, cursor: string | undefined): Promise<void> {
    const { signal } = stopper
    busy = true
    try {
      const answer = await read(wanted, cursor, signal)
      if (signal.aborted) return
      items = cursor === undefined ? answer.items : [...(items ?? []), ...answer.items]
      next = answer.nextCursor
      total = answer.total ?? total
      fault = null
    } catch (thrown) {
      if (signal.aborted || (thrown instanceof ApiError && thrown.code === 'aborted')) return
      if (items === null) fault = sentenceOf(thrown)
      else tellFault(thrown)
    } finally {
      if (!signal.aborted) busy = false
    }
  }
  $effect(() => {
    const wanted = key()
    stopper = new AbortController()
    void load(wanted, undefined)
    return () => stopper.abort()
  })
  return {
    get items() {
      return items
    },
    get total() {
      return total
    },
    get fault() {
      return fault
    },
    get hasMore() {
      return next !== null
    },
    get busy() {
      return busy
    },
    more() {
      if (next !== null && !busy) void load(key(), next)
    },
    replace(isIt, by) {
      items = items?.flatMap((item) => (isIt(item) ? (by === null ? [] : [by]) : [item])) ?? null
      if (by === null && total !== null) total -= 1
    },
  }
}
