import { Worker } from 'node:worker_threads'
import type { Request } from './disk-read.ts'
import { BEATS, type Reply, SIGNALS, WANTED } from './disk-signals.ts'

const LOOK_EVERY_MS = 500
const HEAP_MB_MAX = 256
const YOUNG_MB_MAX = 8

type Task = { disk: string; resolve: (answer: unknown) => void; reject: (thrown: unknown) => void }

/** One thread that asks disks, one question at a time. */
export type Thread = {
  /** The question it is at. */
  readonly task: Task | undefined
  begin(task: Task, request: Request): void
  /** Nobody wants the answer any more: it stops at the next call that returns. */
  drop(): void
  /** From here on it keeps no program running. */
  unref(): void
  end(why: unknown): void
}
export type Hears = {
  /** It has answered; `task` is undefined by now. */
  rested(thread: Thread): void
  /** It has done nothing for `stallMs`. Told once a question. */
  stalled(thread: Thread): void
  ended(thread: Thread): void
}

export function openThread(entry: URL, stallMs: number, hears: Hears): Thread {
  const signals = new Int32Array(new SharedArrayBuffer(SIGNALS * Int32Array.BYTES_PER_ELEMENT))
  const worker = new Worker(entry, {
    name: 'disk',
    workerData: signals,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX, maxYoungGenerationSizeMb: YOUNG_MB_MAX },
  })
  let task: Task | undefined
  let [beats, aliveMs] = [0, 0]
  const watching = setInterval(
    () => {
      const now = Atomics.load(signals, BEATS)
      // Not before its first word: a busy machine takes its time to begin a thread.
      const isMoving = task === undefined || now === 0 || now !== beats
      const isStalled = !isMoving && performance.now() - aliveMs > stallMs
      if (isMoving || isStalled) [beats, aliveMs] = [now, performance.now()]
      if (isStalled) hears.stalled(thread)
    },
    Math.min(LOOK_EVERY_MS, stallMs),
  ).unref()
  const finish = (settle: (task: Task) => void): void => {
    const done = task
    task = undefined
    if (done) settle(done)
  }
  const thread: Thread = {
    get task() {
      return task
    },
    begin(next, request) {
      task = next
      aliveMs = performance.now()
      worker.ref()
      Atomics.store(signals, WANTED, 1)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
      worker.postMessage(request)
    },
    drop: () => void Atomics.store(signals, WANTED, 0),
    unref: () => worker.unref(),
    end(why) {
      clearInterval(watching)
      finish((t) => t.reject(why))
      void worker.terminate()
    },
  }
  worker.on('message', (reply: Reply) => {
    finish((t) => (reply.ok ? t.resolve(reply.answer) : t.reject(new Error(reply.message))))
    hears.rested(thread)
  })
  worker.on('error', (thrown) => thread.end(thrown))
  worker.on('exit', () => {
    thread.end(new Error('A thread that asks disks ended.'))
    hears.ended(thread)
  })
  return thread
}
