import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AppError } from '#kernel/errors.ts'
import { runs } from '#kernel/module.ts'
import { eventually } from '#kernel/testing-database.ts'
import { pruneJobs } from './index.ts'
import { heavy, work } from './testing-jobs.ts'
import { makeQueue, type Queue, untilAborted } from './testing-queue.ts'

let q: Queue
before(async () => {
  q = await makeQueue()
})
beforeEach(() => q.empty())
afterEach(() => q.stopAll())
after(() => q.close())

describe('jobs', () => {
  test('are of the transaction: what is rolled back never runs', async () => {
    const done: number[] = []
    await q.start([runs(work, async ({ n }) => void done.push(n))])
    const failing = q.write(async (_tx, _emit, put) => {
      await put(work, { n: 1 })
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    await assert.rejects(q.enqueue('x' as unknown as number), /test\.work\.v1/)
    await q.enqueue(2)
    const row = await q.inState('completed')
    assert.deepEqual(done, [2])
    assert.deepEqual([(await q.rows()).length, row.progress, row.attempts], [1, 1, 1])
  })

  test('with one key, a waiting job takes the newer input instead of a second one', async () => {
    for (const n of [1, 2, 3]) await q.enqueue(n, { key: 'song' })
    await q.enqueue(9, { key: 'other' })
    assert.equal((await q.rows()).length, 2)
    const done: number[] = []
    await q.start([runs(work, async ({ n }) => void done.push(n))])
    await eventually(() => done.length === 2, 'both to run')
    assert.deepEqual(done.sort(), [3, 9])
    await q.enqueue(4, { key: 'song' })
    await eventually(() => done.includes(4), 'the key to be free again')
  })

  test('a newer job with the key of a running one runs after it; the older gets no more tries', async () => {
    const went: number[] = []
    const began = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    await q.start([
      runs(work, async ({ n }) => {
        went.push(n)
        if (n !== 1) return
        began.resolve()
        await goOn.promise
        throw new Error('too old')
      }),
    ])
    await q.enqueue(1, { key: 'song' })
    await began.promise
    await q.enqueue(2, { key: 'song' })
    goOn.resolve()
    await eventually(
      async () => (await q.rows()).every((r) => ['completed', 'failed'].includes(r.state)),
      'both to end',
    )
    assert.deepEqual(went, [1, 2])
    assert.deepEqual((await q.rows()).map((r) => r.state).sort(), ['completed', 'failed'])
  })

  test('are tried again with growing waits, and the last try is told', async () => {
    const tries: [number, boolean][] = []
    await q.start([
      runs(work, async (_p, { attempt, lastAttempt }) => {
        tries.push([attempt, lastAttempt])
        throw new Error('broken string')
      }),
    ])
    await q.enqueue(1)
    await eventually(() => tries.length === 1, 'the first try')
    const waiting = await q.inState('waiting')
    assert.equal(waiting.error, 'broken string')
    await eventually(async () => {
      const { rows: queued } = await q.db.pool.query<{ wait: number }>(
        'select extract(epoch from run_at - now())::float8 as wait from graphile_worker._private_jobs where locked_at is null and attempts = 1',
      )
      return (queued[0]?.wait ?? 0) > 1
    }, 'a wait before the next try')
    await eventually(
      async () => {
        await q.skipWaits()
        return tries.length === 3
      },
      'three tries',
      30_000,
    )
    const failed = await q.inState('failed')
    assert.deepEqual([failed.attempts, failed.error], [3, 'broken string'])
    assert.deepEqual(tries, [
      [1, false],
      [2, false],
      [3, true],
    ])
  })

  test('a later time is kept', async () => {
    const done: number[] = []
    await q.start([runs(work, async ({ n }) => void done.push(n))])
    await q.enqueue(1, { runAt: new Date(Date.now() + 3_600_000) })
    await q.enqueue(2)
    await eventually(() => done.length === 1, 'the one that is due')
    await sleep(50)
    assert.deepEqual(done, [2])
  })

  test('the most urgent is first', async () => {
    await q.enqueue(1, { priority: 10 }, heavy)
    await q.enqueue(2, { priority: -10 }, heavy)
    await q.enqueue(3, {}, heavy)
    const done: number[] = []
    await q.start([runs(heavy, async ({ n }) => void done.push(n))])
    await eventually(() => done.length === 3, 'all')
    assert.deepEqual(done, [2, 3, 1])
  })

  test('progress is kept, within 0 and 1', async () => {
    const goOn = Promise.withResolvers<void>()
    await q.start([
      runs(work, async (_p, { progress }) => {
        await progress(0.4)
        await progress(0.5)
        await goOn.promise
        await sleep(550)
        await progress(7)
      }),
    ])
    await q.enqueue(1)
    await eventually(async () => Math.abs((await q.only()).progress - 0.4) < 1e-6, 'the first figure')
    goOn.resolve()
    assert.equal((await q.inState('completed')).progress, 1)
  })
})

describe('cancelling', () => {
  test('a waiting job never starts', async () => {
    await q.enqueue(1)
    const done: number[] = []
    const jobs = await q.start([runs(heavy, async () => undefined)])
    await jobs.cancel((await q.only()).id)
    await q.start([runs(work, async ({ n }) => void done.push(n))])
    await q.enqueue(2)
    await eventually(() => done.includes(2), 'the other one')
    await sleep(50)
    assert.deepEqual(done, [2])
    assert.equal((await q.rows()).find((r) => r.state === 'cancelled')?.attempts, 0)
  })

  test('a running one is told to stop, and is not tried again', async () => {
    let tries = 0
    const jobs = await q.start([
      runs(work, async (_p, run) => {
        tries += 1
        await untilAborted(run)
      }),
    ])
    await q.enqueue(1)
    const { id } = await q.inState('running')
    await eventually(() => tries === 1, 'the start')
    await jobs.cancel(id)
    await eventually(
      async () => (await q.db.pool.query('select from graphile_worker._private_jobs')).rowCount === 0,
      'the queue to be empty',
    )
    assert.equal((await q.only()).state, 'cancelled')
    assert.equal(tries, 1)
  })

  test('what has ended, or never was, cannot be cancelled', async () => {
    const jobs = await q.start([runs(work, async () => undefined)])
    await q.enqueue(1)
    const { id } = await q.inState('completed')
    for (const which of [id, '0190f5d0-0000-7000-8000-000000000000'])
      await assert.rejects(jobs.cancel(which), (e: unknown) => (e as AppError).status === 404)
  })
})

describe('lanes', () => {
  test('heavy jobs take only their places, quick ones pass them', async () => {
    let now = 0
    let most = 0
    const ended: string[] = []
    await q.start(
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
    for (let n = 0; n < 6; n++) await q.enqueue(n, {}, heavy)
    await q.enqueue(1)
    await eventually(() => ended.length === 7, 'all jobs')
    assert.equal(most, 2)
    assert.ok(ended.indexOf('quick') < 4, ended.join())
  })
})

describe('stopping', () => {
  test('gives a running job back at once, without the loss of a try', async () => {
    const first = await q.start([
      runs(work, async (_p, run) => {
        await untilAborted(run)
      }),
    ])
    await q.enqueue(1)
    await q.inState('running')
    await eventually(async () => (await q.only()).attempts === 1, 'the try to be counted')
    const began = Date.now()
    await first.stop()
    assert.ok(Date.now() - began < 2000)
    assert.equal((await q.only()).state, 'waiting')
    const seen: number[] = []
    await q.start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await q.inState('completed')
    assert.deepEqual(seen, [1])
  })

  test('does not forget earlier failures', async () => {
    let tries = 0
    const first = await q.start([
      runs(work, async (_p, run) => {
        tries += 1
        if (tries === 1) throw new Error('first')
        await untilAborted(run)
      }),
    ])
    await q.enqueue(1)
    await eventually(async () => {
      await q.skipWaits()
      return tries === 2
    }, 'the second try')
    await first.stop()
    const seen: number[] = []
    await q.start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await q.inState('completed')
    assert.deepEqual(seen, [2])
  })

  test('waits three seconds for a handler that does not listen, then gives its job back all the same', async () => {
    const first = await q.start([runs(work, () => new Promise(() => {}))])
    await q.enqueue(1)
    await q.inState('running')
    const began = Date.now()
    await first.stop()
    const tookMs = Date.now() - began
    assert.ok(tookMs > 2500 && tookMs < 8000, String(tookMs))
    assert.equal((await q.only()).state, 'waiting')
    const seen: number[] = []
    await q.start([runs(work, async (_p, { attempt }) => void seen.push(attempt))])
    await q.inState('completed')
    assert.deepEqual(seen, [1])
  })
})

test('ended jobs are forgotten after their time', async () => {
  const insert = (state: string, days: number) =>
    q.db.pool.query(
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
  await pruneJobs(q.db.pool)
  assert.deepEqual((await q.rows()).map((r) => r.state).sort(), ['completed', 'failed', 'running', 'waiting'])
})
