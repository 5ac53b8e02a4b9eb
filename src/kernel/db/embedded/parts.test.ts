import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownAccount } from './account.ts'
import { findBinaries, packagedNative } from './binaries.ts'
import { lockFolder } from './lock.ts'
import { boundLog, LOG_BYTES_MAX, openLog, tailOf } from './logfile.ts'
import { isAlive } from './process.ts'
import { settingsText, userMap } from './settings.ts'
import { makeSocketDir } from './socket.ts'
import { makeFolder, makeUserFolder, startChild, end, unreachableForUser } from './testing-tools.ts'

const NATIVE = packagedNative(`${process.platform}-${process.arch}`)

test('the log is moved aside when it is large at a start, and emptied while it is written to', (t) => {
  const file = join(makeFolder(t), 'logs/postgres.log')
  closeSync(openLog(file).handle)
  appendFileSync(file, Buffer.alloc(LOG_BYTES_MAX + 1, 'a'))
  const { handle, tail } = openLog(file)
  assert.equal(statSync(`${file}.1`).size, LOG_BYTES_MAX + 1)
  assert.equal(tail(), '')
  writeSync(handle, 'first\nsecond\n')
  assert.equal(tail(), 'first · second')
  writeSync(handle, Buffer.alloc(LOG_BYTES_MAX, 'b'))
  boundLog(file)
  writeSync(handle, 'after\n')
  closeSync(handle)
  assert.equal(statSync(file).size, 'after\n'.length)
  assert.equal(statSync(`${file}.1`).size, LOG_BYTES_MAX + 'first\nsecond\n'.length)
  assert.equal(tailOf(join(file, '..', 'none.log'), 0), '')
})

test('missing links of the package are made again', async (t) => {
  const native = join(makeFolder(t), 'package/native')
  mkdirSync(join(native, 'bin'), { recursive: true })
  mkdirSync(join(native, 'lib'))
  for (const file of ['pg-symlinks.json', '../package.json']) cpSync(join(NATIVE, file), join(native, file))
  for (const file of ['bin/postgres', 'lib/libpq.so.5.18', 'lib/libpq.5.18.dylib'])
    writeFileSync(join(native, file), '', { mode: 0o755 })
  writeFileSync(
    join(native, 'pg-symlinks.json'),
    JSON.stringify([{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]),
  )
  const request = { pgBin: undefined, native, account: ownAccount(), home: join(native, '../home'), log: () => {} }
  const binaries = await findBinaries(request)
  assert.equal(binaries.postgres, join(native, 'bin/postgres'))
  assert.equal(binaries.major, 18)
  assert.equal(readlinkSync(join(native, 'lib/libpq.so.5')), 'libpq.so.5.18')
  assert.deepEqual(await findBinaries(request), binaries)
})

test('where the links cannot be made (an install owned by another user) a copy with links is used', {
  skip: unreachableForUser(),
}, async (t) => {
  const { folder, as } = makeUserFolder(t)
  if (!as) return t.skip('needs root, to own the install')
  const native = join(makeFolder(t), 'package/native')
  cpSync(NATIVE, native, { recursive: true, filter: (from) => !/lib\/[a-z]+\.so(\.\d+)?$/.test(from) })
  cpSync(join(NATIVE, '../package.json'), join(native, '../package.json'))
  assert.equal(existsSync(join(native, 'lib/libicuuc.so.60')), false)
  const child = startChild(t, { dataDir: join(folder, 'data') }, { native }, as)
  const started = await child.next('started', 'refused')
  assert.equal(started.event, 'started', started.message ?? 'no reason')
  assert.ok(readlinkSync(`/proc/${started.pid}/exe`).startsWith(join(folder, 'data/postgres-bin/')))
  await end(child, 'SIGTERM')
})

test('the lock of a folder: one holder, free again after release, indifferent to what a dead holder left', (t) => {
  const folder = makeFolder(t)
  writeFileSync(join(folder, 'tutti.pid'), '1\n')
  const lock = lockFolder(folder)
  assert.throws(() => lockFolder(folder), {
    code: 'data_folder_in_use',
    message: new RegExp(`process ${process.pid}\\b`),
  })
  lock.release()
  lockFolder(folder).release()
})

test('the socket folder is private and short, the same at each start, and never a stranger’s', (t) => {
  const cluster = join(makeFolder(t), 'postgres')
  const account = ownAccount()
  const first = makeSocketDir(cluster, '/', account)
  t.after(() => rmSync(first, { recursive: true, force: true }))
  assert.equal(statSync(first).mode & 0o777, 0o700)
  assert.ok(Buffer.byteLength(join(first, '.s.PGSQL.5432.lock')) <= 103)
  assert.equal(makeSocketDir(cluster, '/', account), first, 'made anew in the same place')
  rmSync(first, { recursive: true })
  symlinkSync(tmpdir(), first)
  const other = makeSocketDir(cluster, '/', account)
  t.after(() => rmSync(other, { recursive: true, force: true }))
  assert.notEqual(other, first)
  assert.equal(readlinkSync(first), tmpdir())
})

test('settings: durable, nothing unknown to an older server, and names are quoted', () => {
  const old = settingsText(15, {})
  assert.match(old, /^fsync = on /m)
  assert.doesNotMatch(old, /io_method/)
  const now = settingsText(18, { fsync: 'off' })
  assert.match(now, /^io_method = sync/m)
  assert.match(now, /fsync = off\n$/, 'what comes last wins')
  assert.equal(userMap('ann b'), '# Written by Tutti.\ntutti "root" tutti\ntutti "ann b" tutti\n')
  assert.equal(userMap('root'), '# Written by Tutti.\ntutti "root" tutti\n')
})

test('a process that has ended but was not awaited counts as dead', async () => {
  const { spawn } = await import('node:child_process')
  const parent = spawn('sh', ['-c', 'sleep 0.05 & echo $!; exec sleep 5'], { stdio: ['ignore', 'pipe', 'ignore'] })
  const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)))
  assert.equal(isAlive(pid), true)
  await new Promise((resolve) => setTimeout(resolve, 300))
  assert.equal(isAlive(pid), false)
  parent.kill()
})
