import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { startTestCluster, type TestCluster } from './test-cluster.ts'

/** A database of one test file, empty or a copy of a template. */
export type TestDatabase = { url: string; drop(): Promise<void> }

/**
 * A database that is prepared once per run (say, migrated) and then copied. `key` names what
 * is in it (`[a-z0-9_]{1,40}`): different preparations need different keys.
 */
export type Template = { key: string; prepare: (url: string) => Promise<void> }

export type TestPostgres = { url: string; createDatabase(template?: Template): Promise<TestDatabase> }

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

let own: Promise<TestCluster> | undefined

/**
 * A real PostgreSQL for tests: the one of the run (`TUTTI_TEST_DATABASE_URL`, set by `testing-server.ts`), else one of
 * this process alone, which ends with it; so hooks may still use it in any order.
 */
export async function sharedTestPostgres(): Promise<TestPostgres> {
  const given = process.env['TUTTI_TEST_DATABASE_URL'] || undefined
  const url = given ?? (await (own ??= startTestCluster())).url
  return { url, createDatabase: (template) => createDatabase(url, template) }
}
