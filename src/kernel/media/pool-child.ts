import { fork } from 'node:child_process'
import { getCompileCacheDir } from 'node:module'
import { join } from 'node:path'
import { AppError } from '#kernel/errors.ts'
import { POOL_START_TIMEOUT_MS } from './bounds.ts'
import { watchMemory } from './watch.ts'

/** What a child answers: the value, or the fields of an `AppError`. */
export type Outcome = { ok: true; value: unknown } | { ok: false; status: number; code: string; detail: string }
export type ToChild = { tasks: [id: number, task: unknown][] }
/** The first one, without results, says that the child is ready. */
export type FromChild = { results: [id: number, outcome: Outcome][] }

export type Lost = 'crashed' | 'timeout' | 'memory'
/** `isAlone`: the job was in a child that was lost; it runs by itself now, so that the guilty one is known. */
export type Job = {
  id: number
  task: unknown
  isAlone: boolean
  resolve(value: unknown): void
  reject(fault: Error): void
}

export type ChildOptions = {
  /** Program that calls `serve`. */
  script: URL
  heapMaxMb: number
  memoryMaxBytes: number
  /** Longest silence of a child that has work. */
  timeoutMs: number
  /** An unused child ends after this. */
  idleMs: number
  /** A child is replaced after so many tasks. */
  recycleAfter: number
}
export type PoolChild = {
  pid: number | undefined
  hand(jobs: Job[]): void
  /** Free to take jobs: alive, not ending, nothing to do. */
  isFree(): boolean
  kill(): void
  exited: Promise<void>
}

function settle(job: Job, outcome: Outcome): void {
  if (outcome.ok) job.resolve(outcome.value)
  else job.reject(new AppError(outcome.status, outcome.code, outcome.detail))
}

const spawnChild = (o: ChildOptions) =>
  fork(o.script, {
    execArgv: [`--max-old-space-size=${o.heapMaxMb}`, '--no-warnings'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // No secret of the server may reach a process that reads hostile files.
    env: compiledBefore(),
  })

/** Where what they have compiled is kept, apart from the server's own: they start five times as fast. */
function compiledBefore(): NodeJS.ProcessEnv {
  const folder = getCompileCacheDir()
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: join(folder, 'children') }
}

/**
 * One process of a pool. `onAnswer` is called when it may take work again, `onExit` once, with the jobs it left
 * unanswered and why. While it has work it keeps the program alive; while it rests it does not.
 */
export function startPoolChild(
  o: ChildOptions,
  on: { answer(): void; exit(self: PoolChild, unanswered: Job[], reason: Lost): void },
): PoolChild {
  const child = spawnChild(o)
  const jobs = new Map<number, Job>()
  let doneCount = 0
  let lost: Lost = 'crashed'
  let isEnding = false
  let isReady = false
  let timer: NodeJS.Timeout | undefined

  function kill(reason: Lost): void {
    isEnding = true
    child.ref() // whoever waits for its end must be able to
    lost = reason
    child.kill('SIGKILL')
  }
  function retire(): void {
    isEnding = true
    if (child.connected) child.disconnect()
  }
  /** Starts the clock anew: a working child must answer in time, a resting one ends after a while. */
  function wind(): void {
    clearTimeout(timer)
    if (jobs.size > 0) timer = setTimeout(() => kill('timeout'), isReady ? o.timeoutMs : POOL_START_TIMEOUT_MS)
    else if (doneCount >= o.recycleAfter) retire()
    else {
      child.unref()
      child.channel?.unref()
      timer = setTimeout(retire, o.idleMs)
      timer.unref()
    }
  }
  const unwatch = child.pid ? watchMemory(child.pid, o.memoryMaxBytes, () => kill('memory')) : () => {}
  child.on('message', (message) => {
    isReady = true
    for (const [id, outcome] of (message as FromChild).results) {
      const job = jobs.get(id)
      jobs.delete(id)
      doneCount++
      if (job) settle(job, outcome)
    }
    wind()
    on.answer()
  })
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  }).then(() => {
    isEnding = true
    clearTimeout(timer)
    unwatch()
    return on.exit(self, [...jobs.values()], lost)
  })
  const self: PoolChild = {
    pid: child.pid,
    exited,
    isFree: () => !isEnding && jobs.size === 0,
    kill: () => kill('crashed'),
    hand(batch) {
      child.ref()
      child.channel?.ref()
      for (const job of batch) jobs.set(job.id, job)
      const message: ToChild = { tasks: batch.map((job) => [job.id, job.task]) }
      // A failed send means that the child is gone: its exit gives the jobs back.
      child.send(message, () => {})
      wind()
    },
  }
  return self
}
