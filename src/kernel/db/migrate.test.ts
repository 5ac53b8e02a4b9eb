import assert from 'node:assert/strict'
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { startEmbedded } from './embedded/index.ts'
import { sharedTestPostgres } from './embedded/testing.ts'
import { makeFolder, systemPostgres } from './embedded/testing-tools.ts'
import { migrate, type MigrationSet } from './migrate.ts'

const silent = () => {}

async function openDatabase(t: TestContext): Promise<{ url: string; connect: () => Promise<Client> }> {
  const database = await (await sharedTestPostgres()).createDatabase()
  const clients: Client[] = []
  t.after(async () => {
    await Promise.all(clients.map((client) => client.end()))
    await database.drop()
  })
  const connect = async () => {
    const client = new Client({ connectionString: database.url })
    await client.connect()
    clients.push(client)
    return client
  }
  return { url: database.url, connect }
}

type Files = Record<string, string>

/** Writes `{ module: { file: sql } }` to folders; `write` adds or changes one. */
function makeSets(t: TestContext, modules: Record<string, Files>) {
  const root = mkdtempSync(join(tmpdir(), 'tutti-migrations-'))
  t.after(() => rmSync(root, { recursive: true }))
  const write = (module: string, name: string, sql: string) => {
    mkdirSync(join(root, module), { recursive: true })
    writeFileSync(join(root, module, name), sql)
  }
  for (const [module, files] of Object.entries(modules)) {
    for (const [name, sql] of Object.entries(files)) write(module, name, sql)
  }
  const remove = (module: string, name: string) => rmSync(join(root, module, name))
  const sets: MigrationSet[] = Object.keys(modules).map((module) => ({
    module,
    dir: pathToFileURL(join(root, module)),
  }))
  return { sets, write, remove }
}

const MUSIC: Record<string, Files> = {
  kernel: { '001_kernel.sql': 'create table kernel.thing (id int primary key); insert into kernel.thing values (1);' },
  catalog: {
    '001_songs.sql': "create table catalog.song (id int, title text); insert into catalog.song values (1, 'a;b -- c');",
    '002_more.sql':
      'do $$ begin perform 1; end $$; alter table catalog.song add column year int; create function catalog.f() returns int language sql return 1;',
  },
}

test('applies each file once, in the order of the sets, and records it', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const { sets, write } = makeSets(t, MUSIC)
  const expected = ['kernel/001_kernel.sql', 'catalog/001_songs.sql', 'catalog/002_more.sql']
  const said: string[] = []
  assert.deepEqual(await migrate(client, sets, (_, message) => said.push(message)), { applied: expected })
  assert.equal(said.length, 3)
  assert.deepEqual((await client.query('SELECT title, year, catalog.f() AS f FROM catalog.song')).rows, [
    { title: 'a;b -- c', year: null, f: 1 },
  ])
  assert.deepEqual(await migrate(client, sets, silent), { applied: [] })
  write('catalog', '003_index.sql', 'create index on catalog.song (title);')
  assert.deepEqual(await migrate(client, sets, silent), { applied: ['catalog/003_index.sql'] })
  const { rows } = await client.query(
    'SELECT module, name, length(checksum) AS n FROM kernel.migrations ORDER BY applied_at',
  )
  assert.deepEqual(
    rows.map((row) => `${row.module}/${row.name} ${row.n}`),
    [...expected, 'catalog/003_index.sql'].map((name) => `${name} 64`),
  )
})

test('a module without migrations, or without the folder, gets its schema', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const { sets } = makeSets(t, { kernel: {}, social: {} })
  assert.deepEqual(await migrate(client, sets, silent), { applied: [] })
  const { rows } = await client.query(
    "SELECT nspname FROM pg_namespace WHERE nspname IN ('kernel', 'social') ORDER BY 1",
  )
  assert.deepEqual(rows, [{ nspname: 'kernel' }, { nspname: 'social' }])
})

test('several processes at once: one migrates, the others find nothing to do', async (t) => {
  const database = await openDatabase(t)
  const slow = { kernel: { '001_slow.sql': 'create table kernel.once (x int); select pg_sleep(0.3);' } }
  const { sets } = makeSets(t, slow)
  const clients = await Promise.all([1, 2, 3].map(() => database.connect()))
  const results = await Promise.all(clients.map((client) => migrate(client, sets, silent)))
  assert.deepEqual(
    results.flatMap(({ applied }) => applied),
    ['kernel/001_slow.sql'],
  )
  // The lock is free again.
  assert.deepEqual(await migrate(await database.connect(), sets, silent), { applied: [] })
})

test('a file that fails is undone wholly, what came before stays, and a mended file goes through', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const { sets, write } = makeSets(t, { kernel: { '001_good.sql': 'create table kernel.good (x int);' } })
  write('kernel', '002_bad.sql', 'create table kernel.half (x int); select nonsense;')
  write('kernel', '003_next.sql', 'create table kernel.next (x int);')
  await assert.rejects(migrate(client, sets, silent), {
    name: 'StartError',
    code: 'migration_failed',
    message: /kernel\/002_bad\.sql failed and was undone: column "nonsense" does not exist/,
  })
  const tables =
    "SELECT to_regclass('kernel.good') AS g, to_regclass('kernel.half') AS h, to_regclass('kernel.next') AS n"
  assert.deepEqual((await client.query(tables)).rows, [{ g: 'kernel.good', h: null, n: null }])
  write('kernel', '002_bad.sql', 'create table kernel.half (x int);')
  assert.deepEqual(await migrate(client, sets, silent), { applied: ['kernel/002_bad.sql', 'kernel/003_next.sql'] })
})

test('a changed file is refused by name; other line ends are no change', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const { sets, write } = makeSets(t, { kernel: { '001_a.sql': 'create table\nkernel.a (x int);\n' } })
  await migrate(client, sets, silent)
  write('kernel', '001_a.sql', 'create table\r\nkernel.a (x int);\r\n')
  assert.deepEqual(await migrate(client, sets, silent), { applied: [] })
  write('kernel', '001_a.sql', 'create table\nkernel.a (x bigint);\n')
  write('kernel', '002_b.sql', 'create table kernel.b (x int);')
  await assert.rejects(migrate(client, sets, silent), { code: 'migration_changed', message: /kernel\/001_a\.sql/ })
  assert.deepEqual((await client.query("SELECT to_regclass('kernel.b') AS b")).rows, [{ b: null }])
})

test('a database newer than the program is refused before anything changes', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const { sets, write, remove } = makeSets(t, MUSIC)
  await migrate(client, sets, silent)
  remove('catalog', '002_more.sql')
  write('kernel', '002_new.sql', 'create table kernel.new_one (x int);')
  await assert.rejects(migrate(client, sets, silent), { code: 'database_newer', message: /catalog\/002_more\.sql/ })
  assert.deepEqual((await client.query("SELECT to_regclass('kernel.new_one') AS n")).rows, [{ n: null }])
  // A process with other modules is not concerned by the files of this one.
  const others = sets.filter(({ module }) => module === 'kernel')
  assert.deepEqual(await migrate(client, others, silent), { applied: ['kernel/002_new.sql'] })
})

test('gaps, doubles and other names are refused', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const wrong = [
    { files: ['001_a.sql', '003_c.sql'], code: 'migration_misnumbered', says: /003_c\.sql stands where 002/ },
    { files: ['001_a.sql', '001_b.sql'], code: 'migration_misnumbered', says: /001_b\.sql stands where 002/ },
    { files: ['002_a.sql'], code: 'migration_misnumbered', says: /002_a\.sql stands where 001/ },
    { files: ['1_a.sql'], code: 'migration_misnamed', says: /named like 001_what\.sql/ },
  ]
  for (const { files, code, says } of wrong) {
    const { sets } = makeSets(t, { kernel: Object.fromEntries(files.map((name) => [name, 'select 1'])) })
    await assert.rejects(migrate(client, sets, silent), { code, message: says })
  }
  const dir = pathToFileURL(tmpdir())
  await assert.rejects(migrate(client, [{ module: 'a"; drop', dir }], silent), { code: 'migration_misnamed' })
})

test('a file that leaves its transaction is refused', async (t) => {
  const client = await (await openDatabase(t)).connect()
  const { sets } = makeSets(t, { kernel: { '001_a.sql': 'create table kernel.a (x int); commit; begin;' } })
  await assert.rejects(migrate(client, sets, silent), { code: 'migration_broken', message: /kernel\/001_a\.sql/ })
})

test('a role with short timeouts can still migrate', async (t) => {
  const database = await openDatabase(t)
  const client = await database.connect()
  await client.query('SET statement_timeout = 200')
  const { sets } = makeSets(t, { kernel: { '001_slow.sql': 'select pg_sleep(0.4);' } })
  assert.deepEqual(await migrate(client, sets, silent), { applied: ['kernel/001_slow.sql'] })
  assert.deepEqual((await client.query('SHOW statement_timeout')).rows, [{ statement_timeout: '200ms' }])
})

test('works on an outside server of the oldest supported version, without the rights of a superuser', async (t) => {
  const pgBin = systemPostgres()
  if (!pgBin) {
    assert.notEqual(process.env['TUTTI_TEST_FULL'], '1', 'no PostgreSQL is installed on this system')
    return t.skip('no PostgreSQL is installed on this system')
  }
  const server = await startEmbedded({ dataDir: join(makeFolder(t), 'data'), pgBin, log: silent })
  t.after(() => server.stop())
  const admin = new Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('CREATE ROLE ann')
  await admin.query('CREATE DATABASE anns OWNER ann')
  await admin.end()
  const client = new Client({ connectionString: server.url.replace(/\/tutti$/, '/anns') })
  await client.connect()
  t.after(() => client.end())
  await client.query('SET ROLE ann')
  const { sets } = makeSets(t, MUSIC)
  assert.equal((await migrate(client, sets, silent)).applied.length, 3)
  assert.deepEqual(await migrate(client, sets, silent), { applied: [] })
})
