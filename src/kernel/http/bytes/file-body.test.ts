import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readlink, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, test } from 'node:test'
import * as fc from 'fast-check'
import { fileBody } from './file-body.ts'
import { createOpenFiles } from './open-files.ts'

const BYTES = randomBytes(3_000_000)
let dir: string
let path: string

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tutti-bytes-'))
  path = join(dir, 'file')
  await writeFile(path, BYTES)
})
after(() => rm(dir, { recursive: true, force: true }))

type Part = { start: number; end: number }
async function bodyOf(part: Part, file = path) {
  const handle = await open(file)
  const ended = { count: 0 }
  const done = () => {
    ended.count++
    void handle.close()
  }
  return { body: fileBody({ handle, ...part, done }), ended }
}
/** Takes what it is given at its own pace: some at once, some late. */
const listener = (delaysMs: readonly number[], taken: Buffer[]) => {
  let i = 0
  return new Writable({
    write(chunk: Buffer, _encoding, taken_) {
      const delayMs = delaysMs[i++ % delaysMs.length] ?? 0
      const take = () => {
        taken.push(Buffer.from(chunk))
        taken_()
      }
      if (delayMs === 0) take()
      else setTimeout(take, delayMs)
    },
  })
}

test('any part comes whole and in order, piped or read, to listeners of any pace', async () => {
  const part = fc.tuple(fc.nat(BYTES.length), fc.nat(BYTES.length)).map(([a, b]) => ({
    start: Math.min(a, b),
    end: Math.max(a, b),
  }))
  const pace = fc.array(fc.constantFrom(0, 0, 1, 30), { minLength: 1, maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(part, pace, async (wanted, delaysMs) => {
      const expected = BYTES.subarray(wanted.start, wanted.end)
      const piped = await bodyOf(wanted)
      const taken: Buffer[] = []
      const to = listener(delaysMs, taken)
      piped.body.pipe(to)
      await once(to, 'finish')
      assert.ok(Buffer.concat(taken).equals(expected))
      const read = await bodyOf(wanted)
      assert.ok((await buffer(read.body)).equals(expected))
      await sleep(1)
      assert.deepEqual([piped.ended.count, read.ended.count], [1, 1])
    }),
    { numRuns: 12 },
  )
})

test('many at once share buffers and never bytes', async () => {
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const { body } = await bodyOf({ start: i * 1000, end: BYTES.length - i })
      const taken: Buffer[] = []
      const to = listener(i % 3 === 0 ? [0, 28] : [0], taken)
      body.pipe(to)
      await once(to, 'finish')
      assert.ok(Buffer.concat(taken).equals(BYTES.subarray(i * 1000, BYTES.length - i)))
    }),
  )
})

test('a file that becomes shorter breaks the body off; a listener who leaves ends it', async () => {
  const short = join(dir, 'short')
  await writeFile(short, BYTES)
  const cut = await bodyOf({ start: 0, end: BYTES.length }, short)
  await truncate(short, 1000)
  cut.body.pipe(new PassThrough().resume())
  const [fault] = (await once(cut.body, 'error')) as [Error]
  assert.match(fault.message, /became shorter/)
  assert.equal(cut.ended.count, 1)
  const left = await bodyOf({ start: 0, end: BYTES.length })
  left.body.pipe(new Writable({ write: () => undefined }))
  await sleep(5)
  left.body.destroy()
  await once(left.body, 'close')
  assert.equal(left.ended.count, 1)
})

/** How often this process has the file open. */
const openTimes = async (file: string): Promise<number> => {
  const names = await readdir('/proc/self/fd')
  const paths = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')))
  return paths.filter((each) => each === file || each === `${file} (deleted)`).length
}

test('a file is open once for all who read it, and for nobody soon after', async () => {
  const files = createOpenFiles()
  const all = await Promise.all(Array.from({ length: 20 }, () => files.open(Buffer.from(path))))
  assert.equal(await openTimes(path), 1)
  for (const each of all) each.done()
  for (const each of all) each.done()
  const again = await files.open(Buffer.from(path))
  assert.equal(again.handle.fd, all[0]?.handle.fd)
  again.done()
  for (const untilMs = Date.now() + 5000; (await openTimes(path)) > 0; await sleep(20)) assert.ok(Date.now() < untilMs)
})

test('who opens it after a change gets the file as it is now; who has it open keeps what he has', async () => {
  const files = createOpenFiles()
  const file = join(dir, 'changing')
  const look = () => files.open(Buffer.from(file))
  await writeFile(file, 'one')
  const first = await look()
  await writeFile(join(dir, 'new'), 'three')
  await rename(join(dir, 'new'), file)
  const second = await look()
  assert.deepEqual([first.sizeBytes, second.sizeBytes], [3, 5])
  const { buffer: bytes } = await first.handle.read(Buffer.alloc(3), 0, 3, 0)
  assert.equal(bytes.toString(), 'one')
  await utimes(file, new Date(), new Date('2026-01-02T03:04:05Z'))
  const third = await look()
  assert.equal(third.modifiedAt.toISOString(), '2026-01-02T03:04:05.000Z')
  await rm(file)
  await assert.rejects(look(), /ENOENT/)
  await assert.rejects(files.open(Buffer.from(dir)), /not a regular file/)
  for (const each of [first, second, third]) each.done()
})
