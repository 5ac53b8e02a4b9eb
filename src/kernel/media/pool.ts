import type { AppError } from '#kernel/errors.ts'
import { mediaBusy, mediaClosed } from './faults.ts'
import { type ChildOptions, type Job, type Lost, type PoolChild, startPoolChild } from './pool-child.ts'

export type PoolOptions = ChildOptions & {
  /** Processes at most. */
  size: number
  /** Tasks per message. */
  batch: number
  /** Tasks that may wait; more are refused with `media_busy`. */
  waitingMax: number
  /** What a task is rejected with that lost its process. */
  lost(reason: Lost): AppError
}

/**
 * A few long-lived child processes that do small tasks in batches, started when there is work.
 * Invariant: every task is settled exactly once. When a child is lost, the tasks it had not answered run again, each
 * alone in a child; one that loses its child again is the guilty one and is rejected with `lost`.
 */
export type Pool = { run(task: unknown): Promise<unknown>; pids(): number[]; close(): Promise<void> }

/** The next tasks for one process: a share of the queue, so that each gets work. A suspect goes alone. */
function takeBatch(queue: Job[], o: PoolOptions): Job[] {
  if (queue[0]?.isAlone) return queue.splice(0, 1)
  const suspect = queue.findIndex((job) => job.isAlone)
  const share = Math.min(o.batch, Math.ceil(queue.length / o.size), suspect === -1 ? o.batch : suspect)
  return queue.splice(0, share)
}

export function createPool(o: PoolOptions): Pool {
  const children = new Set<PoolChild>()
  const queue: Job[] = []
  const state = { nextId: 1, isClosed: false, isScheduled: false }

  function onExit(self: PoolChild, unanswered: Job[], reason: Lost): void {
    children.delete(self)
    const [first, ...others] = unanswered
    if (state.isClosed) for (const job of unanswered) job.reject(mediaClosed())
    else if (first?.isAlone && others.length === 0) first.reject(o.lost(reason))
    else queue.unshift(...unanswered.map((job) => ({ ...job, isAlone: true })))
    pump()
  }
  function pump(): void {
    while (queue.length > 0 && !state.isClosed) {
      const free = [...children].find((child) => child.isFree())
      if (!free && children.size >= o.size) return
      const child = free ?? startPoolChild(o, { answer: pump, exit: onExit })
      children.add(child)
      child.hand(takeBatch(queue, o))
    }
  }
  /** One turn of the event loop gathers the calls of a batch. */
  function schedule(): void {
    if (state.isScheduled) return
    state.isScheduled = true
    setImmediate(() => {
      state.isScheduled = false
      pump()
    })
  }
  return {
    pids: () => [...children].flatMap((child) => child.pid ?? []),
    run(task) {
      if (state.isClosed) return Promise.reject(mediaClosed())
      if (queue.length >= o.waitingMax) return Promise.reject(mediaBusy())
      const { promise, resolve, reject } = Promise.withResolvers<unknown>()
      queue.push({ id: state.nextId++, task, isAlone: false, resolve, reject })
      schedule()
      return promise
    },
    async close() {
      state.isClosed = true
      for (const job of queue.splice(0)) job.reject(mediaClosed())
      for (const child of children) child.kill()
      await Promise.all(Array.from(children, (child) => child.exited))
    },
  }
}
