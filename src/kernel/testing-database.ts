import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { sharedTestPostgres, type TestDatabase } from '#kernel/db/embedded/testing.ts'
import { connect, connectDirect, type Db } from '#kernel/db/index.ts'
import { type MigrationSet, migrate } from '#kernel/db/migrate.ts'
import { migrateJobs } from '#kernel/jobs/index.ts'
import { createLog, type Log } from '#kernel/log.ts'

export const silent: Log = createLog({ level: process.env.LOG_LEVEL ?? 'silent', pretty: false })

export type KernelDatabase = Db & { url: string; [Symbol.asyncDispose](): Promise<void> }

/** For tests: a database of its own with the kernel's tables and the queue's, and a pool on it. */
export async function kernelDatabase(poolMax = 10): Promise<KernelDatabase> {
  const server = await sharedTestPostgres()
  const { url, drop } = await server.createDatabase({ key: 'kernel', prepare: (made) => prepare(made, [KERNEL]) })
  const db = connect({ url, poolMax, log: silent })
  const close = async () => {
    await db.close()
    await drop()
  }
  return { ...db, url, close, [Symbol.asyncDispose]: close }
}

const KERNEL: MigrationSet = { module: 'kernel', dir: new URL('./migrations/', import.meta.url) }

/** For tests: a database with the tables of the kernel, of the queue and of these modules, as the program makes them. */
export async function migratedDatabase(modules: readonly MigrationSet[]): Promise<TestDatabase> {
  const sets = [KERNEL, ...modules.toSorted((a, b) => a.module.localeCompare(b.module))]
  const server = await sharedTestPostgres()
  return server.createDatabase({ key: await keyOf(sets), prepare: (made) => prepare(made, sets) })
}

const KEY_CHARS = 24
/** Names what the migrations say: a server that outlives a change of theirs makes another template. */
async function keyOf(sets: readonly MigrationSet[]): Promise<string> {
  const hash = createHash('sha256')
  for (const { module, dir } of sets)
    for (const name of (await readdir(dir)).toSorted())
      hash.update(`${module}/${name}\0`).update(await readFile(new URL(name, dir)))
  return `app_${hash.digest('hex').slice(0, KEY_CHARS)}`
}

async function prepare(url: string, sets: readonly MigrationSet[]): Promise<void> {
  const db = connect({ url, poolMax: 2, log: silent })
  const client = await connectDirect(url)
  await migrate(client, [...sets], () => {})
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
