import { WAITING_MAX } from './bounds.ts'
import { mediaBusy } from './faults.ts'

/** A counting semaphore with a bounded queue, first come first served. */
export type Slots = { take(signal?: AbortSignal): Promise<() => void>; held(): number; waiting(): number }

/** At most `max` holders at once, `WAITING_MAX` waiting; more are refused with `media_busy`. */
export function createSlots(max: number): Slots {
  let free = max
  const queue: (() => void)[] = []

  function release(): void {
    const next = queue.shift()
    if (next) next()
    else free++
  }
  function once(): () => void {
    let isHeld = true
    return () => {
      if (isHeld) release()
      isHeld = false
    }
  }
  function wait(signal?: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        signal?.removeEventListener('abort', leave)
        resolve(once())
      }
      const leave = () => {
        queue.splice(queue.indexOf(start), 1)
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', leave, { once: true })
      queue.push(start)
    })
  }
  return {
    held: () => max - free,
    waiting: () => queue.length,
    async take(signal) {
      signal?.throwIfAborted()
      if (free > 0) {
        free--
        return once()
      }
      if (queue.length >= WAITING_MAX) throw mediaBusy()
      return wait(signal)
    },
  }
}
