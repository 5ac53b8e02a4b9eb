import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { AppError } from '#kernel/errors.ts'
import type { Blobs } from './index.ts'

/** A fresh, empty store. */
export type OpenBlobs = () => Promise<Blobs>

const status =
  (expected: number, code?: string) =>
  (thrown: unknown): boolean =>
    thrown instanceof AppError && thrown.status === expected && (code === undefined || thrown.code === code)
/** Everything an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const keysOf = async (blobs: Blobs, prefix = '') => (await collect(blobs.list(prefix))).map(({ key }) => key)

/** What every adapter promises. */
export function blobSuite(name: string, open: OpenBlobs): void {
  describe(name, { timeout: 30_000 }, () => {
    testsOfBytes(open)
    testsOfPutFaults(open)
    testsOfRead(open)
    testsOfKeys(open)
  })
}

function testsOfBytes(open: OpenBlobs): void {
  test('put, stat, read, bytes, list agree, for bytes and for streams of any cut', async () => {
    const blobs = await open()
    const bytes = randomBytes(300_001)
    const parts = [bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)]
    for (const [key, source] of [
      ['room/whole', bytes],
      ['room/parts', Readable.from(parts)],
    ] as const) {
      const before = Date.now()
      const put = await blobs.put(key, source)
      assert.deepEqual({ ...put, modifiedAt: 0 }, { key, sizeBytes: 300_001, sha256: sha256Of(bytes), modifiedAt: 0 })
      assert.ok(Math.abs(put.modifiedAt.getTime() - before) < 10_000)
      assert.deepEqual(await blobs.stat(key), put)
      assert.deepEqual(await buffer(blobs.read(key)), bytes)
      assert.deepEqual(Buffer.from((await blobs.bytes(key)) ?? []), bytes)
      const { sha256: _, ...entry } = put
      assert.deepEqual(await collect(blobs.list(key)), [entry])
    }
  })
  test('an empty blob is a blob; text streams are UTF-8', async () => {
    const blobs = await open()
    assert.equal((await blobs.put('a', new Uint8Array())).sizeBytes, 0)
    assert.equal((await blobs.put('b', Readable.from([]))).sha256, sha256Of(new Uint8Array()))
    assert.equal((await buffer(blobs.read('a'))).length, 0)
    assert.equal((await blobs.put('c', Readable.from(['Größe']))).sizeBytes, 7)
  })
  test('a second put replaces the whole; a reader that began keeps the old bytes', async () => {
    const blobs = await open()
    await blobs.put('a', Buffer.alloc(500_000, 'old'))
    const reading = blobs.read('a')
    await new Promise((resolve) => reading.once('readable', resolve))
    const put = await blobs.put('a', Buffer.from('new'))
    assert.equal((await buffer(reading)).toString(), Buffer.alloc(500_000, 'old').toString())
    assert.equal((await buffer(blobs.read('a'))).toString(), 'new')
    assert.deepEqual(await blobs.stat('a'), put)
  })
  test('many puts of one key at once: the end is one of them, whole, and stat tells its hash', async () => {
    const blobs = await open()
    const all = Array.from({ length: 16 }, () => randomBytes(50_000))
    await Promise.all(all.map((bytes) => blobs.put('a', bytes)))
    const end = (await blobs.bytes('a')) ?? new Uint8Array()
    assert.ok(all.some((bytes) => bytes.equals(end)))
    assert.equal((await blobs.stat('a'))?.sha256, sha256Of(end))
  })
  test('delete removes, and an unknown key is no fault', async () => {
    const blobs = await open()
    await blobs.put('a/b', Buffer.from('x'))
    await blobs.delete('a/b')
    await blobs.delete('a/b')
    await blobs.delete('a')
    assert.equal(await blobs.stat('a/b'), undefined)
    assert.deepEqual(await keysOf(blobs), [])
  })
}

const endless = () =>
  Readable.from(
    (async function* () {
      for (;;) yield Buffer.alloc(10_000)
    })(),
  )

function testsOfPutFaults(open: OpenBlobs): void {
  test('over the limit: 413, nothing left, the source is destroyed, what was there stays', async () => {
    const blobs = await open()
    await blobs.put('a', Buffer.from('old'))
    const source = endless()
    await assert.rejects(blobs.put('a', source, { sizeMaxBytes: 50_000 }), status(413, 'blob_too_large'))
    assert.ok(source.destroyed)
    await assert.rejects(blobs.put('b', Buffer.alloc(11), { sizeMaxBytes: 10 }), status(413))
    await blobs.put('c', Buffer.alloc(10), { sizeMaxBytes: 10 })
    assert.deepEqual(await keysOf(blobs), ['a', 'c'])
    assert.equal(Buffer.from((await blobs.bytes('a')) ?? []).toString(), 'old')
  })
  test('an abort ends it, also while the source is silent; nothing is left', async () => {
    const blobs = await open()
    const silent = new Readable({ read() {} })
    silent.push('begin')
    const control = new AbortController()
    const putting = blobs.put('a', silent, { signal: control.signal })
    setTimeout(() => control.abort(new Error('enough')), 20)
    await assert.rejects(putting, /enough/)
    assert.ok(silent.destroyed)
    await assert.rejects(blobs.put('b', Buffer.from('x'), { signal: control.signal }), /enough/)
    assert.deepEqual(await keysOf(blobs), [])
  })
  test('a source that fails: its error, nothing left — before the first byte too', async () => {
    const blobs = await open()
    const late = Readable.from(
      (async function* () {
        yield Buffer.from('x')
        throw new Error('source broke')
      })(),
    )
    await assert.rejects(blobs.put('a', late), /source broke/)
    const atOnce = new Readable({ read() {} })
    const putting = blobs.put('b', atOnce)
    atOnce.destroy(new Error('gone at once'))
    await assert.rejects(putting, /gone at once/)
    const cut = new Readable({ read() {} })
    setTimeout(() => cut.destroy(), 10)
    await assert.rejects(blobs.put('c', cut))
    assert.deepEqual(await keysOf(blobs), [])
  })
}

function testsOfRead(open: OpenBlobs): void {
  test('ranges: end is exclusive, and what the blob has not is left out', async () => {
    const blobs = await open()
    const bytes = randomBytes(1_000)
    await blobs.put('a', bytes)
    const range = fc.tuple(fc.nat(1_200), fc.integer({ min: 1, max: 1_200 }))
    await fc.assert(
      fc.asyncProperty(range, async ([start, length]) => {
        const got = await buffer(blobs.read('a', { start, end: start + length }))
        assert.deepEqual(got, bytes.subarray(start, start + length))
      }),
      { numRuns: 50 },
    )
    for (const [start, end] of [
      [-1, 5],
      [5, 5],
      [6, 5],
      [0.5, 3],
      [0, Number.NaN],
      [0, Infinity],
    ] as const)
      assert.throws(() => blobs.read('a', { start, end }), status(416, 'bad_range'))
  })
  test('an unknown key: undefined, or a stream that fails with 404; a folder is no blob', async () => {
    const blobs = await open()
    await blobs.put('a/b', Buffer.from('x'))
    for (const key of ['none', 'a', 'a/b/c', 'a/none/none']) {
      assert.equal(await blobs.stat(key), undefined)
      assert.equal(await blobs.bytes(key), undefined)
      await assert.rejects(buffer(blobs.read(key)), status(404, 'not_found'))
    }
  })
  test('is well', async () => assert.equal((await (await open()).check()).ok, true))
}

function testsOfKeys(open: OpenBlobs): void {
  const bad = [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '..',
    '../a',
    'a/../b',
    './a',
    '.a',
    'a/.b',
    'A',
    'ä',
    'a b',
    'a\\b',
    'a\0b',
    'a\n',
  ]
  test('keys that could leave the folder or mean two things are refused, 400', async () => {
    const blobs = await open()
    for (const key of [...bad, 'x'.repeat(201)]) {
      await assert.rejects(blobs.put(key, Buffer.from('x')), status(400, 'bad_blob_key'), JSON.stringify(key))
      await assert.rejects(blobs.stat(key), status(400))
      await assert.rejects(blobs.bytes(key), status(400))
      await assert.rejects(blobs.delete(key), status(400))
      assert.throws(() => blobs.read(key), status(400))
      assert.throws(() => blobs.localPath(key), status(400))
    }
    for (const prefix of ['..', 'a/..', '/', 'a//', '.a', 'a/../'])
      assert.throws(() => blobs.list(prefix), status(400), prefix)
    await blobs.put('x'.repeat(200), Buffer.from('x'))
    await blobs.put('a..b/-_/0.1', Buffer.from('x'))
  })
  test('a key inside another blob, and a blob over others, are refused, 409', async () => {
    const blobs = await open()
    await blobs.put('a/b', Buffer.from('x'))
    await assert.rejects(blobs.put('a/b/c', Buffer.from('x')), status(409, 'blob_key_taken'))
    await assert.rejects(blobs.put('a', Buffer.from('x')), status(409, 'blob_key_taken'))
    assert.deepEqual(await keysOf(blobs), ['a/b'])
  })
  test('list: any keys, any prefix, in the order of bytes', async () => {
    const name = fc.stringMatching(/^[ab_-][ab.0]{0,2}$/)
    const keys = fc.uniqueArray(
      fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/')),
      { maxLength: 8 },
    )
    await fc.assert(
      fc.asyncProperty(keys, fc.array(name, { maxLength: 2 }), async (wanted, begin) => {
        const blobs = await open()
        const kept = wanted.filter((key) => !wanted.some((other) => other !== key && key.startsWith(`${other}/`)))
        for (const key of kept) await blobs.put(key, Buffer.from(key))
        const prefix = begin.join('/')
        assert.deepEqual(await keysOf(blobs, prefix), kept.filter((key) => key.startsWith(prefix)).toSorted())
      }),
      { numRuns: 25 },
    )
  })
}
