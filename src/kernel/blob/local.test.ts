import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { AppError } from '#kernel/errors.ts'
import { createBlobs } from './index.ts'
import { blobSuite } from './suite.ts'

const base = await mkdtemp(join(tmpdir(), 'tutti-blobs-'))
after(() => rm(base, { recursive: true, force: true }))
let count = 0
const newDir = () => join(base, `store-${count++}`)
const of = (content: string) => createHash('sha256').update(content).digest('hex')
const tempsIn = (dir: string) => readdir(join(dir, '.tmp'))

blobSuite('local folder', () => createBlobs({ dir: newDir() }))

test('no put leaves a temp file, failed or not; the path of a blob is a real file', async () => {
  const dir = newDir()
  const blobs = await createBlobs({ dir })
  await blobs.put('a/b', Buffer.from('x'))
  await assert.rejects(blobs.put('a/c', Buffer.from('xyz'), { sizeMaxBytes: 1 }))
  await assert.rejects(blobs.put('a/b/c', Buffer.from('x')))
  await blobs.check()
  assert.deepEqual(await tempsIn(dir), [])
  assert.equal(await readFile(blobs.localPath('a/b') ?? '', 'utf8'), 'x')
})

test('the hash of stat follows the file: after a change behind our back, a torn or missing memo', async () => {
  const dir = newDir()
  const blobs = await createBlobs({ dir })
  await blobs.put('a', Buffer.from('one'))
  const sha256 = async () => (await blobs.stat('a'))?.sha256
  await writeFile(join(dir, 'a'), 'two')
  assert.equal(await sha256(), of('two'))
  const memo = join(dir, '.a.sha256')
  assert.match(await readFile(memo, 'utf8'), new RegExp(`^${of('two')} `))
  for (const torn of ['', 'torn', `${of('wrong')} 1 3 1\n`]) {
    await writeFile(memo, torn)
    assert.equal(await sha256(), of('two'))
  }
  await rm(memo)
  assert.equal(await sha256(), of('two'))
  await blobs.delete('a')
  assert.deepEqual(await readdir(dir), ['.tmp'])
})

test('start removes what killed processes left, and nothing else', async () => {
  const dir = newDir()
  await mkdir(join(dir, '.tmp'), { recursive: true })
  const host = hostname().replaceAll(/[^a-zA-Z0-9-]/g, '') || 'host'
  const dead = spawnSync(process.execPath, ['-e', '']).pid
  const old = new Date(Date.now() - 2 * 3_600_000)
  const beforeUs = new Date(Date.now() - process.uptime() * 1000 - 5_000)
  const files = [
    { name: `${host}~${dead}~1`, stays: false },
    { name: `${host}~${process.ppid}~2`, stays: true },
    { name: `${host}~${process.pid}~3`, stays: true },
    { name: `${host}~${process.pid}~4`, at: beforeUs, stays: false },
    { name: `other-machine~${dead}~5`, stays: true },
    { name: `other-machine~${dead}~6`, at: old, stays: false },
    { name: `${host}~${process.ppid}~7`, at: old, stays: false },
    { name: 'nonsense', stays: true },
  ]
  for (const { name, at } of files) {
    await writeFile(join(dir, '.tmp', name), 'x')
    if (at) await utimes(join(dir, '.tmp', name), at, at)
  }
  await createBlobs({ dir })
  const expected = files.filter(({ stays }) => stays).map(({ name }) => name)
  assert.deepEqual((await tempsIn(dir)).toSorted(), expected.toSorted())
})

test('kill -9 in the midst of a put: the old blob stays whole, and the next start cleans up', async (t) => {
  const dir = newDir()
  const blobs = await createBlobs({ dir })
  await blobs.put('a', Buffer.from('old'))
  const child = spawn(process.execPath, ['--input-type=module', '-e', writerOf(dir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.equal((await tempsIn(dir)).length, 1)
  await createBlobs({ dir })
  assert.equal((await tempsIn(dir)).length, 1, 'its writer lives')
  child.kill('SIGKILL')
  await once(child, 'exit')
  await createBlobs({ dir })
  assert.deepEqual(await tempsIn(dir), [])
  assert.equal(Buffer.from((await blobs.bytes('a')) ?? []).toString(), 'old')
})

/** A program that writes a megabyte of a blob, says so, and waits for ever. */
const writerOf = (dir: string) => `
  import { Readable } from 'node:stream'
  import { createBlobs } from ${JSON.stringify(import.meta.resolve('./index.ts'))}
  const blobs = await createBlobs({ dir: ${JSON.stringify(dir)} })
  async function* slow() {
    yield Buffer.alloc(1_000_000)
    process.stdout.write('written')
    await new Promise(() => setInterval(() => {}, 1000))
  }
  await blobs.put('a', Readable.from(slow()))
`

const smallDisk = [
  '--mount',
  '--map-root-user',
  'sh',
  '-c',
  'mount -t tmpfs -o size=1m tmpfs "$1" && shift && exec "$@"',
  'sh',
]
const canMount = spawnSync('unshare', [...smallDisk, tmpdir(), 'true']).status === 0

test('a full disk: 507 with a sentence, nothing left behind, and it works again once there is room', {
  skip: !canMount && process.env['TUTTI_TEST_FULL'] !== '1' && 'no small disk can be mounted here (unshare, tmpfs)',
}, async () => {
  const dir = newDir()
  await mkdir(dir)
  const args = [...smallDisk, dir, process.execPath, '--input-type=module', '-e', fillerOf(dir)]
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const said = JSON.parse(await text(child.stdout)) as unknown
  assert.deepEqual(said, {
    fault: [507, 'storage_full', true],
    temps: [],
    keys: ['small'],
    check: false,
    afterwards: 500_000,
  })
})

const fillerOf = (dir: string) => `
  import { readdir } from 'node:fs/promises'
  import { Readable } from 'node:stream'
  import { createBlobs } from ${JSON.stringify(import.meta.resolve('./index.ts'))}
  const blobs = await createBlobs({ dir: ${JSON.stringify(dir)} })
  await blobs.put('small', Buffer.alloc(400_000))
  async function* big() { for (let i = 0; i < 40; i++) yield Buffer.alloc(100_000) }
  const fault = await blobs.put('big', Readable.from(big())).catch((e) => [e.status, e.code, /free some space/.test(e.message)])
  const temps = await readdir(${JSON.stringify(join(dir, '.tmp'))})
  const keys = (await Array.fromAsync(blobs.list(''))).map((b) => b.key)
  const { ok } = await blobs.check()
  await blobs.delete('small')
  const afterwards = (await blobs.put('new', Buffer.alloc(500_000))).sizeBytes
  console.log(JSON.stringify({ fault, temps, keys, check: ok, afterwards }))
`

test('readers in the midst of replacements see one whole blob or another', async () => {
  const blobs = await createBlobs({ dir: newDir() })
  const versions = [1, 2, 3].map((n) => Buffer.alloc(200_000 * n, n))
  await blobs.put('a', versions[0] ?? Buffer.alloc(0))
  const writer = { done: false }
  const write = async () => {
    for (let i = 0; i < 30; i++) await blobs.put('a', Readable.from([versions[i % 3]]))
    writer.done = true
  }
  let reads = 0
  const read = async () => {
    while (!writer.done) {
      const got = await buffer(blobs.read('a'))
      assert.ok(versions.some((version) => version.equals(got)))
      reads++
    }
  }
  await Promise.all([write(), read(), read()])
  assert.ok(reads > 2)
})

test('a folder that went away: check tells, put makes an error of it', async () => {
  const dir = newDir()
  const blobs = await createBlobs({ dir })
  await rm(dir, { recursive: true })
  const { ok, detail } = await blobs.check()
  assert.equal(ok, false)
  assert.match(detail ?? '', /ENOENT/)
  await assert.rejects(blobs.put('a', Buffer.from('x')), (e: unknown) => !(e instanceof AppError))
  await assert.rejects(stat(dir))
})
