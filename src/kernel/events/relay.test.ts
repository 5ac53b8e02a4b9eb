import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { type EventHandler, on } from '#kernel/module.ts'
import { startChild } from '#kernel/testing-child.ts'
import { eventually, type KernelDatabase, kernelDatabase, silent } from '#kernel/testing-database.ts'
import { createRelay, pruneEvents, type Relay } from './relay.ts'
import { echoed, happened } from './testing-events.ts'
import { createWrite } from './write.ts'

let db: KernelDatabase
before(async () => {
  db = await kernelDatabase(20)
  await db.pool.query('create table seen (n integer not null, key uuid not null, by integer, at bigserial)')
})
beforeEach(async () => {
  await db.pool.query('truncate seen, kernel.events, kernel.event_cursors, kernel.dead_events')
})
after(() => db.close())

type Handle = Parameters<typeof on<unknown, typeof happened.payload>>[1]
const record: Handle = async (tx, { n }, { key }) =>
  void (await sql`insert into seen (n, key) values (${n}, ${key})`.execute(tx))
const reader = (handle: Handle = record, module = 'reader'): Relay => readerOf([on(happened, handle)], module)
const readerOf = (handlers: EventHandler<unknown>[], module = 'reader'): Relay => start([{ module, on: handlers }])

const running: Relay[] = []
function start(subscribers: { module: string; on: EventHandler<unknown>[] }[]): Relay {
  const relay = createRelay({ db: db.kysely, log: silent, subscribers })
  running.push(relay)
  return relay
}
afterEach(async () => {
  await Promise.all(running.splice(0).map((r) => r.stop()))
})
const writer = (relays: Relay[] = []) =>
  createWrite(db.kysely, () => {
    for (const r of relays) r.wake()
  })
const tell = (ns: number[], relays: Relay[] = []) =>
  writer(relays)(async (_tx, emit) => {
    for (const n of ns) await emit(happened, { n })
  })
const seen = async () => (await db.pool.query<{ n: number }>('select n from seen order by at')).rows.map((r) => r.n)
const seenAll = (count: number) => eventually(async () => (await seen()).length >= count && seen(), `${count} events`)

describe('events', () => {
  test('take effect once, in order, at once after the commit that stored them', async () => {
    const relay = reader()
    await sleep(50)
    const began = Date.now()
    await tell([1, 2, 3], [relay])
    await tell([4], [relay])
    assert.deepEqual(await seenAll(4), [1, 2, 3, 4])
    assert.ok(Date.now() - began < 2000)
  })

  test('of a transaction that failed are never told; a wrong payload fails it', async () => {
    const relay = reader()
    const failing = writer([relay])(async (_tx, emit) => {
      await emit(happened, { n: 1 })
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    await assert.rejects(tell(['x' as unknown as number], [relay]), /test\.happened\.v1/)
    await tell([2], [relay])
    assert.deepEqual(await seenAll(1), [2])
  })

  test('of a slow transaction are not lost to faster ones that began later', async () => {
    const relay = reader()
    const slow = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const slowWrite = writer([relay])(async (_tx, emit) => {
      await emit(happened, { n: 1 })
      began.resolve()
      await slow.promise
      await emit(happened, { n: 2 })
    })
    await began.promise
    await tell([10, 11], [relay])
    await sleep(300)
    assert.deepEqual(await seen(), [], 'none is read while an older transaction still runs')
    slow.resolve()
    await slowWrite
    const all = await seenAll(4)
    assert.deepEqual(
      [...all].sort((a, b) => a - b),
      [1, 2, 10, 11],
    )
    assert.deepEqual(all, [1, 2, 10, 11], 'in order of transactions')
  })

  test('a handler that fails leaves no trace, is tried again, and loses nothing', async () => {
    const failures = new Map<number, number>()
    const relay = reader(async (tx, payload, out) => {
      await record(tx, payload, out)
      const times = failures.get(payload.n) ?? 0
      failures.set(payload.n, times + 1)
      if (payload.n % 3 === 0 && times < 1) throw new Error('not yet')
    })
    await tell([1, 2, 3, 4, 5, 6, 7], [relay])
    assert.deepEqual(await seenAll(7), [1, 2, 3, 4, 5, 6, 7])
    const { rows } = await db.pool.query('select distinct key from seen')
    assert.equal(rows.length, 7)
  })

  test('an event that always fails is set aside after eight tries, and the rest goes on', async () => {
    let tries = 0
    const relay = reader(async (tx, payload, out) => {
      if (payload.n === 2) {
        tries += 1
        throw new Error('never')
      }
      await record(tx, payload, out)
    })
    await tell([1, 2, 3], [relay])
    // The waits grow to half a minute: skip them.
    await eventually(async () => {
      await db.pool.query('update kernel.event_cursors set retry_at = now()')
      relay.wake()
      await sleep(20)
      return (await seen()).length === 2
    }, 'the poisoned event to be set aside')
    assert.deepEqual(await seen(), [1, 3])
    assert.equal(tries, 8)
    const { rows } = await db.pool.query('select module, name, payload, error from kernel.dead_events')
    assert.deepEqual(rows, [{ module: 'reader', name: 'test.happened.v1', payload: { n: 2 }, error: 'never' }])
  })

  test('the waits between tries grow', async () => {
    const at: number[] = []
    const relay = reader(async () => {
      at.push(Date.now())
      throw new Error('never')
    })
    await tell([1], [relay])
    await eventually(() => at.length >= 4, 'four tries')
    await relay.stop()
    const waits = at.slice(1).map((t, i) => t - (at[i] as number))
    assert.ok((waits[0] as number) >= 450 && (waits[1] as number) >= 950 && (waits[2] as number) >= 1900, waits.join())
    assert.ok((waits[2] as number) < 4000, waits.join())
  })

  test('what a handler emits is told at once to all', async () => {
    const both = start([
      { module: 'a', on: [on(happened, async (_tx, { n }, { emit }) => emit(echoed, { n: n * 10 }))] },
      { module: 'b', on: [on(echoed, record as never)] },
    ])
    await sleep(100)
    const began = Date.now()
    await tell([1, 2], [both])
    assert.deepEqual(await seenAll(2), [10, 20])
    assert.ok(Date.now() - began < 3000, 'without waiting for the next look')
  })

  test('two readers of one module share the work; two modules each get all', async () => {
    const relays = [reader(), reader(), reader(record, 'other')]
    for (let i = 0; i < 20; i++) await tell([i * 2, i * 2 + 1], relays)
    const all = await seenAll(80)
    assert.deepEqual(
      [...all].sort((a, b) => a - b),
      Array.from({ length: 80 }, (_, i) => Math.floor(i / 2)),
    )
  })

  test('come in the order of their transactions where the number of one grows by a digit', async () => {
    for (const [n, xid] of [
      [1, 9],
      [2, 10],
      [3, 99],
      [4, 100],
      [5, 101],
    ] as const)
      await db.pool.query(
        `insert into kernel.events (xid, key, name, payload) values ($1::text::xid8, gen_random_uuid(), $2, $3)`,
        [xid, happened.name, { n }],
      )
    const relay = reader()
    assert.deepEqual(await seenAll(5), [1, 2, 3, 4, 5])
    await tell([6], [relay])
    assert.deepEqual(await seenAll(6), [1, 2, 3, 4, 5, 6], 'none twice')
  })

  test('a reader that missed the wake-up looks by itself', async () => {
    reader()
    await sleep(100)
    await tell([1])
    assert.deepEqual(await seenAll(1), [1])
  })

  test('pruning forgets what all have read and is a week old, and no more', async () => {
    const relay = reader()
    await tell([1, 2], [relay])
    await seenAll(2)
    await relay.stop()
    await db.pool.query(`update kernel.events set created_at = now() - interval '8 days' where payload ->> 'n' = '1'`)
    await pruneEvents(db.kysely)
    assert.equal((await db.pool.query('select from kernel.events')).rowCount, 1)
    await tell([3])
    await db.pool.query(`update kernel.events set created_at = now() - interval '8 days'`)
    await pruneEvents(db.kysely)
    const { rows } = await db.pool.query<{ n: string }>(`select payload ->> 'n' as n from kernel.events`)
    assert.deepEqual(rows, [{ n: '3' }], 'unread events stay however old')
    await db.pool.query(`insert into kernel.dead_events (module, event_id, key, name, payload, error, at)
      select 'seen', d, gen_random_uuid(), 'x.v1', '{}', 'broken', now() - d * interval '1 day' from unnest(array[89, 91]) d`)
    await pruneEvents(db.kysely)
    const dead = await db.pool.query<{ event_id: string }>('select event_id from kernel.dead_events')
    assert.deepEqual(
      dead.rows.map((r) => Number(r.event_id)),
      [89],
    )
  })
})

describe('readers that are killed', () => {
  test('lose nothing and do nothing twice', async () => {
    const total = 300
    for (let i = 0; i < total; i += 10) await tell(Array.from({ length: 10 }, (_, k) => i + k))
    const file = join(import.meta.dirname, 'testing-reader.ts')
    for (let round = 0; round < 3; round++) {
      const before = (await seen()).length
      const child = startChild(file, [db.url])
      await eventually(async () => (await seen()).length > before || round === 0, 'some work to be done')
      if (round === 0) await child.line(/reading/)
      await sleep(20 + round * 40)
      child.kill('SIGKILL')
      await child.gone
    }
    const last = [startChild(file, [db.url]), startChild(file, [db.url])]
    const all = await seenAll(total)
    await sleep(100)
    for (const child of last) child.kill('SIGKILL')
    assert.deepEqual(
      all,
      Array.from({ length: total }, (_, i) => i),
    )
    const { rows } = await db.pool.query('select distinct key from seen')
    assert.equal(rows.length, total)
    await Promise.all(last.map((c) => c.gone))
  })
})

describe('any interleaving of writers and failing readers', () => {
  const transaction = fc.record({
    size: fc.integer({ min: 0, max: 4 }),
    holdMs: fc.integer({ min: 0, max: 15 }),
    rollsBack: fc.boolean(),
  })
  const plan = fc.record({
    writers: fc.array(fc.array(transaction, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    readers: fc.integer({ min: 1, max: 3 }),
    failEvery: fc.integer({ min: 3, max: 9 }),
  })

  test('each committed event takes effect exactly once, in order within its transaction', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ writers, readers, failEvery }) => {
        await db.pool.query('truncate seen, kernel.events, kernel.event_cursors, kernel.dead_events')
        let calls = 0
        const relays = Array.from({ length: readers }, () =>
          reader(async (tx, payload, out) => {
            await record(tx, payload, out)
            if (++calls % failEvery === 0) throw new Error('now and then')
          }),
        )
        const committed: number[][] = []
        let next = 0
        const write = async (transactions: { size: number; holdMs: number; rollsBack: boolean }[]) => {
          for (const { size, holdMs, rollsBack } of transactions) {
            const ns = Array.from({ length: size }, () => next++)
            const done = writer(relays)(async (_tx, emit) => {
              for (const n of ns) await emit(happened, { n })
              await sleep(holdMs)
              if (rollsBack) throw new Error('rolled back')
            })
            if (
              await done.then(
                () => true,
                () => false,
              )
            )
              committed.push(ns)
          }
        }
        await Promise.all(writers.map(write))
        const expected = committed.flat().sort((a, b) => a - b)
        const skipWaits = async () => {
          await db.pool.query('update kernel.event_cursors set retry_at = now()')
          for (const r of relays) r.wake()
          return (await seen()).length >= expected.length
        }
        await eventually(skipWaits, 'all events')
        await Promise.all(relays.map((r) => r.stop()))
        const all = await seen()
        assert.deepEqual(
          [...all].sort((a, b) => a - b),
          expected,
        )
        for (const ns of committed)
          assert.deepEqual(
            all.filter((n) => ns.includes(n)),
            ns,
          )
        assert.equal((await db.pool.query('select from kernel.dead_events')).rowCount, 0)
      }),
      { numRuns: 25, seed: 20_261_120, endOnFailure: true },
    )
  })
})
