import { setTimeout as sleep } from 'node:timers/promises'
import { type Kysely, sql, type Transaction } from 'kysely'
import { messageOf } from '#kernel/errors.ts'
import type { Log } from '#kernel/log.ts'
import type { Emit, EventHandler } from '#kernel/module.ts'
import { emitIn, enqueueIn } from './write.ts'

/**
 * How long to wait after a look at the log. `idle`: nothing new (the look covers a lost wake-up). `held`: there is
 * news, but an older transaction still runs. `failed`: the database refused.
 */
const PAUSE_MS = { idle: 5000, held: 40, failed: 500 } as const
const MORE_AT_ONCE = 0
const BATCH_MAX = 100
/** After so many tries an event is set aside in `kernel.dead_events` and the module reads on. */
const FAILURES_MAX = 8
/** The wait doubles from half a second up to this. */
const RETRY_SEC_MAX = 30

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
  const stopping = new AbortController()
  let woken = true
  let nap = new AbortController()
  const run = async () => {
    while (!stopping.signal.aborted) {
      woken = false
      const waitMs = await readOn(reader, subscriber).catch((err: unknown) => {
        if (err instanceof HandlerFailure) return MORE_AT_ONCE
        reader.log.error({ err, module: subscriber.module }, 'reading events failed')
        return PAUSE_MS.failed
      })
      if (waitMs === MORE_AT_ONCE || woken || stopping.signal.aborted) continue
      nap = new AbortController()
      await sleep(waitMs, undefined, { signal: nap.signal }).catch(() => undefined)
    }
  }
  const done = run()
  const wake = () => {
    woken = true
    nap.abort()
  }
  return {
    wake,
    stop: async () => {
      stopping.abort()
      wake()
      await done
    },
  }
}

/** What a handler threw, and which event of its batch it was given. */
class HandlerFailure extends Error {
  readonly index: number
  readonly event: Row
  constructor(index: number, event: Row, cause: unknown) {
    super(messageOf(cause), { cause })
    this.index = index
    this.event = event
  }
}

/** Answers after how many ms to look again. When one event of a batch fails, those before it are taken without it. */
async function readOn(reader: Reader, s: Subscriber): Promise<number> {
  try {
    return await takeBatch(reader, s, BATCH_MAX)
  } catch (thrown) {
    if (!(thrown instanceof HandlerFailure)) throw thrown
    // When one of those fails this time, the next look meets it first.
    if (thrown.index > 0) await takeBatch(reader, s, thrown.index)
    return noteFailure(reader, s, thrown)
  }
}

async function takeBatch({ db, wakeAll }: Reader, s: Subscriber, most: number): Promise<number> {
  if (!(await hasNews(db, s.module))) return PAUSE_MS.idle
  const notes: Notes = { emitted: false, after: [] }
  const waitMs = await db.transaction().execute(async (tx) => {
    const cursor = await lockCursor(tx, s.module)
    if (!cursor) return PAUSE_MS.idle
    if (cursor.retry_in_ms > 0) return Math.min(cursor.retry_in_ms, PAUSE_MS.idle)
    const rows = await nextEvents(tx, cursor, most)
    const last = rows.at(-1)
    if (!last) return (await anyAfter(tx, cursor)) ? PAUSE_MS.held : PAUSE_MS.idle
    for (const [index, row] of rows.entries()) await handOver(tx, s, row, index, notes)
    await sql`update kernel.event_cursors set xid = ${last.xid}::xid8, id = ${last.id}, failures = 0, last_error = null
      where module = ${s.module}`.execute(tx)
    return MORE_AT_ONCE
  })
  if (notes.emitted) wakeAll()
  for (const tell of notes.after) tell()
  return waitMs
}

/** What a batch leaves to do once it is committed. */
type Notes = { emitted: boolean; after: (() => void)[] }

async function handOver(tx: Transaction<unknown>, s: Subscriber, row: Row, index: number, notes: Notes): Promise<void> {
  const handle = s.handlers.get(row.name)
  if (!handle) return
  const emit: Emit = (e, payload) => {
    notes.emitted = true
    return emitIn(tx)(e, payload)
  }
  try {
    await handle(tx, row.payload, {
      emit,
      enqueue: enqueueIn(tx),
      key: row.key,
      after: (tell) => void notes.after.push(tell),
    })
  } catch (thrown) {
    throw new HandlerFailure(index, row, thrown)
  }
}

/** A look that writes nothing, so that an idle installation leaves its disk alone. */
async function hasNews(db: Kysely<unknown>, module: string): Promise<boolean> {
  const found = await sql<{
    any: boolean
  }>`with c as (select xid, id from kernel.event_cursors where module = ${module})
    select exists (select from kernel.events where (xid, id) > (coalesce((select xid from c), '0'), coalesce((select id from c), 0))) as any`.execute(
    db,
  )
  return found.rows[0]?.any ?? false
}

async function anyAfter(tx: Transaction<unknown>, c: Cursor): Promise<boolean> {
  const found = await sql<{ any: boolean }>`select exists
    (select from kernel.events where (xid, id) > (${c.xid}::xid8, ${c.id})) as any`.execute(tx)
  return found.rows[0]?.any ?? false
}

type Cursor = { xid: string; id: number; retry_in_ms: number }

/** Undefined when another process reads for this module right now. */
async function lockCursor(tx: Transaction<unknown>, module: string): Promise<Cursor | undefined> {
  await sql`insert into kernel.event_cursors (module) values (${module}) on conflict do nothing`.execute(tx)
  const found = await sql<Cursor>`select xid::text, id,
      ceil(extract(epoch from retry_at - now()) * 1000)::int as retry_in_ms
    from kernel.event_cursors where module = ${module} for update skip locked`.execute(tx)
  return found.rows[0]
}

async function nextEvents(tx: Transaction<unknown>, c: Cursor, most: number): Promise<Row[]> {
  // "e.xid", not "xid": that would be the text of the answer, and '1000' comes before '999'.
  const found = await sql<Row>`select e.id, e.xid::text, e.key, e.name, e.payload from kernel.events e
    where (e.xid, e.id) > (${c.xid}::xid8, ${c.id}) and e.xid < pg_snapshot_xmin(pg_current_snapshot())
    order by e.xid, e.id limit ${most}`.execute(tx)
  return found.rows
}

/** Counts a failure of the event that comes next and answers when to try again. */
async function noteFailure({ db, log }: Reader, s: Subscriber, failure: HandlerFailure): Promise<number> {
  const { event, message: error } = failure
  return db.transaction().execute(async (tx) => {
    const cursor = await lockCursor(tx, s.module)
    const next = cursor && (await nextEvents(tx, cursor, 1))[0]
    // Another process has been faster, and perhaps luckier.
    if (next?.id !== event.id) return MORE_AT_ONCE
    const counted = await sql<{ failures: number; wait_ms: number }>`update kernel.event_cursors
      set failures = failures + 1, last_error = ${error},
        retry_at = now() + least(power(2, failures), ${RETRY_SEC_MAX} * 2) * interval '500 milliseconds'
      where module = ${s.module} returning failures,
        ceil(extract(epoch from retry_at - now()) * 1000)::int as wait_ms`.execute(tx)
    const { failures, wait_ms } = counted.rows[0] ?? { failures: 0, wait_ms: PAUSE_MS.failed }
    log.warn({ module: s.module, event: event.name, failures, err: failure.cause }, 'an event could not be handled')
    if (failures < FAILURES_MAX) return wait_ms
    await setAside(tx, s.module, event, error)
    return MORE_AT_ONCE
  })
}

async function setAside(tx: Transaction<unknown>, module: string, row: Row, error: string): Promise<void> {
  await sql`insert into kernel.dead_events (module, event_id, key, name, payload, error)
    values (${module}, ${row.id}, ${row.key}, ${row.name}, ${JSON.stringify(row.payload)}::jsonb, ${error}) on conflict do nothing`.execute(
    tx,
  )
  await sql`update kernel.event_cursors set xid = ${row.xid}::xid8, id = ${row.id}, failures = 0, retry_at = now()
    where module = ${module}`.execute(tx)
}

/** Forget events that every module has read and that are older than a week, and those set aside a quarter ago. */
export async function pruneEvents(db: Kysely<unknown>): Promise<void> {
  await sql`delete from kernel.events e where created_at < now() - interval '7 days'
    and not exists (select from kernel.event_cursors c where (c.xid, c.id) < (e.xid, e.id))`.execute(db)
  await sql`delete from kernel.dead_events where at < now() - interval '90 days'`.execute(db)
}
