import type { Answers, Request } from './disk-read.ts'
import { openThread, type Thread } from './disk-worker.ts'

/** A disk that does nothing for so long while it is asked is taken for gone: a dead network drive never answers. */
const STALL_MS = 30_000
/** Threads at work at once; those that are stuck do not count, and there are no more of them than were at work. */
const THREADS_MAX = 8
/** An unused thread ends after this and gives its memory back. */
const IDLE_MS = 5000
const ENTRY = new URL('./disk-thread.ts', import.meta.url)

/** The disk does not answer, or has not yet answered an earlier question. */
export class DiskStalled extends Error {
  override readonly name = 'DiskStalled'
}

export type Disks = {
  /**
   * Asks a disk, named by its music folder. Rejects with {@link DiskStalled} when it does not answer; from then on at
   * once, until the answer has come after all. Rejects as soon as `signal` is aborted.
   */
  ask<R extends Request>(disk: string, request: R, signal?: AbortSignal): Promise<Answers[R['kind']]>
  /** Threads that wait for a disk that does not answer. */
  stuck(): number
}

/** At most {@link THREADS_MAX} threads beside the stuck ones; whoever finds none free waits in turn. */
function createThreads(entry: URL, stallMs: number) {
  const threads = new Set<Thread>()
  const stuck = new Map<Thread, string>()
  const idle = new Map<Thread, NodeJS.Timeout>()
  const waiting: ((thread: Thread) => void)[] = []

  const open = (): Thread => {
    const thread = openThread(entry, stallMs, { rested, stalled, ended })
    threads.add(thread)
    return thread
  }
  function rested(thread: Thread): void {
    // It answered after all: others have taken its place.
    if (stuck.has(thread)) return thread.end(undefined)
    const next = waiting.shift()
    if (next) return next(thread)
    thread.unref()
    idle.set(thread, setTimeout(() => leave(thread), IDLE_MS).unref())
  }
  function leave(thread: Thread): void {
    clearTimeout(idle.get(thread))
    idle.delete(thread)
    threads.delete(thread)
    thread.end(undefined)
  }
  function stalled(thread: Thread): void {
    if (!thread.task || stuck.has(thread)) return
    threads.delete(thread)
    stuck.set(thread, thread.task.disk)
    thread.unref()
    thread.task.reject(new DiskStalled('The disk does not answer.'))
    waiting.shift()?.(open())
  }
  function ended(thread: Thread): void {
    stuck.delete(thread)
    clearTimeout(idle.get(thread))
    idle.delete(thread)
    if (threads.delete(thread)) waiting.shift()?.(open())
  }
  return {
    async free(): Promise<Thread> {
      const [rests] = idle
      if (rests) {
        clearTimeout(rests[1])
        idle.delete(rests[0])
        return rests[0]
      }
      if (threads.size < THREADS_MAX) return open()
      return new Promise((resolve) => waiting.push(resolve))
    },
    rested,
    isStuck: (disk: string): boolean => [...stuck.values()].includes(disk),
    stuck: () => stuck.size,
  }
}

/** Threads that ask disks, so that whatever does not answer holds up nobody but who asked it. */
export function createDisks(o: { entry?: URL; stallMs?: number } = {}): Disks {
  const threads = createThreads(o.entry ?? ENTRY, o.stallMs ?? STALL_MS)

  async function ask(disk: string, request: Request, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    if (threads.isStuck(disk)) throw new DiskStalled('The disk has not answered yet.')
    const thread = await threads.free()
    if (signal?.aborted) {
      threads.rested(thread)
      throw signal.reason
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    thread.begin({ disk, resolve, reject }, request)
    const drop = (): void => {
      thread.drop()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', drop, { once: true })
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', drop)
    }
  }
  return { ask: ask as Disks['ask'], stuck: threads.stuck }
}

/** One for the process: threads are the process's to share out, and unused ones end by themselves. */
export const disks: Disks = createDisks()
