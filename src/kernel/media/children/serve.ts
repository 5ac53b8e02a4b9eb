import { flushCompileCache } from 'node:module'
import { AppError, messageOf } from '#kernel/errors.ts'
import type { FromChild, Outcome, ToChild } from '#kernel/media/pool-child.ts'
import { dieWithParent } from './die-with-parent.ts'

/** Results are sent at the latest this long after they are there, so that the parent sees the child live. */
const FLUSH_AFTER_MS = 20

async function answer(work: (task: unknown) => Promise<unknown>, task: unknown): Promise<Outcome> {
  try {
    return { ok: true, value: await work(task) }
  } catch (thrown) {
    if (thrown instanceof AppError)
      return { ok: false, status: thrown.status, code: thrown.code, detail: thrown.message }
    return {
      ok: false,
      status: 422,
      code: 'media_unreadable',
      detail: `The file could not be read (${messageOf(thrown)}).`,
    }
  }
}

/** Makes this process a member of a pool: does the tasks of each message in turn, and ends with its parent. */
export function serve(work: (task: unknown) => Promise<unknown>): void {
  const handle = async ({ tasks }: ToChild): Promise<void> => {
    let results: FromChild['results'] = []
    let flushedAt = performance.now()
    for (const [id, task] of tasks) {
      results.push([id, await answer(work, task)])
      if (performance.now() - flushedAt < FLUSH_AFTER_MS) continue
      process.send?.({ results })
      results = []
      flushedAt = performance.now()
    }
    if (results.length > 0) process.send?.({ results })
  }
  dieWithParent()
  process.on('disconnect', () => process.exit(0))
  process.on('message', (message) => void handle(message as ToChild))
  process.send?.({ results: [] } satisfies FromChild)
  // Now: whoever is killed later keeps nothing.
  setImmediate(flushCompileCache)
}
