import { sharedTestPostgres } from '#kernel/db/embedded/testing.ts'
import { connect, connectDirect, type Db } from '#kernel/db/index.ts'
import { migrate } from '#kernel/db/migrate.ts'
import { migrateJobs } from '#kernel/jobs/index.ts'
import { createLog, type Log } from '#kernel/log.ts'

export const silent: Log = createLog({ level: process.env.LOG_LEVEL ?? 'silent', pretty: false })

export type KernelDatabase = Db & { url: string; [Symbol.asyncDispose](): Promise<void> }

/** For tests: a database of its own with the kernel's tables and the queue's, and a pool on it. */
export async function kernelDatabase(poolMax = 10): Promise<KernelDatabase> {
  const server = await sharedTestPostgres()
  const { url, drop } = await server.createDatabase({ key: 'kernel', prepare })
  const db = connect({ url, poolMax, log: silent })
  const close = async () => {
    await db.close()
    await drop()
  }
  return { ...db, url, close, [Symbol.asyncDispose]: close }
}

async function prepare(url: string): Promise<void> {
  const db = connect({ url, poolMax: 2, log: silent })
  const client = await connectDirect(url)
  await migrate(client, [{ module: 'kernel', dir: new URL('./migrations/', import.meta.url) }], () => {})
  await migrateJobs(db.pool, silent)
  await db.close()
  // A pool does not wait for the server's side of its connections, and a database in use cannot become a template.
  await eventually(async () => {
    const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    return (await client.query(others)).rowCount === 0
  }, 'the pool to leave the database')
  await client.end()
}

/** Until `look` answers something, at most `timeoutMs`. */
export async function eventually<T>(
  look: () => Promise<T | undefined | false | null> | T | undefined | false | null,
  what: string,
  timeoutMs = 15_000,
): Promise<T> {
  const until = Date.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > until) throw new Error(`waited ${timeoutMs} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
