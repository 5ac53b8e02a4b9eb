import type { Pool } from 'pg'
import type { Log } from '#kernel/log.ts'
import type { Cron } from '#kernel/module.ts'

/** How often we look whether a task is due; a task runs at most this much late. */
const LOOK_MS_MAX = 60_000

/** Periodic tasks, each in one process of the installation at a time: who moves the row runs it. */
export function startCron(tasks: readonly Cron[], pool: Pool, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController()
  const busy = new Map<Cron, Promise<void>>()
  const look = (task: Cron) => {
    // A task that takes longer than its period does not overtake itself.
    if (busy.has(task)) return
    const work = runIfDue(task, pool, log, stopping.signal).finally(() => busy.delete(task))
    busy.set(task, work)
  }
  const timers = tasks.map((task) => setInterval(() => look(task), Math.min(task.everyMs, LOOK_MS_MAX)))
  return {
    async stop() {
      for (const t of timers) clearInterval(t)
      stopping.abort()
      await Promise.all(busy.values())
    },
  }
}

async function runIfDue(task: Cron, pool: Pool, log: Log, signal: AbortSignal): Promise<void> {
  try {
    const { rowCount } = await pool.query(
      `insert into kernel.cron_runs as c (name, at) values ($1, now()) on conflict (name)
       do update set at = now() where c.at <= now() - $2 * interval '1 millisecond'`,
      [task.name, task.everyMs * 0.95],
    )
    if (rowCount) await task.run(signal)
  } catch (err) {
    log.error({ err, task: task.name }, 'a periodic task failed')
  }
}
