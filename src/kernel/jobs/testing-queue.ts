import { createWrite } from '#kernel/events/write.ts'
import type { JobHandler, JobRun } from '#kernel/module.ts'
import { createPubSub } from '#kernel/pubsub/index.ts'
import { eventually, kernelDatabase, silent } from '#kernel/testing-database.ts'
import { createJobs, type Jobs } from './index.ts'
import { work } from './testing-jobs.ts'

export type Row = {
  id: string
  key: string | null
  state: string
  progress: number
  attempts: number
  error: string | null
}
export type Options = { key?: string; priority?: number; runAt?: Date }

/** For tests: a queue on a database of its own, and how to look into it. */
export async function makeQueue() {
  const db = await kernelDatabase(20)
  const pubsub = await createPubSub({ log: silent })
  const running: Jobs[] = []
  await db.pool.query('create table tries (n integer, attempt integer, by integer, at bigserial)')
  const rows = async () => (await db.pool.query<Row>('select * from kernel.jobs order by created_at, id')).rows
  const only = async () => (await rows())[0] as Row
  const write = createWrite(db.kysely, () => {})
  return {
    db,
    write,
    rows,
    only,
    inState: (state: string) => eventually(async () => (await only())?.state === state && only(), `a job ${state}`),
    enqueue: (n: number, o: Options = {}, j = work) => write(async (_tx, _emit, put) => put(j, { n }, o)),
    async start(handlers: JobHandler[], cpuPlaces = 1): Promise<Jobs> {
      const { pool, url } = db
      const jobs = await createJobs({ pool, url, directUrl: url, log: silent, pubsub, handlers, cpuPlaces })
      running.push(jobs)
      return jobs
    },
    /** The wait before the next try grows from seconds on: skip it. */
    skipWaits: () => db.pool.query('update graphile_worker._private_jobs set run_at = now() where locked_at is null'),
    /** What `testing-worker.ts` has noted. */
    triesOf: async (n: number) =>
      (
        await db.pool.query<{ attempt: number; by: number }>('select attempt, by from tries where n = $1 order by at', [
          n,
        ])
      ).rows,
    stopAll: () => Promise.all(running.splice(0).map((j) => j.stop())),
    async empty() {
      await db.pool.query('truncate kernel.jobs, kernel.job_workers, tries')
      await db.pool.query('delete from graphile_worker._private_jobs')
    },
    async close() {
      await pubsub.close()
      await db.close()
    },
  }
}

export type Queue = Awaited<ReturnType<typeof makeQueue>>

/** Waits for the end of the job's signal. */
export const untilAborted = (run: JobRun): Promise<never> =>
  new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason as Error)))
