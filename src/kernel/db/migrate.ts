import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ClientBase } from 'pg'
import { errnoOf, StartError, type StartLog } from './embedded/errors.ts'

/** The migrations of one module: files `NNN_what.sql` in `dir`. The module owns the schema of the same name. */
export type MigrationSet = { module: string; dir: URL }

type Migration = { module: string; name: string; sql: string; checksum: string }
type Applied = { name: string; checksum: string }

export const OLDEST_SERVER = 15
/** "tutti" in ASCII: the session advisory lock that every migrating process takes. */
const LOCK_KEY = 0x7475747469
const LOCK_RETRY_MS = 100
const LOCK_SAY_MS = 2000
/** As long as the longest migration of another process may reasonably take. */
const LOCK_WAIT_MS_MAX = 15 * 60_000
const FILE_NAME = /^(\d{3})_[a-z0-9][a-z0-9_-]*\.sql$/
const MODULE_NAME = /^[a-z][a-z0-9_]{0,62}$/

const fault = (code: string, sentence: string, cause?: unknown) => new StartError(code, sentence, cause)

/** Line ends are made equal first: a checkout under Windows must not look like an edited migration. */
const checksumOf = (sql: string): string => createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex')

/** Invariant: the files of a module are numbered 001, 002, … without gap or double. */
function checkNumbers(module: string, names: string[]): void {
  for (const [i, name] of names.entries()) {
    const number = Number(FILE_NAME.exec(name)?.[1])
    const expected = String(i + 1).padStart(3, '0')
    if (Number.isNaN(number)) {
      throw fault('migration_misnamed', `Migration ${module}/${name} must be named like ${expected}_what.sql.`)
    }
    if (number === i + 1) continue
    throw fault(
      'migration_misnumbered',
      `The migrations of ${module} must be numbered 001, 002, … without gap or double: ${name} stands where ${expected} belongs.`,
    )
  }
}

const isMigrationFile = (name: string): boolean => name.endsWith('.sql')

const listFolder = (dir: URL): Promise<string[]> =>
  readdir(dir).catch((thrown: unknown) => {
    // git keeps no empty folder: a module without migrations may have none.
    if (errnoOf(thrown) === 'ENOENT') return []
    throw thrown
  })

async function readSet({ module, dir }: MigrationSet): Promise<Migration[]> {
  if (!MODULE_NAME.test(module)) throw fault('migration_misnamed', `"${module}" cannot be the name of a schema.`)
  const names = (await listFolder(dir)).filter(isMigrationFile).toSorted()
  checkNumbers(module, names)
  const base = fileURLToPath(dir).replace(/\/?$/, '/')
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(base + name, 'utf8')
      return { module, name, sql, checksum: checksumOf(sql) }
    }),
  )
}

async function checkServer(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string }>("SELECT current_setting('server_version') AS version")
  const version = rows[0]?.version ?? ''
  if (Number.parseInt(version, 10) >= OLDEST_SERVER) return
  throw fault(
    'database_too_old',
    `The database server is PostgreSQL ${version}, and Tutti needs ${OLDEST_SERVER} or newer: upgrade it, or unset DATABASE_URL to use the built-in one.`,
  )
}

/**
 * Polls instead of waiting inside `pg_advisory_lock`: a waiting statement holds a snapshot, and a
 * CREATE INDEX CONCURRENTLY of the lock's holder would wait for it for ever.
 */
async function lock(client: ClientBase, log: StartLog): Promise<void> {
  const beganAt = performance.now()
  let isSaid = false
  for (;;) {
    const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [LOCK_KEY])
    if (rows[0]?.got) return
    const waitedMs = performance.now() - beganAt
    if (waitedMs > LOCK_WAIT_MS_MAX) {
      throw fault(
        'migration_locked',
        'Another process has been migrating this database for too long: see what it does.',
      )
    }
    if (waitedMs > LOCK_SAY_MS && !isSaid) {
      isSaid = true
      log('info', 'Waiting for another process that is migrating the same database.')
    }
    await sleep(LOCK_RETRY_MS)
  }
}

/** Asks first: CREATE SCHEMA IF NOT EXISTS needs the right to create even where the schema exists. */
async function ensureSchema(client: ClientBase, module: string): Promise<void> {
  const { rows } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [module])
  if (rows.length === 0) await client.query(`CREATE SCHEMA ${module}`)
}

const LEDGER = `
  CREATE TABLE IF NOT EXISTS kernel.migrations (
    module     text NOT NULL,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (module, name)
  )`

async function appliedOf(client: ClientBase, module: string): Promise<Applied[]> {
  const sql = 'SELECT name, checksum FROM kernel.migrations WHERE module = $1 ORDER BY name'
  return (await client.query<Applied>(sql, [module])).rows
}

/** Invariant: what is applied is a prefix of what is on disk, unchanged. Returns the rest. */
function pendingOf(module: string, onDisk: Migration[], applied: Applied[]): Migration[] {
  for (const [i, { name, checksum }] of applied.entries()) {
    const file = onDisk[i]
    if (file?.name !== name) {
      throw fault(
        'database_newer',
        `The database has migration ${module}/${name}, which this version of Tutti does not know: start the newer version again, or restore a backup made with this one.`,
      )
    }
    if (file.checksum === checksum) continue
    throw fault(
      'migration_changed',
      `Migration ${module}/${name} was changed after it had been applied to this database: restore the file, and put the change into a new migration.`,
    )
  }
  return onDisk.slice(applied.length)
}

const transactionOf = async (client: ClientBase): Promise<string | undefined> =>
  (await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')).rows[0]?.id

async function applyInTransaction(client: ClientBase, { module, name, sql, checksum }: Migration): Promise<void> {
  // A statement_timeout of the role is meant for queries, not for an index over a million rows.
  await client.query('BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0')
  const before = await transactionOf(client)
  await client.query(sql)
  if ((await transactionOf(client)) !== before) {
    throw fault(
      'migration_broken',
      `Migration ${module}/${name} must not begin, commit or roll back: it runs inside a transaction.`,
    )
  }
  await client.query('INSERT INTO kernel.migrations (module, name, checksum) VALUES ($1, $2, $3)', [
    module,
    name,
    checksum,
  ])
  await client.query('COMMIT')
}

async function apply(client: ClientBase, migration: Migration): Promise<void> {
  try {
    await applyInTransaction(client, migration)
  } catch (thrown) {
    await client.query('ROLLBACK').catch(() => {})
    if (thrown instanceof StartError) throw thrown
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    throw fault(
      'migration_failed',
      `Migration ${migration.module}/${migration.name} failed and was undone: ${reason}.`,
      thrown,
    )
  }
}

async function applyAll(client: ClientBase, sets: Migration[][], modules: string[], log: StartLog): Promise<string[]> {
  await ensureSchema(client, 'kernel')
  await client.query(LEDGER)
  // Everything is checked before anything is changed.
  const pending: { module: string; files: Migration[] }[] = []
  for (const [i, module] of modules.entries()) {
    pending.push({ module, files: pendingOf(module, sets[i] ?? [], await appliedOf(client, module)) })
  }
  const done: string[] = []
  for (const { module, files } of pending) {
    await ensureSchema(client, module)
    for (const file of files) {
      await apply(client, file)
      done.push(`${module}/${file.name}`)
      log('info', `Applied migration ${module}/${file.name}.`)
    }
  }
  return done
}

/**
 * Brings the database to the state of `sets`, in their order; forward only. Each file runs in a transaction of its own,
 * as one multi-statement query on the connection's own search_path, so files name their schema. Safe to call from
 * several processes at once: one works, the others wait and find nothing to do.
 *
 * @param client a direct connection (session locks do not survive a transaction pooler)
 * @returns the files applied by this call, as `module/NNN_what.sql`
 * @throws StartError `migration_changed`, `database_newer`, `migration_misnumbered`, `migration_misnamed`,
 * `migration_failed`, `migration_broken`, `migration_locked`, `database_too_old`
 */
export async function migrate(client: ClientBase, sets: MigrationSet[], log: StartLog): Promise<{ applied: string[] }> {
  const read = await Promise.all(sets.map(readSet))
  await checkServer(client)
  await lock(client, log)
  try {
    return {
      applied: await applyAll(
        client,
        read,
        sets.map(({ module }) => module),
        log,
      ),
    }
  } finally {
    // A broken connection has lost the lock already, and its own error matters more.
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK_KEY]).catch(() => {})
  }
}
