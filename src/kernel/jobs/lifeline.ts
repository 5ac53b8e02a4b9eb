import { randomInt } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { WorkerEvents } from 'graphile-worker'
import type pg from 'pg'
import { connectDirect } from '#kernel/db/index.ts'
import type { Log } from '#kernel/log.ts'

/** First number of our advisory locks for processes that run jobs. */
const LOCK_SPACE = 0x7474_6a62
const LOOK_EVERY_MS = 20_000

export type Lifeline = { readonly events: WorkerEvents; close(): Promise<void> }

/**
 * Frees the jobs of processes that died. Each process holds one advisory lock on a connection of its own for as long
 * as it lives; the database drops it with the connection, whatever killed the process. Who can take another's lock
 * knows that its owner is dead and unlocks the jobs of that owner's workers.
 */
export async function createLifeline(d: { pool: pg.Pool; directUrl: string; log: Log }): Promise<Lifeline> {
  const client = await connectDirect(d.directUrl)
  client.on('error', (err) =>
    d.log.error({ err }, 'the connection that shows this process alive broke: its jobs may run twice'),
  )
  const self = randomInt(1, 2 ** 31 - 1)
  await client.query('select pg_advisory_lock($1, $2)', [LOCK_SPACE, self])
  await freeDead(client, d.log)
  const timer = setInterval(
    () => void freeDead(client, d.log).catch((err: unknown) => d.log.warn({ err }, 'looking for dead workers failed')),
    LOOK_EVERY_MS,
  )
  const events = new EventEmitter() as unknown as WorkerEvents
  events.on('worker:create', ({ worker }) => {
    void client
      .query('insert into kernel.job_workers (worker_id, process) values ($1, $2) on conflict do nothing', [
        worker.workerId,
        self,
      ])
      .catch((err: unknown) => d.log.warn({ err }, 'a worker could not be registered'))
  })
  return {
    events,
    async close() {
      clearInterval(timer)
      await client.query('delete from kernel.job_workers where process = $1', [self]).catch(() => undefined)
      await client.end()
    },
  }
}

async function freeDead(client: pg.Client, log: Log): Promise<void> {
  const { rows } = await client.query<{ process: number }>('select distinct process from kernel.job_workers')
  for (const { process } of rows) {
    const { rows: got } = await client.query<{ free: boolean }>(
      `select case when exists (select from pg_locks where locktype = 'advisory' and classid = $1 and objid = $2 and pid = pg_backend_pid())
       then false else pg_try_advisory_lock($1, $2) end as free`,
      [LOCK_SPACE, process],
    )
    if (got[0]?.free) await freeWorkersOf(client, process, log)
  }
}

async function freeWorkersOf(client: pg.Client, process: number, log: Log): Promise<void> {
  const { rows } = await client.query<{ worker_id: string }>(
    'delete from kernel.job_workers where process = $1 returning worker_id',
    [process],
  )
  const ids = rows.map((r) => r.worker_id)
  await client.query('select graphile_worker.force_unlock_workers($1::text[])', [ids])
  await client.query(`update kernel.jobs set state = 'waiting', updated_at = now() where state = 'running'
    and id::text in (select payload ->> 'id' from graphile_worker._private_jobs where locked_by is null)`)
  await client.query('select pg_advisory_unlock($1, $2)', [LOCK_SPACE, process])
  log.info({ workers: ids.length }, 'freed the jobs of a process that had died')
}
