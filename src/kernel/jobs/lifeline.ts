import { randomInt } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { WorkerEvents } from 'graphile-worker'
import type pg from 'pg'
import { connectDirect } from '#kernel/db/index.ts'
import type { Log } from '#kernel/log.ts'

/** First number of our advisory locks for processes that run jobs. */
const LOCK_SPACE = 0x7474_6a62
const LOOK_EVERY_MS = 15_000
/** Locked for this long by workers that no process has registered: theirs died while it started. */
const UNKNOWN_WORKER_MAX = '1 minute'

export type Lifeline = { readonly events: WorkerEvents; close(): Promise<void> }
type Deps = { pool: pg.Pool; directUrl: string; log: Log; lookEveryMs?: number }

/**
 * Frees the jobs of processes that died. Each process holds one advisory lock on a connection of its own for as long
 * as it lives; the database drops it with the connection, whatever killed the process. Who can take another's lock
 * knows that its owner is dead and unlocks the jobs of that owner's workers. A connection that breaks is made anew at
 * the next look; jobs that were taken for dead meanwhile run twice, which "at least once" allows.
 */
export async function createLifeline(d: Deps): Promise<Lifeline> {
  const self = randomInt(1, 2 ** 31 - 1)
  const workers = new Set<string>()
  let line: pg.Client | undefined
  const look = async () => {
    line ??= await hold(d, self, workers, () => {
      line = undefined
    })
    await freeDead(line, d.log)
  }
  await look()
  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    looking = look().catch((err: unknown) => d.log.warn({ err }, 'looking for dead workers failed'))
  }, d.lookEveryMs ?? LOOK_EVERY_MS)
  const events = new EventEmitter() as unknown as WorkerEvents
  // graphile-worker locks a job in the name of the pool that its worker belongs to.
  events.on('pool:create', ({ workerPool }) => {
    workers.add(workerPool.id)
    void register(d.pool, self, [workerPool.id]).catch((err: unknown) =>
      d.log.warn({ err }, 'a worker could not be registered'),
    )
  })
  return {
    events,
    async close() {
      clearInterval(timer)
      await looking
      await d.pool.query('delete from kernel.job_workers where process = $1', [self]).catch(() => undefined)
      await line?.end()
    },
  }
}

/** The connection that shows this process alive. */
async function hold(d: Deps, self: number, workers: Set<string>, onBroken: () => void): Promise<pg.Client> {
  const client = await connectDirect(d.directUrl)
  client.on('error', (err) => {
    d.log.warn({ err }, 'the connection that shows this process alive broke: its jobs may run twice')
    onBroken()
  })
  await client.query('select pg_advisory_lock($1, $2)', [LOCK_SPACE, self])
  await register(client, self, [...workers])
  return client
}

async function register(db: pg.Client | pg.Pool, self: number, workers: string[]): Promise<void> {
  await db.query(
    'insert into kernel.job_workers (worker_id, process) select unnest($1::text[]), $2 on conflict do nothing',
    [workers, self],
  )
}

async function freeDead(client: pg.Client, log: Log): Promise<void> {
  const { rows } = await client.query<{ process: number }>('select distinct process from kernel.job_workers')
  for (const { process } of rows) {
    const { rows: got } = await client.query<{ free: boolean }>(
      `select case when exists (select from pg_locks where locktype = 'advisory' and classid = $1::int and objid = $2::int
         and database = (select oid from pg_database where datname = current_database()) and granted)
       then false else pg_try_advisory_lock($1::int, $2::int) end as free`,
      [LOCK_SPACE, process],
    )
    if (got[0]?.free) await freeWorkersOf(client, process, log)
  }
  const { rows: unknown } = await client.query<{ worker_id: string }>(
    `select distinct locked_by as worker_id from graphile_worker._private_jobs
     where locked_at < now() - interval '${UNKNOWN_WORKER_MAX}' and locked_by not in (select worker_id from kernel.job_workers)`,
  )
  if (unknown.length > 0) await unlock(client, unknown, log)
}

async function freeWorkersOf(client: pg.Client, process: number, log: Log): Promise<void> {
  const { rows } = await client.query<{ worker_id: string }>(
    'delete from kernel.job_workers where process = $1 returning worker_id',
    [process],
  )
  await unlock(client, rows, log)
  await client.query('select pg_advisory_unlock($1, $2)', [LOCK_SPACE, process])
}

async function unlock(client: pg.Client, workers: { worker_id: string }[], log: Log): Promise<void> {
  const ids = workers.map((w) => w.worker_id)
  await client.query('select graphile_worker.force_unlock_workers($1::text[])', [ids])
  await client.query(`update kernel.jobs set state = 'waiting', updated_at = now() where state = 'running'
    and id::text in (select payload ->> 'id' from graphile_worker._private_jobs where locked_by is null)`)
  log.info({ workers: ids.length }, 'freed the jobs of a process that had died')
}
