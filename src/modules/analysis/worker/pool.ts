import { Worker } from 'node:worker_threads'
import type { TrackAnalysis } from '#engines/audio/index.ts'
import { AppError } from '#kernel/errors.ts'
import { cpuPlacesFor } from '#kernel/jobs/index.ts'
import type { FromWorker, Task, ToWorker } from './protocol.ts'

/** An unused worker ends after this and gives its memory back. */
const IDLE_MS = 60_000
/** Heap of one worker; what it holds in typed arrays is bounded by `ANALYSED_SEC_MAX`. */
const HEAP_MB_MAX = 256
/** Time a worker has to react to an abort before its thread is ended. */
const ABORT_GRACE_MS = 2000
/** Whole time of one file, and more for long ones: five times slower than real music plays is a hang. */
const TASK_MS_MIN = 120_000
const TASK_MS_PER_SEC = 200
const TASK_MS_MAX = 20 * 60_000
const ENTRY = new URL('./main.ts', import.meta.url)
export type PoolOptions = {
  /** What runs in the threads; tests put broken workers here. */
  readonly entry?: URL
  readonly idleMs?: number
  readonly taskMsMin?: number
}

export type Watch = {
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number) => void
  /** Somebody waits for it: it is next, before what only waits its turn. */
  readonly isAsked?: boolean
}
export type AnalysisPool = {
  readonly size: number
  /** Workers alive now. */
  threads(): number
  /** Throws an `AppError` that names what is wrong with the file (or that the worker broke), or the signal's reason. */
  run(task: Task, watch?: Watch): Promise<TrackAnalysis>
  close(): Promise<void>
}
type Slot = { readonly worker: Worker; idle: NodeJS.Timeout | undefined }

/** `configured` threads, or for 0 as many as the jobs have places. */
export const poolSize = cpuPlacesFor

const timeoutFor = (task: Task, leastMs: number): number =>
  Math.min(TASK_MS_MAX, Math.max(leastMs, task.durationSec * TASK_MS_PER_SEC))

const timedOut = (ms: number) =>
  new AppError(422, 'analysis_timeout', `Analysing took longer than ${Math.round(ms / 1000)} s and was given up.`)
const broke = (thrown: unknown): AppError =>
  (thrown as { code?: string } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new AppError(500, 'analysis_memory', 'Analysing took more memory than is allowed.')
    : new AppError(500, 'analysis_crashed', 'The analysis ended unexpectedly; the other songs are not affected.')

/** Threads are started when there is work, reused, and ended when there is none; a broken one is replaced. */
export function createPool(size: number, o: PoolOptions = {}): AnalysisPool {
  const { entry = ENTRY, idleMs = IDLE_MS, taskMsMin = TASK_MS_MIN } = o
  const idle: Slot[] = []
  const all = new Set<Slot>()
  const waiting: (() => void)[] = []
  let busy = 0

  const drop = (slot: Slot) => {
    clearTimeout(slot.idle)
    all.delete(slot)
    const at = idle.indexOf(slot)
    if (at >= 0) idle.splice(at, 1)
    return slot.worker.terminate()
  }
  function open(): Slot {
    const worker = new Worker(entry, {
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB_MAX },
      name: 'analysis',
    })
    const slot: Slot = { worker, idle: undefined }
    all.add(slot)
    worker.on('error', () => void drop(slot))
    worker.once('exit', () => void drop(slot))
    return slot
  }
  function rest(slot: Slot): void {
    if (!all.has(slot)) return
    slot.worker.unref()
    slot.idle = setTimeout(() => void drop(slot), idleMs)
    slot.idle.unref()
    idle.push(slot)
  }
  function take(): Slot {
    const slot = idle.pop() ?? open()
    clearTimeout(slot.idle)
    slot.worker.ref()
    return slot
  }
  /** A place is handed from one to the next, so that nobody can come in between. */
  async function place(isAsked: boolean | undefined): Promise<void> {
    if (busy < size) busy++
    else await new Promise<void>((resolve) => (isAsked ? waiting.unshift(resolve) : waiting.push(resolve)))
  }
  function leave(): void {
    const next = waiting.shift()
    if (next) next()
    else busy--
  }
  return {
    size,
    threads: () => all.size,
    async run(task, watch = {}) {
      await place(watch.isAsked)
      try {
        watch.signal?.throwIfAborted()
        const slot = take()
        return await converse(slot.worker, { task, timeoutMs: timeoutFor(task, taskMsMin) }, watch, () =>
          drop(slot),
        ).finally(() => rest(slot))
      } finally {
        leave()
      }
    },
    async close() {
      await Promise.all([...all].map(drop))
    },
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin
const tell = (worker: Worker, message: ToWorker): void => worker.postMessage(message)

type Work = { readonly task: Task; readonly timeoutMs: number }

/** One task with one worker. Settles exactly once; `kill` ends a worker that does not listen. */
function converse(worker: Worker, work: Work, watch: Watch, kill: () => Promise<unknown>): Promise<TrackAnalysis> {
  const { task, timeoutMs } = work
  return new Promise((resolve, reject) => {
    let reason: Error | undefined
    let grace: NodeJS.Timeout | undefined
    const stop = (why: Error) => {
      reason ??= why
      tell(worker, { kind: 'abort' })
      grace ??= setTimeout(() => void kill(), ABORT_GRACE_MS)
    }
    const timer = setTimeout(() => stop(timedOut(timeoutMs)), timeoutMs)
    const onAbort = () => stop(watch.signal?.reason as Error)
    const settle = (act: () => void) => {
      clearTimeout(timer)
      clearTimeout(grace)
      watch.signal?.removeEventListener('abort', onAbort)
      worker.off('message', onMessage).off('error', onError).off('exit', onExit)
      act()
    }
    const onMessage = (message: FromWorker) => {
      if (message.kind === 'progress') watch.onProgress?.(message.done)
      else if (message.kind === 'done') settle(() => resolve(message.analysis))
      else settle(() => reject(reason ?? new AppError(message.status, message.code, message.detail)))
    }
    const onError = (thrown: unknown) => settle(() => reject(reason ?? broke(thrown)))
    const onExit = () => settle(() => reject(reason ?? broke(undefined)))
    worker.on('message', onMessage).on('error', onError).on('exit', onExit)
    watch.signal?.addEventListener('abort', onAbort, { once: true })
    tell(worker, { kind: 'analyze', task })
  })
}
