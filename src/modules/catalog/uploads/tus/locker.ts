import type { Locker } from '@tus/server'
import { AppError } from '#kernel/errors.ts'

/** For the request before to write down what it has. */
const WAIT_MS_MAX = 10_000

type Held = { stop: () => unknown; ended: Promise<void>; end: () => void }

const busy = () =>
  new AppError(423, 'upload_locked', 'Another request writes to this upload and does not end: try again shortly.')

/**
 * One request at a time for one upload: a new one asks the one before to end, because that may hang on a line that is
 * dead. (Two processes may write at once; then the compare-and-set on the offset lets one of them go on.)
 */
export function createLocker(): Locker {
  const held = new Map<string, Held>()
  async function take(id: string, signal: AbortSignal, stop: () => unknown): Promise<void> {
    const until = performance.now() + WAIT_MS_MAX
    for (let other = held.get(id); other; other = held.get(id)) {
      await other.stop()
      const leftMs = until - performance.now()
      if (leftMs <= 0 || signal.aborted) throw busy()
      await Promise.race([other.ended, new Promise((resolve) => setTimeout(resolve, leftMs).unref())])
    }
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    held.set(id, { stop, ended, end })
  }
  return {
    newLock: (id) => ({
      lock: (signal, stop) => take(id, signal, stop),
      async unlock() {
        const mine = held.get(id)
        held.delete(id)
        mine?.end()
      },
    }),
  }
}
