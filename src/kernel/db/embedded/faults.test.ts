import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { packagedNative } from './binaries.ts'
import { startEmbedded } from './index.ts'
import { startWith } from './start.ts'
import {
  ask,
  end,
  makeFolder,
  makeUserFolder,
  makeSmallDisk,
  startChild,
  systemPostgres,
  unreachableForUser,
} from './testing-tools.ts'

const silent = () => {}
const FULL = process.env['TUTTI_TEST_FULL'] === '1'

/** Skips, except where a run promises to have every tool. */
const skipUnless = (t: TestContext, has: boolean, what: string): boolean => {
  if (!has && FULL) assert.fail(`TUTTI_TEST_FULL=1, but ${what}`)
  if (!has) t.skip(what)
  return !has
}

/** A data folder with a stopped database. */
async function makeStopped(t: TestContext): Promise<string> {
  const dataDir = join(makeFolder(t), 'data')
  await (await startEmbedded({ dataDir, log: silent })).stop()
  return dataDir
}

test('a database of another major version is refused and left as it is', async (t) => {
  const dataDir = await makeStopped(t)
  const version = join(dataDir, 'postgres/PG_VERSION')
  const mine = readFileSync(version, 'utf8')
  writeFileSync(version, '16\n')
  const before = readdirSync(join(dataDir, 'postgres'))
  await assert.rejects(startEmbedded({ dataDir, log: silent }), {
    code: 'database_wrong_version',
    message: /made by PostgreSQL 16, and the programs at hand are PostgreSQL 18: set PG_BIN/,
  })
  assert.deepEqual(readdirSync(join(dataDir, 'postgres')), before)
  writeFileSync(version, mine)
  await (await startEmbedded({ dataDir, log: silent })).stop()
})

test('PG_BIN chooses another PostgreSQL, and only for its own data folder', async (t) => {
  const pgBin = systemPostgres()
  if (skipUnless(t, pgBin !== undefined, 'no PostgreSQL is installed on this system') || !pgBin) return
  const dataDir = join(makeFolder(t), 'data')
  const other = await startEmbedded({ dataDir, pgBin, log: silent })
  const rows = await ask(other.socketDir, "SELECT current_setting('server_version_num')::int / 10000 AS major")
  await other.stop()
  assert.deepEqual(rows, [{ major: Number(/\d+/.exec(pgBin)?.[0]) }])
  await assert.rejects(startEmbedded({ dataDir, log: silent }), { code: 'database_wrong_version' })
})

test('a PG_BIN without the programs, and a platform without a package, are said', async (t) => {
  const folder = makeFolder(t)
  const dataDir = join(folder, 'data')
  await assert.rejects(startEmbedded({ dataDir, pgBin: folder, log: silent }), { code: 'pg_bin_invalid' })
  const native = join(folder, 'sunos-sparc/native')
  await assert.rejects(startWith({ dataDir, log: silent }, { native }), {
    code: 'postgres_not_bundled',
    message: /sunos-sparc.*npm ci.*PG_BIN.*DATABASE_URL/,
  })
  assert.throws(() => packagedNative('sunos-sparc'), { code: 'postgres_not_bundled' })
  assert.equal(existsSync(join(dataDir, 'postgres')), false)
})

test('programs that this system cannot execute are said', async (t) => {
  const folder = makeFolder(t)
  for (const name of ['initdb', 'postgres']) writeFileSync(join(folder, name), '\x7fELF nothing', { mode: 0o755 })
  const start = startEmbedded({ dataDir: join(folder, 'data'), pgBin: folder, log: silent })
  await assert.rejects(start, { code: 'postgres_cannot_run' })
})

test('a folder that cannot be written, and a file in its place, are said', {
  skip: unreachableForUser(),
}, async (t) => {
  const { folder, as } = makeUserFolder(t)
  const locked = join(folder, 'locked')
  mkdirSync(locked)
  chmodSync(locked, 0o555)
  for (const dataDir of [locked, join(locked, 'below')]) {
    const refused = await startChild(t, { dataDir }, {}, as).next('refused', 'started')
    assert.equal(refused.code, 'data_folder_unwritable')
    assert.match(refused.message ?? '', /locked.*TUTTI_DATA/)
  }
  const file = join(folder, 'file')
  writeFileSync(file, 'x')
  for (const dataDir of [file, join(file, 'below')]) {
    await assert.rejects(startEmbedded({ dataDir, log: silent }), { code: 'data_folder_not_a_folder' })
  }
})

test('a folder named postgres that holds something else is never overwritten', async (t) => {
  const dataDir = join(makeFolder(t), 'data')
  mkdirSync(join(dataDir, 'postgres'), { recursive: true })
  writeFileSync(join(dataDir, 'postgres/letter.txt'), 'dear')
  await assert.rejects(startEmbedded({ dataDir, log: silent }), { code: 'database_not_recognised' })
  assert.equal(readFileSync(join(dataDir, 'postgres/letter.txt'), 'utf8'), 'dear')
})

test('a postmaster that dies while starting is quoted, and the folder is free afterwards', async (t) => {
  const dataDir = await makeStopped(t)
  const config = join(dataDir, 'postgres/postgresql.conf')
  const good = readFileSync(config, 'utf8')
  appendFileSync(config, 'shared_buffers = no-such-size\n')
  await assert.rejects(startEmbedded({ dataDir, log: silent }), {
    code: 'database_died_at_start',
    message: /exit code 1.*invalid value for parameter "shared_buffers"/,
  })
  writeFileSync(config, good)
  await (await startEmbedded({ dataDir, log: silent })).stop()
})

test('own settings in postgresql.conf win, but never open a TCP port', async (t) => {
  const dataDir = await makeStopped(t)
  appendFileSync(join(dataDir, 'postgres/postgresql.conf'), "work_mem = '3MB'\nlisten_addresses = '*'\n")
  const postgres = await startEmbedded({ dataDir, log: silent })
  t.after(() => postgres.stop())
  const rows = await ask(
    postgres.socketDir,
    "SELECT current_setting('work_mem') AS w, current_setting('listen_addresses') AS l",
  )
  assert.deepEqual(rows, [{ w: '3MB', l: '' }])
})

test('a disk that is full at the first start is said, and nothing half-made stays', async (t) => {
  const disk = makeSmallDisk(t, 12)
  if (skipUnless(t, disk !== undefined, 'mounting a small disk is not permitted here') || !disk) return
  const dataDir = join(disk, 'data')
  await assert.rejects(startEmbedded({ dataDir, log: silent }), {
    code: 'disk_full',
    message: /is full: free some space/,
  })
  assert.deepEqual(
    readdirSync(dataDir).filter((name) => name.startsWith('postgres')),
    [],
  )
})

test('a disk that is full at a later start is said, and the database works again when there is space', async (t) => {
  const disk = makeSmallDisk(t, 128)
  if (skipUnless(t, disk !== undefined, 'mounting a small disk is not permitted here') || !disk) return
  const dataDir = join(disk, 'data')
  await (await startEmbedded({ dataDir, log: silent })).stop()
  const { bavail, bsize } = statfsSync(disk)
  const filler = join(disk, 'filler')
  writeFileSync(filler, Buffer.alloc(bavail * bsize))
  await assert.rejects(startEmbedded({ dataDir, log: silent }), { code: 'disk_full' })
  writeFileSync(filler, '')
  await (await startEmbedded({ dataDir, log: silent })).stop()
})

test('a data folder with a path far beyond the limit of a socket works', async (t) => {
  const dataDir = join(makeFolder(t), ...Array.from({ length: 5 }, (_, i) => `${'long'.repeat(10)}-${i}`), 'dä ta')
  const child = startChild(t, { dataDir })
  assert.equal((await child.next('started')).firstStart, true)
  assert.equal(await end(child, 'SIGTERM'), 0)
})
