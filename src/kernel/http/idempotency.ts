import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Kysely, sql } from 'kysely'
import type { Pool } from 'pg'
import type { Caller } from '#kernel/caller.ts'
import { badRequest, conflict, unprocessable } from '#kernel/errors.ts'

const KEY_LENGTH_MAX = 255
/** A request that was last heard of longer ago and has no answer died with its process. */
const STARTED_MAX = '2 minutes'
/** Some work takes long (music is decoded whole): it says that it lives. */
const BEAT_MS = 30_000
/** An address stands in for a person who is not signed in. */
const scopeOf = (who: Caller, operation: string) => `${who.userId ?? who.address ?? '-'}:${operation}`

type Call = { who: Caller; operation: string; request: FastifyRequest; reply: FastifyReply; input: unknown }
export type Idempotency = { once(call: Call, work: () => Promise<unknown>): Promise<unknown>; prune(): Promise<void> }
type Row = { request: string; status: number | null; body: unknown }

/**
 * `Idempotency-Key` (after Stripe): the first request with a key does the work, a repeated one gets its answer. The
 * same key with another input is a fault of the caller. Keys are of one person and operation, and kept a day.
 */
export function createIdempotency(pool: Pool, { beatMs = BEAT_MS } = {}): Idempotency {
  const livingOn = (scope: string, key: string): NodeJS.Timeout =>
    setInterval(() => {
      const lives = 'update kernel.idempotency set created_at = now() where scope = $1 and key = $2 and status is null'
      // One that fails is followed by the next.
      pool.query(lives, [scope, key]).catch(() => {})
    }, beatMs).unref()
  return {
    async once(call, work) {
      const key = keyOf(call.request)
      if (key === undefined) return work()
      const scope = scopeOf(call.who, call.operation)
      const digest = createHash('sha256').update(JSON.stringify(call.input)).digest('hex')
      const earlier = await claim(pool, scope, key, digest)
      if (earlier) return replay(earlier, digest, call.reply)
      const living = livingOn(scope, key)
      const body = await work()
        .finally(() => clearInterval(living))
        .catch(async (thrown: unknown): Promise<never> => {
          await pool.query('delete from kernel.idempotency where scope = $1 and key = $2 and status is null', [
            scope,
            key,
          ])
          throw thrown
        })
      await pool.query('update kernel.idempotency set status = $3, body = $4 where scope = $1 and key = $2', [
        scope,
        key,
        call.reply.statusCode,
        JSON.stringify(body ?? null),
      ])
      return body
    },
    prune: async () => {
      await pool.query(`delete from kernel.idempotency where created_at < now() - interval '1 day'`)
    },
  }
}

/** Forgets the answers to one person; for the transaction in which they are erased. */
export const forgetAnswersTo = (db: Kysely<never>, userId: string) =>
  sql`delete from kernel.idempotency where starts_with(scope, ${`${userId}:`})`.execute(db)

function keyOf(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || key.length === 0 || key.length > KEY_LENGTH_MAX)
    throw badRequest('bad_idempotency_key', `Idempotency-Key must have 1 to ${KEY_LENGTH_MAX} characters.`)
  return key
}

/** Undefined when this request is the first with its key. */
async function claim(pool: Pool, scope: string, key: string, digest: string): Promise<Row | undefined> {
  const claimed = await pool.query(
    `insert into kernel.idempotency as i (scope, key, request) values ($1, $2, $3) on conflict (scope, key)
     do update set request = excluded.request, created_at = now() where i.status is null and i.created_at < now() - interval '${STARTED_MAX}'`,
    [scope, key, digest],
  )
  if (claimed.rowCount) return undefined
  const { rows } = await pool.query<Row>(
    'select request, status, body from kernel.idempotency where scope = $1 and key = $2',
    [scope, key],
  )
  return rows[0] ?? { request: digest, status: null, body: null }
}

function replay(row: Row, digest: string, reply: FastifyReply): unknown {
  if (row.request !== digest)
    throw unprocessable(
      'idempotency_mismatch',
      'This Idempotency-Key was used before with another input: make a new key.',
    )
  if (row.status === null)
    throw conflict('in_progress', 'A request with this Idempotency-Key is still running: ask again in a moment.')
  reply.code(row.status).header('idempotency-replayed', 'true')
  return row.body
}
