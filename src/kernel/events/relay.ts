import { type Kysely, sql, type Transaction } from 'kysely'
import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import type { Emit, EventHandler } from '#kernel/module.ts'
import { emitIn, enqueueIn } from './write.ts'

/**
 * How long to wait after a look at the log. `idle`: nothing new (the look covers a lost wake-up). `held`: there is
 * news, but an older transaction still runs. `failed`: a handler threw.
 */
const PAUSE_MS = { idle: 5000, held: 40, failed: 500 } as const
const BATCH_MAX = 100
/** After so many tries an event is set aside in `kernel.dead_events` and the module reads on. */
const FAILURES_MAX = 8

export type Relay = { wake(): void; stop(): Promise<void> }
type Row = { id: number; xid: string; key: string; name: string; payload: unknown }
type Subscriber = { module: string; handlers: ReadonlyMap<string, EventHandler<unknown>['handle']> }
type Deps = { db: Kysely<unknown>; log: Log; subscribers: { module: string; on: readonly EventHandler<unknown>[] }[] }

/**
 * Reads the log of events for each module of this process. Invariants:
 * 1. A module's cursor moves in the same transaction as its handlers' writes: each event takes effect exactly once.
 * 2. Events are read in order of (transaction, id), and only those of transactions older than every running one, so
 *    that a slow transaction's events are never passed over.
 * 3. One process at a time reads for a module (row lock on the cursor).
 */
export function createRelay({ db, log, subscribers }: Deps): Relay {
  const wakeAll = () => {
    for (const l of loops) l.wake()
  }
  const loops: Relay[] = subscribers
    .filter((s) => s.on.length > 0)
    .map((s) => loopFor({ db, log, wakeAll }, toSubscriber(s)))
  return {
    wake: wakeAll,
    stop: async () => {
      await Promise.all(loops.map((l) => l.stop()))
    },
  }
}

function toSubscriber(s: { module: string; on: readonly EventHandler<unknown>[] }): Subscriber {
  return { module: s.module, handlers: new Map(s.on.map((h) => [h.event.name, h.handle])) }
}

type Reader = {
  db: Kysely<unknown>
  log: Log
  /** A handler emitted something: let every module look. */
  wakeAll: () => void
}

function loopFor(reader: Reader, subscriber: Subscriber): Relay {
  let stopped = false
  let woken = true
  let resume: () => void = () => {}
  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      resume = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const run = async () => {
    while (!stopped) {
      woken = false
      const more = await readOn(reader, subscriber).catch((err: unknown) => {
        reader.log.error({ err, module: subscriber.module }, 'reading events failed')
        return 'failed' as const
      })
      if (more !== 'more' && !woken && !stopped) await sleep(PAUSE_MS[more])
    }
  }
  const done = run()
  return {
    wake: () => {
      woken = true
      resume()
    },
    stop: async () => {
      stopped = true
      resume()
      await done
    },
  }
}

type Outcome = 'more' | keyof typeof PAUSE_MS

/** Take a batch; when one of it fails, the batch is undone and its events are then taken one by one. */
async function readOn(reader: Reader, s: Subscriber): Promise<Outcome> {
  try {
    return await takeBatch(reader, s, BATCH_MAX)
  } catch {
    try {
      return await takeBatch(reader, s, 1)
    } catch (thrown) {
      await noteFailure(reader, s, messageOf(thrown))
      return 'failed'
    }
  }
}

async function takeBatch({ db, wakeAll }: Reader, s: Subscriber, most: number): Promise<Outcome> {
  let emitted = false
  const outcome = await db.transaction().execute(async (tx): Promise<Outcome> => {
    const cursor = await lockCursor(tx, s.module)
    if (!cursor) return 'idle'
    const rows = await nextEvents(tx, cursor, most)
    const last = rows.at(-1)
    if (!last) return (await anyAfter(tx, cursor)) ? 'held' : 'idle'
    const emit: Emit = (e, payload) => {
      emitted = true
      return emitIn(tx)(e, payload)
    }
    const enqueue = enqueueIn(tx)
    for (const row of rows) await s.handlers.get(row.name)?.(tx, row.payload, { emit, enqueue, key: row.key })
    await sql`update kernel.event_cursors set xid = ${last.xid}::xid8, id = ${last.id}, failures = 0, last_error = null where module = ${s.module}`.execute(
      tx,
    )
    return 'more'
  })
  if (emitted) wakeAll()
  return outcome
}

async function anyAfter(tx: Transaction<unknown>, c: Cursor): Promise<boolean> {
  const found = await sql<{
    any: boolean
  }>`select exists (select from kernel.events where (xid, id) > (${c.xid}::xid8, ${c.id})) as any`.execute(tx)
  return found.rows[0]?.any ?? false
}

type Cursor = { xid: string; id: number }

/** Undefined when another process reads for this module right now, or a failed event waits for its next try. */
async function lockCursor(tx: Transaction<unknown>, module: string): Promise<Cursor | undefined> {
  await sql`insert into kernel.event_cursors (module) values (${module}) on conflict do nothing`.execute(tx)
  const found = await sql<Cursor>`select xid::text, id from kernel.event_cursors
    where module = ${module} and retry_at <= now() for update skip locked`.execute(tx)
  return found.rows[0]
}

async function nextEvents(tx: Transaction<unknown>, c: Cursor, most: number): Promise<Row[]> {
  const found = await sql<Row>`select id, xid::text, key, name, payload from kernel.events
    where (xid, id) > (${c.xid}::xid8, ${c.id}) and xid < pg_snapshot_xmin(pg_current_snapshot())
    order by xid, id limit ${most}`.execute(tx)
  return found.rows
}

async function noteFailure({ db, log }: Reader, s: Subscriber, error: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const cursor = await lockCursor(tx, s.module)
    const row = cursor && (await nextEvents(tx, cursor, 1))[0]
    if (!row) return
    const counted = await sql<{
      failures: number
    }>`update kernel.event_cursors set failures = failures + 1, last_error = ${error},
      retry_at = now() + least(power(2, failures), 60) * interval '500 milliseconds' where module = ${s.module} returning failures`.execute(
      tx,
    )
    log.warn(
      { module: s.module, event: row.name, failures: counted.rows[0]?.failures, error },
      'an event could not be handled',
    )
    if ((counted.rows[0]?.failures ?? 0) >= FAILURES_MAX) await setAside(tx, s.module, row, error)
  })
}

async function setAside(tx: Transaction<unknown>, module: string, row: Row, error: string): Promise<void> {
  await sql`insert into kernel.dead_events (module, event_id, key, name, payload, error)
    values (${module}, ${row.id}, ${row.key}, ${row.name}, ${JSON.stringify(row.payload)}::jsonb, ${error}) on conflict do nothing`.execute(
    tx,
  )
  await sql`update kernel.event_cursors set xid = ${row.xid}::xid8, id = ${row.id}, failures = 0, retry_at = now() where module = ${module}`.execute(
    tx,
  )
}

/** Forget events that every module has read and that are older than a week. */
export async function pruneEvents(db: Kysely<unknown>): Promise<void> {
  await sql`delete from kernel.events e where created_at < now() - interval '7 days'
    and not exists (select from kernel.event_cursors c where (c.xid, c.id) < (e.xid, e.id))`.execute(db)
}
