import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from 'node:child_process'
import { after } from 'node:test'
import { Client } from 'pg'
import type { StartLog } from './errors.ts'
import { type EmbeddedPostgres, startWith } from './start.ts'

/** A database of one test file, empty or a copy of a template. */
export type TestDatabase = { url: string; drop(): Promise<void> }

/**
 * A database that is prepared once per run (say, migrated) and then copied. `key` names what
 * is in it (`[a-z0-9_]{1,40}`): different preparations need different keys.
 */
export type Template = { key: string; prepare: (url: string) => Promise<void> }

export type TestPostgres = { url: string; createDatabase(template?: Template): Promise<TestDatabase> }

/** For tests alone: nothing here outlives the run, so nothing needs to reach the disk. */
const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  autovacuum: 'off',
  max_connections: '200',
}

/** Ends the postmaster when its owner dies without a word (`kill -9`); the test runner's end is no excuse to stay. */
const WATCHDOG =
  'while kill -0 "$0" 2>/dev/null; do sleep 1; kill -0 "$1" 2>/dev/null || exit 0; done; kill -INT "$1"; sleep 2; rm -rf "$2" "$3"'

function watchOver(owner: number, postgres: EmbeddedPostgres, dataDir: string): void {
  const args = ['-c', WATCHDOG, owner, postgres.pid, dataDir, postgres.socketDir].map(String)
  spawn('/bin/sh', args, { detached: true, stdio: 'ignore' }).unref()
}

const sayErrors: StartLog = (level, message) => {
  if (level === 'error') process.stderr.write(`${message}\n`)
}

/** An embedded PostgreSQL in a new temporary folder; `stop` removes everything. */
export async function startTestCluster(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tutti-test-'))
  // As root the cluster is another user's, who must be able to pass.
  await chmod(dataDir, 0o711)
  const postgres = await startWith({ dataDir, log: sayErrors }, { extraSettings: TEST_SETTINGS })
  watchOver(process.pid, postgres, dataDir)
  const stop = async () => {
    await postgres.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
  return { url: postgres.url, stop }
}

async function withAdmin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** The same server, another database; keeps everything before and after the last path segment. */
const withDatabase = (url: string, database: string): string => url.replace(/\/[^/?]*(?=\?|$)/, `/${database}`)

/** Test files run in processes of their own: the first one prepares the template, the others wait. */
async function ensureTemplate(url: string, { key, prepare }: Template): Promise<string> {
  const name = `template_${key}`
  await withAdmin(url, async (admin) => {
    await admin.query('SELECT pg_advisory_lock(hashtext($1))', [name])
    const { rows } = await admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rows.length > 0) return
    const half = `half_${key}_${randomBytes(4).toString('hex')}`
    await admin.query(`CREATE DATABASE ${half}`)
    await prepare(withDatabase(url, half))
    await admin.query(`ALTER DATABASE ${half} RENAME TO ${name}`)
  })
  return name
}

async function createDatabase(url: string, template: Template | undefined): Promise<TestDatabase> {
  const name = `test_${process.pid}_${randomBytes(4).toString('hex')}`
  const from = template ? await ensureTemplate(url, template) : 'template1'
  await withAdmin(url, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${from}`))
  const drop = () => withAdmin(url, async (admin) => void (await admin.query(`DROP DATABASE ${name} WITH (FORCE)`)))
  return { url: withDatabase(url, name), drop }
}

let shared: Promise<{ url: string }> | undefined

async function startPrivate(): Promise<{ url: string }> {
  const cluster = await startTestCluster()
  after(() => cluster.stop())
  return cluster
}

/**
 * A real PostgreSQL for tests: the one of the run (`TUTTI_TEST_DATABASE_URL`, set by `testing-server.ts`), else one of
 * this process alone that stops after its tests. Call it at the top of a test file or in a `before` hook.
 */
export async function sharedTestPostgres(): Promise<TestPostgres> {
  const given = process.env['TUTTI_TEST_DATABASE_URL']
  shared ??= given ? Promise.resolve({ url: given }) : startPrivate()
  const { url } = await shared
  return { url, createDatabase: (template) => createDatabase(url, template) }
}
