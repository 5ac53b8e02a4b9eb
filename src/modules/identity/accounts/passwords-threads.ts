import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { unavailable } from '#kernel/errors.ts'
import type { Derivation } from './passwords-cost.ts'
import { createFairQueue, type Rank } from './passwords-queue.ts'

/** Half of the cores are left to everything else, whoever signs in. */
const THREADS_MAX = 4
const threadsFor = (cores: number): number => Math.min(THREADS_MAX, Math.max(1, Math.floor(cores / 2)))
/** Those who wait: some two seconds of work of one thread. */
export const WAITING_MAX = 64
const RETRY_AFTER_SEC = 2
/** An unused thread ends after this and gives its memory back. */
const IDLE_MS = 60_000
/** A derivation needs none of the heap. */
const HEAP_MB_MAX = 32
const ENTRY = new URL('./passwords-thread.ts', import.meta.url)

/** Who wants it: addresses take turns. */
export type Asker = { readonly group: string; readonly rank: Rank }
export type Threads = {
  /** Rejects with 503 `busy` when too many wait and it is this one who has to go. */
  derive(d: Derivation, asker: Asker): Promise<Buffer>
  /** Alive now. */
  count(): number
  waiting(): number
}
type Task = { d: Derivation; resolve: (tag: Buffer) => void; reject: (thrown: Error) => void }
type Slot = { worker: Worker; task: Task | undefined; idle: NodeJS.Timeout | undefined }

const busy = () =>
  unavailable('busy', 'Too many people are signing in at once: try again in a moment.', RETRY_AFTER_SEC)

/**
 * Derives keys in threads of its own. In the pool of libuv, where `crypto.argon2` runs, a flood of sign-ins would hold
 * up files, names and signatures for everybody. At most `max` at once, `waitingMax` waiting.
 */
export function createThreads(o: { max?: number; waitingMax?: number; idleMs?: number; entry?: URL } = {}): Threads {
  const { max = threadsFor(availableParallelism()), waitingMax = WAITING_MAX, idleMs = IDLE_MS, entry = ENTRY } = o
  const slots = new Set<Slot>()
  const queue = createFairQueue<Task>(waitingMax)

  const end = (slot: Slot, why: Error) => {
    clearTimeout(slot.idle)
    if (!slots.delete(slot)) return
    slot.task?.reject(why)
    void slot.worker.terminate()
    const next = queue.shift()
    if (next) give(open(), next)
  }
  const open = (): Slot => {
    const worker = new Worker(entry, {
      name: 'passwords',
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
    })
    const slot: Slot = { worker, task: undefined, idle: undefined }
    slots.add(slot)
    worker.on('message', (tag: Uint8Array) => {
      slot.task?.resolve(Buffer.from(tag))
      rest(slot)
    })
    worker.on('error', (thrown) => end(slot, thrown as Error))
    worker.on('exit', () => end(slot, new Error('The thread of passwords ended.')))
    return slot
  }
  const rest = (slot: Slot) => {
    slot.task = undefined
    const next = queue.shift()
    if (next) return give(slot, next)
    slot.worker.unref()
    slot.idle = setTimeout(() => end(slot, new Error('unused')), idleMs).unref()
  }
  const give = (slot: Slot, task: Task) => {
    clearTimeout(slot.idle)
    slot.worker.ref()
    slot.task = task
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
    slot.worker.postMessage(task.d)
  }
  return {
    derive: (d, asker) =>
      new Promise((resolve, reject) => {
        const task = { d, resolve, reject }
        const free = [...slots].find((slot) => slot.task === undefined)
        if (free) give(free, task)
        else if (slots.size < max) give(open(), task)
        else queue.push({ ...asker, item: task })?.item.reject(busy())
      }),
    count: () => slots.size,
    waiting: () => queue.size,
  }
}
