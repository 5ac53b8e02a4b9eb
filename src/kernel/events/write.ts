import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'
import { newId } from '#kernel/ids.ts'
import type { Emit, Enqueue, Write } from '#kernel/module.ts'
import { assertShape } from '#kernel/validate.ts'

/** Called once after a commit that stored events, so that they are delivered now and not at the next look. */
export type Wake = () => void

export const emitIn =
  (tx: Transaction<unknown>): Emit =>
  async (e, payload) => {
    assertShape(e.payload, payload, `event ${e.name}`)
    await sql`insert into kernel.events (key, name, payload) values (${newId()}, ${e.name}, ${JSON.stringify(payload)}::jsonb)`.execute(
      tx,
    )
  }

/**
 * A job's row in `kernel.jobs` is what people see, graphile-worker's row what runs; both are of this transaction.
 * With a key, a waiting job of the same name and key takes the new payload instead of a second one being made.
 */
export const enqueueIn =
  (tx: Transaction<unknown>): Enqueue =>
  async (j, payload, o = {}) => {
    assertShape(j.payload, payload, `job ${j.name}`)
    const key = o.key ?? null
    const waiting = key === null ? undefined : await waitingJob(tx, j.name, key)
    const id = waiting ?? newId()
    if (!waiting)
      await sql`insert into kernel.jobs (id, name, key, state) values (${id}, ${j.name}, ${key}, 'waiting')`.execute(tx)
    await sql`select graphile_worker.add_job(${j.name}, payload := ${JSON.stringify({ id, data: payload })}::json,
      run_at := ${o.runAt ?? null}::timestamptz, max_attempts := ${j.maxAttempts}::int, priority := ${o.priority ?? 0}::int,
      job_key := ${key === null ? id : `${j.name}:${key}`})`.execute(tx)
  }

async function waitingJob(tx: Transaction<unknown>, name: string, key: string): Promise<string | undefined> {
  const found = await sql<{
    id: string
  }>`select id from kernel.jobs where name = ${name} and key = ${key} and state = 'waiting' for update`.execute(tx)
  return found.rows[0]?.id
}

/** The only write transaction of a module: rows, facts and jobs are stored together or not at all. */
export function createWrite(db: Kysely<unknown>, wake: Wake): Write<unknown> {
  return async (work) => {
    let emitted = false
    const result = await db.transaction().execute((tx) => {
      const emit = emitIn(tx)
      const noting: Emit = (e, payload) => {
        emitted = true
        return emit(e, payload)
      }
      return work(tx, noting, enqueueIn(tx))
    })
    if (emitted) wake()
    return result
  }
}
