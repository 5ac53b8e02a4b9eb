import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import { Client, Pool, types as pgTypes } from 'pg'
import type { Log } from '#kernel/log.ts'

/** `int8` fits a number up to 2^53; every counter and size of ours does. */
const INT8_OID = 20
const NUMERIC_OID = 1700
const IDLE_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 10_000
/** A query that runs longer is a fault of ours; migrations and bulk work use their own connection. */
const STATEMENT_TIMEOUT_MS = 60_000

type Parsers = { getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown }
const ordinary = pgTypes as Parsers
const types: Parsers = {
  getTypeParser: (oid, format) =>
    oid === INT8_OID || oid === NUMERIC_OID ? Number : ordinary.getTypeParser(oid, format),
}

export type Db = { readonly pool: Pool; readonly kysely: Kysely<unknown>; close(): Promise<void> }
export type { Transaction }

/** One pool for the whole process. */
export function connect(o: { url: string; poolMax: number; log: Log }): Db {
  const pool = new Pool({
    connectionString: o.url,
    max: o.poolMax,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'tutti',
    types,
  })
  // Without a listener a connection that breaks while idle would end the process. (The error itself carries the whole
  // client with all its state: only what it says is of use.)
  pool.on('error', ({ message }) => {
    if (!pool.ending) o.log.warn({ fault: message }, 'a database connection broke; the pool makes a new one')
  })
  // The same for one that breaks while somebody holds it: the query of its holder fails, and that is told there.
  pool.on('connect', (client) =>
    client.on('error', ({ message }) => o.log.debug({ fault: message }, 'a database connection broke in use')),
  )
  const kysely = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  const close = async () => {
    await kysely.destroy()
    // Kysely ends the pool only if it has used it: others would keep the process for as long as they may idle.
    if (!pool.ending) await pool.end()
  }
  return { pool, kysely, close }
}

/** A connection of its own for session features (LISTEN, advisory locks): never through a pooler. */
export async function connectDirect(url: string): Promise<Client> {
  const client = new Client({
    connectionString: url,
    application_name: 'tutti-session',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types,
  })
  await client.connect()
  return client
}
