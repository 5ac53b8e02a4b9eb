import { read } from './read.ts'
import type { Batch, CatalogCtx, Tally, Wanted } from './types.ts'

/** Files stored in one transaction. */
const SAVE_FILES = 200
/** Batches being read while one is stored: bounds what is in memory. */
const BATCHES_AHEAD = 2

export type ScanDeps = {
  ctx: CatalogCtx
  save: (batch: Batch, tally: Tally) => Promise<void>
  tally: Tally
  signal: AbortSignal
  /** Device and inode of the data folder, which may lie in a music folder and holds none of the music. */
  dataFolder: string | undefined
  /** Songs were added, changed or removed. */
  changed: () => void
}

/** Reads and stores what is pushed, in order, some batches at a time; `push` waits when too much is under way. */
export function createIntake(d: ScanDeps) {
  let waiting: Wanted[] = []
  let stored: Promise<void> = Promise.resolve()
  const underWay: Promise<void>[] = []
  const begin = (): void => {
    const wanted = waiting
    waiting = []
    const reading = read(d.ctx, wanted, d.signal)
    const before = stored
    stored = (async () => {
      const [batch] = await Promise.all([reading, before])
      d.signal.throwIfAborted()
      await d.save(batch, d.tally)
      d.tally.doneFiles += wanted.length
      d.changed()
    })()
    // The failure is met by whoever waits below; this only keeps it from being "unhandled" until then.
    stored.catch(() => {})
    underWay.push(stored)
  }
  return {
    async push(wanted: readonly Wanted[]): Promise<void> {
      for (const w of wanted) {
        if (waiting.push(w) < SAVE_FILES) continue
        begin()
        if (underWay.length > BATCHES_AHEAD) await underWay.shift()
      }
    },
    async end(): Promise<void> {
      if (waiting.length > 0) begin()
      await stored
    },
    /** After a failure: what is under way has ended, well or not, when this resolves. */
    async settle(): Promise<void> {
      await Promise.allSettled(underWay)
    },
  }
}
