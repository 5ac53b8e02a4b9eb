import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppError } from '#kernel/errors.ts'
import { createWrite } from '#kernel/events/write.ts'
import { type JobHandler, type JobRun, runs } from '#kernel/module.ts'
import { createPubSub, type PubSub } from '#kernel/pubsub/index.ts'
import { startChild } from '#kernel/testing-child.ts'
import { eventually, type KernelDatabase, kernelDatabase, silent } from '#kernel/testing-database.ts'
import { createJobs, type Jobs, pruneJobs } from './index.ts'
import { createLifeline } from './lifeline.ts'
import { heavy, work } from './testing-jobs.ts'

let db: KernelDatabase
let pubsub: PubSub
const running: Jobs[] = []
before(async () => {
  db = await kernelDatabase(20)
  pubsub = await createPubSub({ log: silent })
  await db.pool.query('create table tries (n integer, attempt integer, by integer, at bigserial)')
})
beforeEach(async () => {
  await db.pool.query('truncate kernel.jobs, kernel.job_workers, tries')
  await db.pool.query('delete from graphile_worker._private_jobs')
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((j) => j.stop()))
})
after(async () => {
  await pubsub.close()
  await db.close()
})

type Row = { id: string; key: string | null; state: string; progress: number; attempts: number; error: string | null }
const rows = async () => (await db.pool.query<Row>('select * from kernel.jobs order by created_at, id')).rows
const only = async () => (await rows())[0] as Row
const inState = (state: string) => eventually(async () => (await only())?.state === state && only(), `a job ${state}`)
const write = () => createWrite(db.kysely, () => {})
const enqueue = (n: number, o: Parameters<Parameters<Parameters<ReturnType<typeof write>>[0]>[2]>[2] = {}, j = work) =>
  write()(async (_tx, _emit, put) => put(j, { n }, o))
const triesOf = async (n: number) =>
  (await db.pool.query<{ attempt: number; by: number }>('select attempt, by from tries where n = $1 order by at', [n]))
    .rows

async function start(handlers: JobHandler[], cpuPlaces = 1): Promise<Jobs> {
  const jobs = await createJobs({
    pool: db.pool,
    url: db.url,
    directUrl: db.url,
    log: silent,
    pubsub,
    handlers,
    cpuPlaces,
  })
  running.push(jobs)
  return jobs
}
/** Waits for the end of the job's signal. */
const untilAborted = (run: JobRun) =>
  new Promise<never>((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason as Error)))
/** The wait before the next try grows from seconds on: skip it. */
const skipWaits = () => db.pool.query('update graphile_worker._private_jobs set run_at = now() where locked_at is null')

describe('jobs', () => {
  test('are of the transaction: what is rolled back never runs', async () => {
    const done: number[] = []
    await start([runs(work, async ({ n }) => void done.push(n))])
    const failing = write()(async (_tx, _emit, put) => {
      await put(work, { n: 1 })
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    await assert.rejects(enqueue('x' as unknown as number), /test\.work\.v1/)
    await enqueue(2)
    const row = await inState('completed')
    assert.deepEqual(done, [2])
    assert.deepEqual([(await rows()).length, row.progress, row.attempts], [1, 1, 1])
  })

  test('with one key, a waiting job takes the newer input instead of a second one', async () => {
    for (const n of [1, 2, 3]) await enqueue(n, { key: 'song' })
    await enqueue(9, { key: 'other' })
    assert.equal((await rows()).length, 2)
    const done: number[] = []
    await start([runs(work, async ({ n }) => void done.push(n))])
    await eventually(() => done.length === 2, 'both to run')
    assert.deepEqual(done.sort(), [3, 9])
    await enqueue(4, { key: 'song' })
    await eventually(() => done.includes(4), 'the key to be free again')
  })

  test('a newer job with the key of a running one runs after it; the older gets no more tries', async () => {
    const went: number[] = []
    const began = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    await start([
      runs(work, async ({ n }) => {
        went.push(n)
        if (n !== 1) return
        began.resolve()
        await goOn.promise
        throw new Error('too old')
      }),
    ])
    await enqueue(1, { key: 'song' })
    await began.promise
    await enqueue(2, { key: 'song' })
    goOn.resolve()
    await eventually(async () => (await rows()).every((r) => ['completed', 'failed'].includes(r.state)), 'both to end')
    assert.deepEqual(went, [1, 2])
    assert.deepEqual((await rows()).map((r) => r.state).sort(), ['completed', 'failed'])
  })

  test('are tried again with growing waits, and the last try is told', async () => {
    const tries: [number, boolean][] = []
    await start([
      runs(work, async (_p, { attempt, lastAttempt }) => {
        tries.push([attempt, lastAttempt])
        throw new Error('broken string')
      }),
    ])
    await enqueue(1)
    await eventually(() => tries.length === 1, 'the first try')
    const waiting = await inState('waiting')
    assert.equal(waiting.error, 'broken string')
    await eventually(async () => {
      const { rows: q } = await db.pool.query<{ wait: number }>(
        'select extract(epoch from run_at - now())::float8 as wait from graphile_worker._private_jobs where locked_at is null and attempts = 1',
      )
      return (q[0]?.wait ?? 0) > 1
    }, 'a wait before the next try')
    await eventually(
      async () => {
        await skipWaits()
        return tries.length === 3
      },
      'three tries',
      30_000,
    )
    const failed = await inState('failed')
    assert.deepEqual([failed.attempts, failed.error], [3, 'broken string'])
    assert.deepEqual(tries, [
      [1, false],
      [2, false],
      [3, true],
    ])
  })

  test('a later time is kept', async () => {
    const done: number[] = []
    await start([runs(work, async ({ n }) => void done.push(n))])
    await enqueue(1, { runAt: new Date(Date.now() + 3_600_000) })
    await enqueue(2)
    await eventually(() => done.length === 1, 'the one that is due')
    await sleep(50)
    assert.deepEqual(done, [2])
  })

  test('the most urgent is first', async () => {
    await enqueue(1, { priority: 10 }, heavy)
    await enqueue(2, { priority: -10 }, heavy)
    await enqueue(3, {}, heavy)
    const done: number[] = []
    await start([runs(heavy, async ({ n }) => void done.push(n))])
    await eventually(() => done.length === 3, 'all')
    assert.deepEqual(done, [2, 3, 1])
  })

  test('progress is kept, within 0 and 1', async () => {
    const goOn = Promise.withResolvers<void>()
    await start([
      runs(work, async (_p, { progress }) => {
        await progress(0.4)
        await progress(0.5)
        await goOn.promise
        await sleep(550)
        await progress(7)
      }),
    ])
    await enqueue(1)
    await eventually(async () => Math.abs((await only()).progress - 0.4) < 1e-6, 'the first figure')
    goOn.resolve()
    assert.equal((await inState('completed')).progress, 1)
  })
})

describe('cancelling', () => {
  test('a waiting job never starts', async () => {
    await enqueue(1)
    const done: number[] = []
    const jobs = await start([runs(heavy, async () => undefined)])
    await jobs.cancel((await only()).id)
    await start([runs(work, async ({ n }) => void done.push(n))])
    await enqueue(2)
    await eventually(() => done.includes(2), 'the other one')
    await sleep(50)
    assert.deepEqual(done, [2])
    assert.equal((await rows()).find((r) => r.state === 'cancelled')?.attempts, 0)
  })

  test('a running one is told to stop, and is not tried again', async () => {
    let tries = 0
    const jobs = await start([
      runs(work, async (_p, run) => {
        tries += 1
        await untilAborted(run)
      }),
    ])
    await enqueue(1)
    const { id } = await inState('running')
    await eventually(() => tries === 1, 'the start')
    await jobs.cancel(id)
    await eventually(
      async () => (await db.pool.query('select from graphile_worker._private_jobs')).rowCount === 0,
      'the queue to be empty',
    )
    assert.equal((await only()).state, 'cancelled')
    assert.equal(tries, 1)
  })

  test('what has ended, or never was, cannot be cancelled', async () => {
    const jobs = await start([runs(work, async () => undefined)])
    await enqueue(1)
    const { id } = await inState('completed')
    for (const which of [id, '0190f5d0-0000-7000-8000-000000000000'])
      await assert.rejects(jobs.cancel(which), (e: unknown) => (e as AppError).status === 404)
  })
})

describe('lanes', () => {
  test('heavy jobs take only their places, quick ones pass them', async () => {
    let now = 0
    let most = 0
    const ended: string[] = []
    await start(
      [
        runs(heavy, async ({ n }) => {
          most = Math.max(most, ++now)
          await sleep(120)
          now -= 1
          ended.push(`heavy${n}`)
        }),
        runs(work, async () => void ended.push('quick')),
      ],
      2,
    )
    for (let n = 0; n < 6; n++) await enqueue(n, {}, heavy)
    await enqueue(1)
    await eventually(() => ended.length === 7, 'all jobs')
    assert.equal(most, 2)
    assert.ok(ended.indexOf('quick') < 4, ended.join())
  })
})

describe('stopping', () => {
  test('gives a running job back at once, without the loss of a try', async () => {
    const first = await start([
      runs(work, async (_p, run) => {
        await untilAborted(run)
      }),
    ])
    await enqueue(1)
    await inState('running')
    await eventually(async () => (await only()).attempts === 1, 'the try to be counted')
    const began = Date.now()
    await first.stop()
    assert.ok(Date.now() - began < 2000)
    assert.equal((await only()).state, 'waiting')
    const seen: number[] = []
    await start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await inState('completed')
    assert.deepEqual(seen, [1])
  })

  test('does not forget earlier failures', async () => {
    let tries = 0
    const first = await start([
      runs(work, async (_p, run) => {
        tries += 1
        if (tries === 1) throw new Error('first')
        await untilAborted(run)
      }),
    ])
    await enqueue(1)
    await eventually(async () => {
      await skipWaits()
      return tries === 2
    }, 'the second try')
    await first.stop()
    const seen: number[] = []
    await start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await inState('completed')
    assert.deepEqual(seen, [2])
  })

  test('waits three seconds for a handler that does not listen, then gives its job back all the same', async () => {
    const first = await start([runs(work, () => new Promise(() => {}))])
    await enqueue(1)
    await inState('running')
    const began = Date.now()
    await first.stop()
    const tookMs = Date.now() - began
    assert.ok(tookMs > 2500 && tookMs < 8000, String(tookMs))
    assert.equal((await only()).state, 'waiting')
    const seen: number[] = []
    await start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await inState('completed')
    assert.deepEqual(seen, [1])
  })
})

describe('a process that is killed', () => {
  const file = join(import.meta.dirname, 'testing-worker.ts')
  const takeAndDie = async (n: number) => {
    const child = startChild(file, [db.url])
    await child.line(/waiting/)
    await enqueue(n)
    await child.line(new RegExp(`took ${n}`))
    child.kill('SIGKILL')
    await child.gone
  }

  test('its job is taken again at once by the next start', async () => {
    await takeAndDie(1)
    assert.equal((await only()).state, 'running', 'nobody knows yet')
    const began = Date.now()
    const seen: number[] = []
    await start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await inState('completed')
    assert.ok(Date.now() - began < 5000)
    assert.deepEqual(seen, [2])
    assert.equal((await triesOf(1)).length, 1)
    assert.equal(
      (
        await db.pool.query(
          'select from kernel.job_workers where process not in (select objid::int from pg_locks where locktype = $1)',
          ['advisory'],
        )
      ).rowCount,
      0,
    )
  })

  test('its job is taken over by a process that was there all the time', async () => {
    const lifeline = await createLifeline({ pool: db.pool, directUrl: db.url, log: silent, lookEveryMs: 200 })
    await takeAndDie(2)
    await eventually(async () => (await only()).state === 'waiting', 'the job to be freed')
    const { rows: q } = await db.pool.query('select locked_by from graphile_worker._private_jobs')
    assert.deepEqual(q, [{ locked_by: null }])
    await lifeline.close()
  })

  test('the living keep theirs: two processes and a look of each', async () => {
    const child = startChild(file, [db.url])
    await child.line(/waiting/)
    await enqueue(3)
    await child.line(/took 3/)
    const lines = await Promise.all(
      [1, 2].map(() => createLifeline({ pool: db.pool, directUrl: db.url, log: silent, lookEveryMs: 50 })),
    )
    await sleep(400)
    assert.equal((await only()).state, 'running')
    assert.deepEqual(await triesOf(3), [{ attempt: 1, by: child.pid }])
    await Promise.all(lines.map((l) => l.close()))
    child.kill('SIGKILL')
    await child.gone
  })

  test('a broken lifeline is made anew', async () => {
    const line = await createLifeline({ pool: db.pool, directUrl: db.url, log: silent, lookEveryMs: 50 })
    const holders = async () =>
      (
        await db.pool.query<{ pid: number }>(
          `select pid from pg_locks where locktype = 'advisory' and granted and classid::bigint = $1`,
          [0x7474_6a62],
        )
      ).rows
    const [first] = await holders()
    await db.pool.query('select pg_terminate_backend($1)', [first?.pid])
    await eventually(async () => {
      const [now] = await holders()
      return now !== undefined && now.pid !== first?.pid
    }, 'the lock to be held again')
    await line.close()
  })
})

test('ended jobs are forgotten after their time', async () => {
  const insert = (state: string, days: number) =>
    db.pool.query(
      `insert into kernel.jobs (id, name, state, updated_at) values (gen_random_uuid(), 'x', $1, now() - $2 * interval '1 day')`,
      [state, days],
    )
  for (const [state, days] of [
    ['completed', 8],
    ['completed', 6],
    ['cancelled', 8],
    ['failed', 8],
    ['failed', 31],
    ['waiting', 99],
    ['running', 99],
  ] as const)
    await insert(state, days)
  await pruneJobs(db.pool)
  assert.deepEqual((await rows()).map((r) => r.state).sort(), ['completed', 'failed', 'running', 'waiting'])
})
