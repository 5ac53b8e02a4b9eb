import { Client } from 'pg'
import { DATABASE, PORT, SUPERUSER } from './settings.ts'

const CONNECT_TIMEOUT_MS = 5000

/** `postgres://tutti@%2Ftmp%2Ftutti-0123:5432/tutti`: understood by `pg`, libpq and everything made of them. */
export const urlOf = (socketDir: string, database: string): string =>
  `postgres://${SUPERUSER}@${encodeURIComponent(socketDir)}:${PORT}/${database}`

/** One statement on a connection of its own. `ssl: false` keeps a PGSSLMODE of the shell away from the socket. */
export async function askOnce(socketDir: string, database: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({
    host: socketDir,
    port: PORT,
    user: SUPERUSER,
    database,
    ssl: false,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  // A server that stops while we ask also rejects the query; without a listener it would end the process.
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** Creates the database when it is missing, which is so after a first start or one that was killed in the middle. */
export async function ensureDatabase(socketDir: string): Promise<void> {
  const found = await askOnce(socketDir, 'postgres', `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`)
  if (found.length === 0) await askOnce(socketDir, 'postgres', `CREATE DATABASE ${DATABASE}`)
}
