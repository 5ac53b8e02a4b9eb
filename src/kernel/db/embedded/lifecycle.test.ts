import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { accountUnderRoot } from './account.ts'
import { startEmbedded } from './index.ts'
import { identityOf, isAlive, waitForExit } from './process.ts'
import { ask, end, makeFolder, makeUserFolder, pidInFile, startChild, unreachableForUser } from './testing-tools.ts'

const WARM_MS_MAX = 2500
const silent = () => {}

test('first start creates the database, stop ends it, a warm start finds it again', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const first = await startEmbedded({ dataDir, log: silent })
  assert.equal(first.firstStart, true)
  assert.equal(first.adopted, false)
  await ask(first.socketDir, 'CREATE TABLE kept AS SELECT 42 AS answer')
  const firstStop = first.stop()
  assert.equal(first.stop(), firstStop, 'stop is idempotent')
  await firstStop
  assert.equal(isAlive(first.pid), false)
  assert.equal(existsSync(first.socketDir), false)

  const beganAt = performance.now()
  const second = await startEmbedded({ dataDir, log: silent })
  const warmMs = performance.now() - beganAt
  assert.equal(second.firstStart, false)
  assert.deepEqual(await ask(second.socketDir, 'SELECT answer FROM kept'), [{ answer: 42 }])
  await second.stop()
  assert.ok(warmMs < WARM_MS_MAX, `warm start took ${warmMs} ms`)
})

test('the database is durable, private, sorted the same everywhere, and knows letters beyond ASCII', async (t) => {
  const postgres = await startEmbedded({ dataDir: join(makeFolder(t), 'data'), log: silent })
  t.after(() => postgres.stop())
  const settings = await ask(
    postgres.socketDir,
    "SELECT current_setting('fsync') AS fsync, current_setting('listen_addresses') AS tcp, current_setting('server_encoding') AS encoding, current_setting('synchronous_commit') AS sync",
  )
  assert.deepEqual(settings, [{ fsync: 'on', tcp: '', encoding: 'UTF8', sync: 'on' }])
  const sorted = await ask(
    postgres.socketDir,
    "SELECT string_agg(x, '' ORDER BY x) AS s FROM unnest('{b,Z,é,a}'::text[]) x",
  )
  assert.deepEqual(sorted, [{ s: 'Zabé' }])
  for (const name of ['citext', 'pg_trgm', 'unaccent', 'btree_gin']) {
    await ask(postgres.socketDir, `CREATE EXTENSION ${name}`)
  }
  const trigrams = await ask(postgres.socketDir, "SELECT similarity('ĚŠČ', 'ěšč') AS same, 'ÉA'::citext = 'éa' AS ci")
  assert.deepEqual(trigrams, [{ same: 1, ci: true }])
})

test('its URL works with a client that only gets the URL', async (t) => {
  const postgres = await startEmbedded({ dataDir: join(makeFolder(t), 'data'), log: silent })
  t.after(() => postgres.stop())
  const { Client } = await import('pg')
  const client = new Client({ connectionString: postgres.url })
  await client.connect()
  assert.deepEqual((await client.query('SELECT current_user AS u, current_database() AS d')).rows, [
    { u: 'tutti', d: 'tutti' },
  ])
  await client.end()
})

test('after kill -9 of Node the live postmaster is adopted with its data, and can be stopped', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const child = startChild(t, { dataDir })
  const started = await child.next('started')
  await ask(started.socketDir, 'CREATE TABLE kept AS SELECT 42 AS answer')
  await end(child, 'SIGKILL')
  assert.equal(isAlive(started.pid ?? 0), true)

  const again = await startEmbedded({ dataDir, log: silent })
  assert.equal(again.adopted, true)
  assert.equal(again.pid, started.pid)
  assert.deepEqual(await ask(again.socketDir, 'SELECT answer FROM kept'), [{ answer: 42 }])
  await again.stop()
  assert.equal(isAlive(again.pid), false)
})

test('after kill -9 of Node and PostgreSQL the committed data is recovered', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const child = startChild(t, { dataDir })
  const started = await child.next('started')
  await ask(started.socketDir, 'CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n')
  // A backend at work is the last to notice that its postmaster is gone.
  const busy = ask(started.socketDir, 'SELECT count(*) FROM generate_series(1, 10000000)').catch(() => [])
  await end(child, 'SIGKILL')
  process.kill(started.pid ?? 0, 'SIGKILL')
  const again = await startEmbedded({ dataDir, log: silent })
  t.after(() => again.stop())
  assert.equal(again.adopted, false)
  assert.deepEqual(await ask(again.socketDir, 'SELECT count(*)::int AS n FROM kept'), [{ n: 1000 }])
  await busy
})

test('a second whole product on the same folder is refused and disturbs nothing', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const first = startChild(t, { dataDir })
  const started = await first.next('started')
  const refused = await startChild(t, { dataDir }).next('started', 'refused')
  assert.equal(refused.code, 'data_folder_in_use')
  assert.match(refused.message ?? '', new RegExp(`process ${first.pid}\\b.*${dataDir}`))
  await assert.rejects(startEmbedded({ dataDir, log: silent }), { code: 'data_folder_in_use' })
  assert.equal((await ask(started.socketDir, 'SELECT 1 AS one')).length, 1)
  assert.equal(await end(first, 'SIGTERM'), 0)
})

test('of two products started at once on a new folder one wins', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const children = [startChild(t, { dataDir }), startChild(t, { dataDir })]
  const outcomes = await Promise.all(children.map((child) => child.next('started', 'refused')))
  assert.deepEqual(outcomes.map(({ event }) => event).toSorted(), ['refused', 'started'])
  for (const child of children) await end(child, 'SIGTERM')
})

const processGroupOf = (pid: number): string =>
  execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' }).trim()

test('Ctrl-C in the terminal reaches PostgreSQL only through Node', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const child = startChild(t, { dataDir })
  const started = await child.next('started')
  assert.notEqual(processGroupOf(started.pid ?? 0), processGroupOf(child.pid))
  const gone = once(child.process, 'exit')
  process.kill(-child.pid, 'SIGINT')
  assert.deepEqual(await gone, [0, null])
  assert.equal(isAlive(started.pid ?? 0), false)
  assert.match(readFileSync(join(dataDir, 'logs/postgres.log'), 'utf8'), /database system is shut down\n$/)
})

test('a postmaster that dies while running is reported', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const child = startChild(t, { dataDir })
  const started = await child.next('started')
  process.kill(started.pid ?? 0, 'SIGKILL')
  assert.match((await child.next('exit')).detail ?? '', /stopped unexpectedly.*ready to accept connections/)
  assert.equal(await end(child, 'SIGTERM'), 0)
})

test('a first start that was killed half-way leaves nothing in the way', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const child = startChild(t, { dataDir })
  await child.next('log')
  while (!readdirSync(dataDir).some((name) => name.startsWith('postgres.new-'))) await new Promise(setImmediate)
  await end(child, 'SIGKILL')
  assert.equal(existsSync(join(dataDir, 'postgres')), false)
  const postgres = await startEmbedded({ dataDir, log: silent })
  t.after(() => postgres.stop())
  assert.equal(postgres.firstStart, true)
  assert.deepEqual(
    readdirSync(dataDir).filter((name) => name.includes('.new')),
    [],
  )
})

const strangerOfSameUser = (): ChildProcess =>
  spawn('sleep', ['60'], {
    stdio: 'ignore',
    ...(process.getuid?.() === 0 ? identityOf(accountUnderRoot(undefined)) : {}),
  })

test('a process id in postmaster.pid that now belongs to another program does not prevent a start', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const cluster = join(dataDir, 'postgres')
  const child = startChild(t, { dataDir })
  const started = await child.next('started')
  await end(child, 'SIGKILL')
  process.kill(started.pid ?? 0, 'SIGKILL')
  assert.ok(await waitForExit(started.pid ?? 0, 5000))
  const stranger = strangerOfSameUser()
  t.after(() => stranger.kill())
  const pidFile = join(cluster, 'postmaster.pid')
  writeFileSync(pidFile, readFileSync(pidFile, 'utf8').replace(/^\d+/, String(stranger.pid)))
  const postgres = await startEmbedded({ dataDir, log: silent })
  assert.equal(postgres.adopted, false)
  assert.equal(pidInFile(cluster), postgres.pid)
  await postgres.stop()
  assert.equal(isAlive(stranger.pid ?? 0), true)
})

test('an ordinary user starts, restarts and adopts the same way', { skip: unreachableForUser() }, async (t) => {
  const { folder, as } = makeUserFolder(t)
  const dataDir = join(folder, 'data')
  const first = startChild(t, { dataDir }, {}, as)
  assert.equal((await first.next('started', 'refused')).firstStart, true)
  await end(first, 'SIGKILL')
  const second = startChild(t, { dataDir }, {}, as)
  assert.equal((await second.next('started')).adopted, true)
  assert.equal(await end(second, 'SIGTERM'), 0)
  const third = startChild(t, { dataDir }, {}, as)
  const warm = await third.next('started')
  assert.deepEqual([warm.firstStart, warm.adopted], [false, false])
  assert.equal(await end(third, 'SIGTERM'), 0)
})
