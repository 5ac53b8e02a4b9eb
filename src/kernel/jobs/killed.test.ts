import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { runs } from '#kernel/module.ts'
import { startChild } from '#kernel/testing-child.ts'
import { eventually, silent } from '#kernel/testing-database.ts'
import { createLifeline } from './lifeline.ts'
import { work } from './testing-jobs.ts'
import { makeQueue, type Queue } from './testing-queue.ts'

let q: Queue
before(async () => {
  q = await makeQueue()
})
beforeEach(() => q.empty())
afterEach(() => q.stopAll())
after(() => q.close())

describe('a process that is killed', () => {
  const file = join(import.meta.dirname, 'testing-worker.ts')
  const takeAndDie = async (n: number) => {
    const child = startChild(file, [q.db.url])
    await child.line(/waiting/)
    await q.enqueue(n)
    await child.line(new RegExp(`took ${n}`))
    child.kill('SIGKILL')
    await child.gone
  }

  test('its job is taken again at once by the next start', async () => {
    await takeAndDie(1)
    assert.equal((await q.only()).state, 'running', 'nobody knows yet')
    const began = Date.now()
    const seen: number[] = []
    await q.start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await q.inState('completed')
    assert.ok(Date.now() - began < 5000)
    assert.deepEqual(seen, [2])
    assert.equal((await q.triesOf(1)).length, 1)
    assert.equal(
      (
        await q.db.pool.query(
          'select from kernel.job_workers where process not in (select objid::int from pg_locks where locktype = $1)',
          ['advisory'],
        )
      ).rowCount,
      0,
    )
  })

  test('its job is taken over by a process that was there all the time', async () => {
    const lifeline = await createLifeline({ pool: q.db.pool, directUrl: q.db.url, log: silent, lookEveryMs: 200 })
    await takeAndDie(2)
    await eventually(async () => (await q.only()).state === 'waiting', 'the job to be freed')
    const { rows: queued } = await q.db.pool.query('select locked_by from graphile_worker._private_jobs')
    assert.deepEqual(queued, [{ locked_by: null }])
    await lifeline.close()
  })

  test('the living keep theirs: two processes and a look of each', async () => {
    const child = startChild(file, [q.db.url])
    await child.line(/waiting/)
    await q.enqueue(3)
    await child.line(/took 3/)
    const lines = await Promise.all(
      [1, 2].map(() => createLifeline({ pool: q.db.pool, directUrl: q.db.url, log: silent, lookEveryMs: 50 })),
    )
    await sleep(400)
    assert.equal((await q.only()).state, 'running')
    assert.deepEqual(await q.triesOf(3), [{ attempt: 1, by: child.pid }])
    await Promise.all(lines.map((l) => l.close()))
    child.kill('SIGKILL')
    await child.gone
  })

  test('a broken lifeline is made anew', async () => {
    const line = await createLifeline({ pool: q.db.pool, directUrl: q.db.url, log: silent, lookEveryMs: 50 })
    const holders = async () =>
      (
        await q.db.pool.query<{ pid: number }>(
          `select pid from pg_locks where locktype = 'advisory' and granted and classid::bigint = $1`,
          [0x7474_6a62],
        )
      ).rows
    const [first] = await holders()
    await q.db.pool.query('select pg_terminate_backend($1)', [first?.pid])
    await eventually(async () => {
      const [now] = await holders()
      return now !== undefined && now.pid !== first?.pid
    }, 'the lock to be held again')
    await line.close()
  })
})
