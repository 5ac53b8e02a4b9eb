import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Logger, type Runner, run, runMigrations, type Task, type TaskList } from 'graphile-worker'
import type pg from 'pg'
import { messageOf, notFound } from '#kernel/errors.ts'
import { connect } from '#kernel/db/index.ts'
import type { Log } from '#kernel/log.ts'
import type { JobHandler } from '#kernel/module.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'
import { createLifeline } from './lifeline.ts'

/** Places of each lane in one process. */
const QUICK_PLACES = 4
/** Connections of the workers' own: two that listen, and some to take and end jobs. */
const DIRECT_POOL_MAX = 4
const POLL_MS = 5000
/** For handlers to end after they were told to stop; then for the queue to let go of those that do not. */
const STOP_GRACE_MS = 3000
const STOP_FORCED_MS = 2000
const PROGRESS_EVERY_MS = 500
const CANCEL_CHANNEL = 'kernel.job-cancelled'

export type Jobs = {
  /** A waiting job never starts; a running one is told to stop. Throws 404 for an unknown or ended job. */
  cancel(id: string): Promise<void>
  stop(): Promise<void>
}
type Deps = {
  pool: pg.Pool
  /** Of the pool. */
  url: string
  /** The same database without a transaction pooler between. */
  directUrl: string
  log: Log
  pubsub: PubSub
  handlers: readonly JobHandler[]
  cpuPlaces: number
}
type Payload = { id: string; data: unknown }
type RunningJob = { id: string; workerJobId: string; attempt: number; abort: AbortController; cancelled: boolean }

/** On Linux such work runs at a priority of its own, below everything else; elsewhere a core is left to the server. */
const CORES_LEFT = process.platform === 'linux' ? 0 : 1
export const cpuPlacesFor = (configured: number): number =>
  configured || Math.max(1, availableParallelism() - CORES_LEFT)

/** graphile-worker's own tables; idempotent. */
export const migrateJobs = (pool: pg.Pool, log: Log): Promise<void> =>
  runMigrations({ pgPool: pool, logger: quietLogger(log) })

/**
 * Runs the jobs of this process's modules. At least once: after a crash of the process its jobs are free again within
 * seconds (see `lifeline.ts`), so a handler resumes from what it has stored.
 */
export async function createJobs(d: Deps): Promise<Jobs> {
  const running = new Map<string, RunningJob>()
  const lifeline = await createLifeline(d)
  const listening = poolThatListens(d)
  const lanes = (['quick', 'cpu'] as const).map((lane) => ({
    lane,
    handlers: d.handlers.filter((h) => h.job.lane === lane),
  }))
  const runners: Runner[] = []
  for (const { lane, handlers } of lanes) {
    if (handlers.length === 0) continue
    const concurrency = lane === 'quick' ? QUICK_PLACES : d.cpuPlaces
    const taskList: TaskList = Object.fromEntries(handlers.map((h) => [h.job.name, taskOf(h, d, running)]))
    const options = {
      pgPool: listening.pool,
      concurrency,
      taskList,
      noHandleSignals: true,
      pollInterval: POLL_MS,
      logger: quietLogger(d.log),
      gracefulShutdownAbortTimeout: STOP_GRACE_MS,
    }
    runners.push(await run({ ...options, events: lifeline.events }))
  }
  const unsubscribe = d.pubsub.subscribe(CANCEL_CHANNEL, (id) => stopOne(running.get(String(id))))
  const stop = async () => {
    unsubscribe()
    const interrupted = [...running.values()]
    for (const job of interrupted) job.abort.abort(new Error('shutting down'))
    await stopRunners(runners)
    await giveBack(d.pool, interrupted)
    await lifeline.close()
    await listening.close()
  }
  let stopped: Promise<void> | undefined
  return { cancel: (id) => cancel(d, id), stop: () => (stopped ??= stop()) }
}

/** The queue itself would wait for ever for a handler that does not listen. */
async function stopRunners(runners: readonly Runner[]): Promise<void> {
  const stopped = Promise.all(runners.map((r) => r.stop())).then(() => 'stopped')
  const late = new AbortController()
  const first = await Promise.race([stopped, sleep(STOP_GRACE_MS, 'late', { signal: late.signal })])
  if (first === 'late')
    await Promise.race([
      Promise.allSettled(runners.map((r) => r.kill())),
      sleep(STOP_FORCED_MS, undefined, { signal: late.signal }),
    ])
  late.abort()
}

/** Workers LISTEN, which a transaction pooler does not pass on: behind one they get connections of their own. */
function poolThatListens(d: Deps): { pool: pg.Pool; close(): Promise<void> } {
  if (d.directUrl === d.url) return { pool: d.pool, close: async () => {} }
  const { pool, close } = connect({ url: d.directUrl, poolMax: DIRECT_POOL_MAX, log: d.log })
  return { pool, close }
}

function stopOne(job: RunningJob | undefined): void {
  if (!job) return
  job.cancelled = true
  job.abort.abort(new Error('cancelled'))
}

async function cancel(d: Deps, id: string): Promise<void> {
  const { rowCount } = await d.pool.query(
    `update kernel.jobs set state = 'cancelled', updated_at = now() where id = $1 and state in ('waiting', 'running')`,
    [id],
  )
  if (!rowCount) throw notFound('running job')
  await d.pubsub.publish(CANCEL_CHANNEL, id)
}

/**
 * A job that shutting down interrupted did nothing wrong: it does not lose a try and is due at once. The queue notes
 * its failure without our waiting for that, so we unlock it ourselves; whichever comes second changes nothing more.
 */
async function giveBack(pool: pg.Pool, jobs: RunningJob[]): Promise<void> {
  for (const j of jobs)
    await pool.query(
      `update graphile_worker._private_jobs set locked_by = null, locked_at = null, run_at = now(), attempts = $2 - 1
       where id = $1 and attempts = $2`,
      [j.workerJobId, j.attempt],
    )
  await pool.query(
    `update kernel.jobs set state = 'waiting', updated_at = now() where id = any($1::uuid[]) and state = 'running'`,
    [jobs.map((j) => j.id)],
  )
}

function taskOf(h: JobHandler, d: Deps, running: Map<string, RunningJob>): Task {
  return async (raw, helpers) => {
    const { id, data } = raw as Payload
    const { attempts: attempt, max_attempts: most, id: workerJobId } = helpers.job
    const job: RunningJob = {
      id,
      workerJobId,
      attempt,
      abort: new AbortController(),
      cancelled: false,
    }
    // Before it is marked: a cancellation that comes right after the mark must find it.
    running.set(id, job)
    try {
      if (!(await markRunning(d.pool, id, attempt))) return
      const progress = progressWriter(d.pool, id)
      await h.run(data, { attempt, lastAttempt: attempt >= most, signal: job.abort.signal, progress })
      await settle(d.pool, id, 'completed', null)
    } catch (thrown) {
      if (job.cancelled) return
      await noteFailure(d, h, job, thrown)
      throw thrown
    } finally {
      running.delete(id)
    }
  }
}

async function noteFailure(d: Deps, h: JobHandler, job: RunningJob, thrown: unknown): Promise<void> {
  const interrupted = job.abort.signal.aborted
  const over = !interrupted && (await hadLastTry(d.pool, job.workerJobId))
  await settle(d.pool, job.id, over ? 'failed' : 'waiting', messageOf(thrown))
  if (interrupted) return
  const said = over ? 'a job failed for good' : 'a job failed and will be tried again'
  d.log.warn({ job: h.job.name, attempt: job.attempt, err: thrown }, said)
}

/** Asked anew, not remembered: a newer job with the same key takes the tries of the one that runs. */
async function hadLastTry(pool: pg.Pool, workerJobId: string): Promise<boolean> {
  const { rows } = await pool.query<{ over: boolean }>(
    'select attempts >= max_attempts as over from graphile_worker._private_jobs where id = $1',
    [workerJobId],
  )
  return rows[0]?.over ?? true
}

/** False when the job was cancelled while it waited. */
async function markRunning(pool: pg.Pool, id: string, attempts: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update kernel.jobs set state = 'running', attempts = $2, updated_at = now() where id = $1 and state <> 'cancelled'`,
    [id, attempts],
  )
  return rowCount === 1
}

/** A cancelled job stays cancelled, whatever its handler did at the end. */
async function settle(
  pool: pg.Pool,
  id: string,
  state: 'completed' | 'failed' | 'waiting',
  error: string | null,
): Promise<void> {
  await pool.query(
    `update kernel.jobs set state = $2, error = $3, progress = case when $2 = 'completed' then 1 else progress end, updated_at = now()
     where id = $1 and state <> 'cancelled'`,
    [id, state, error],
  )
}

function progressWriter(pool: pg.Pool, id: string): (done: number) => Promise<void> {
  let writtenAt = 0
  return async (done) => {
    if (Date.now() - writtenAt < PROGRESS_EVERY_MS) return
    writtenAt = Date.now()
    await pool.query('update kernel.jobs set progress = $2, updated_at = now() where id = $1', [
      id,
      Math.min(1, Math.max(0, done)),
    ])
  }
}

/** Ended jobs are shown for a week, failed ones for a month. */
export async function pruneJobs(pool: pg.Pool): Promise<void> {
  await pool.query(`delete from kernel.jobs where (state in ('completed', 'cancelled') and updated_at < now() - interval '7 days')
    or (state = 'failed' and updated_at < now() - interval '30 days')`)
}

/** graphile-worker tells each step; we keep its warnings and errors. */
function quietLogger(log: Log): Logger {
  return new Logger(() => (level, message) => {
    if (level === 'error') log.debug({ from: 'jobs' }, message)
    else if (level === 'warning') log.warn({ from: 'jobs' }, message)
  })
}
