import { tellFault } from '#lib/ui/toasts.svelte.ts'
import { type Blocks, type FetchBlock, makeBlocks } from './blocks.ts'

export type Paged<T> = {
  readonly total: number
  readonly ready: boolean
  readonly fault: string | null
  at(index: number): T | undefined
  /** To be called with what is on the screen. */
  need(first: number, last: number): void
  /** Items from an index on, loading what is not there yet. */
  take(first: number, count: number): Promise<T[]>
  stop(): void
}

/** `makeBlocks` for components: reading `at` and `total` follows what arrives. */
export function makePaged<T>(fetchBlock: FetchBlock<T>): Paged<T> {
  let version = $state(0)
  let ready = $state(false)
  let fault = $state<string | null>(null)
  const blocks: Blocks<T> = makeBlocks(fetchBlock, () => {
    version += 1
    ready = true
  })
  const need = async (first: number, last: number) => {
    try {
      await blocks.need(first, last)
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name !== 'AbortError') fault = thrown.message
      if (ready) tellFault(thrown)
    }
  }
  void need(0, 1)
  return {
    get total() {
      void version
      return blocks.total
    },
    get ready() {
      return ready
    },
    get fault() {
      return fault
    },
    at(index) {
      void version
      return blocks.at(index)
    },
    need: (first, last) => void need(first, last),
    async take(first, count) {
      const last = Math.min(blocks.total, first + count)
      await need(first, last)
      return Array.from({ length: Math.max(0, last - first) }, (_, i) => blocks.at(first + i)).filter(
        (i) => i !== undefined,
      )
    },
    stop: blocks.stop,
  }
}
