import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createGrowingFile } from './growing.ts'

const folder = await mkdtemp(join(tmpdir(), 'tutti-growing-'))
after(() => rm(folder, { recursive: true, force: true }))

const openDescriptors = async (): Promise<number> => (await readdir('/proc/self/fd')).length
const canCount = process.platform === 'linux'

test('many readers follow one writer, each from its own place', async () => {
  const file = await createGrowingFile(folder)
  const bytes = randomBytes(700_000)
  const readers = [file.reader(0), file.reader(0), file.reader(300_001), file.reader(10, 20), file.reader(0, 650_000)]
  const read = readers.map(async (reader) => Buffer.concat(await reader.toArray()))
  for (let at = 0; at < bytes.length; at += 50_000) {
    await file.append(bytes.subarray(at, at + 50_000))
    await sleep(1)
  }
  file.end()
  const got = await Promise.all(read)
  assert.deepEqual(got[0], bytes)
  assert.deepEqual(got[1], bytes)
  assert.deepEqual(got[2], bytes.subarray(300_001))
  assert.deepEqual(got[3], bytes.subarray(10, 20))
  assert.deepEqual(got[4], bytes.subarray(0, 650_000))
  file.close()
})

test('the file has no name, so nothing can be left behind', async () => {
  const file = await createGrowingFile(folder)
  await file.append(Buffer.from('x'))
  assert.deepEqual(await readdir(folder), [])
  file.close()
})

test('a failure reaches every reader and every waiter', async () => {
  const file = await createGrowingFile(folder)
  await file.append(Buffer.from('abc'))
  const hearing = [
    assert.rejects(file.reader(0).toArray(), /disk full/),
    assert.rejects(file.reached(100), /disk full/),
  ]
  file.fail(new Error('disk full'))
  await Promise.all(hearing)
  await assert.rejects(file.reached(100), /disk full/)
  assert.equal(await file.reached(2), true)
  file.close()
})

test('reached tells whether a place will ever come', async () => {
  const file = await createGrowingFile(folder)
  const soon = file.reached(4)
  const never = file.reached(5)
  await file.append(Buffer.from('12345'))
  file.end()
  assert.equal(await soon, true)
  assert.equal(await never, false)
  const gone = AbortSignal.abort(new Error('left'))
  await assert.rejects(file.reached(50, gone), /left/)
  file.close()
})

test('a waiter that leaves is forgotten', async () => {
  const file = await createGrowingFile(folder)
  const leaving = new AbortController()
  const waiting = file.reached(0, leaving.signal)
  leaving.abort(new Error('left'))
  await assert.rejects(waiting, /left/)
  await file.append(Buffer.from('x'))
  file.close()
})

test('a reader that leaves gives its hold back; the last hold closes the descriptor', { skip: !canCount }, async () => {
  const before = await openDescriptors()
  const file = await createGrowingFile(folder)
  await file.append(randomBytes(300_000))
  const readers = [file.reader(0), file.reader(100)]
  for (const reader of readers) reader.read(1)
  file.close()
  await sleep(20)
  assert.equal(await openDescriptors(), before + 1, 'still held by its readers')
  for (const reader of readers) reader.destroy()
  await sleep(50)
  assert.equal(await openDescriptors(), before)
})

test('a slow reader holds no more than its window in memory', async () => {
  const file = await createGrowingFile(folder)
  const reader = file.reader(0)
  reader.read(1)
  for (let i = 0; i < 64; i++) await file.append(randomBytes(64 * 1024))
  await sleep(20)
  assert.ok(reader.readableLength <= 2 * 64 * 1024, `${reader.readableLength} bytes held`)
  reader.destroy()
  file.close()
})
