import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import * as sdk from '@aws-sdk/client-s3'
import { AppError } from '#kernel/errors.ts'
import { memoryLog } from '#kernel/pubsub/testing.ts'
import { cuttable, needsS3, startS3, type TestS3 } from '#test/servers/s3.ts'
import type { Blobs, S3BlobOptions } from '../index.ts'
import { createBlobs } from '../index.ts'
import { blobSuite, collect } from '../suite.ts'
import { PART_BYTES } from './put.ts'

let server: TestS3
let base: string
let count = 0
const log = memoryLog()
const opened: Blobs[] = []

const options = async (o: Partial<S3BlobOptions> = {}): Promise<S3BlobOptions> => ({
  endpoint: server.endpoint,
  bucket: o.bucket ?? (await server.makeBucket()),
  region: server.region,
  accessKey: server.accessKey,
  secretKey: server.secretKey,
  copiesDir: join(base, `copies-${count++}`),
  copiesMaxBytes: 1024 ** 2,
  log,
  ...o,
})
async function open(o: Partial<S3BlobOptions> = {}): Promise<Blobs> {
  const blobs = await createBlobs({ dir: join(base, 'none'), s3: await options(o) })
  opened.push(blobs)
  return blobs
}
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const raw = () =>
  new sdk.S3Client({
    endpoint: server.endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
  })
const status = (expected: number, code: string) => (thrown: unknown) =>
  thrown instanceof AppError && thrown.status === expected && thrown.code === code

const content = (n: number) => Buffer.alloc(400_000, n)
const filesIn = async (dir: string) =>
  (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((e) => e.isFile())
    .map((e) => e.name)
    .toSorted()

describe('S3', needsS3, () => {
  const ways: { stop(): Promise<void> }[] = []
  const cuttableWay = async () => {
    const way = await cuttable(server.endpoint)
    ways.push(way)
    return way
  }
  before(async () => {
    base = await mkdtemp(join(tmpdir(), 'tutti-s3-blobs-'))
    server = await startS3()
  })
  after(async () => {
    await Promise.all(opened.map((blobs) => blobs.close()))
    await Promise.all(ways.map((way) => way.stop()))
    await server.stop()
    await rm(base, { recursive: true, force: true })
  })

  blobSuite('bucket', () => open())

  describe('large blobs', () => {
    const bytes = randomBytes(PART_BYTES * 2 + 12_345)
    const pieces = () =>
      Readable.from(Array.from({ length: 40 }, (_, i) => bytes.subarray(i * 430_000, (i + 1) * 430_000)))

    test('go in parts and come back whole, with ranges over their borders', async () => {
      const bucket = await server.makeBucket()
      const blobs = await open({ bucket })
      const put = await blobs.put('a/large', pieces())
      assert.deepEqual([put.sizeBytes, put.sha256], [bytes.length, sha256Of(bytes)])
      assert.deepEqual(await blobs.stat('a/large'), put)
      assert.ok((await buffer(blobs.read('a/large'))).equals(bytes))
      const [start, end] = [PART_BYTES - 10, PART_BYTES * 2 + 10]
      assert.ok((await buffer(blobs.read('a/large', { start, end }))).equals(bytes.subarray(start, end)))
      const head = await raw().send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: 'a/large' }))
      assert.equal(head.Metadata?.['sha256'], sha256Of(bytes))
      assert.match(head.ETag ?? '', /-3"$/, 'three parts')
    })
    test('an abort between the parts leaves no object and no upload', async () => {
      const bucket = await server.makeBucket()
      const way = await cuttableWay()
      const blobs = await open({ bucket, endpoint: way.endpoint })
      const uploads = async () =>
        (await raw().send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []
      /** False when all was stored before anybody saw it begin. */
      const isAborted = async (): Promise<boolean> => {
        const control = new AbortController()
        const look = async () => {
          if ((await uploads()).length > 0) control.abort(new Error('enough'))
        }
        const watch = setInterval(() => void look(), 5)
        const putting = blobs.put('large', bytes, { signal: control.signal }).finally(() => clearInterval(watch))
        const fault = await putting.then(
          () => undefined,
          (thrown: unknown) => thrown as Error,
        )
        if (!fault) await blobs.delete('large')
        else assert.match(fault.message, /enough/)
        return fault !== undefined
      }
      let tries = 1
      while (!(await isAborted())) assert.ok(tries++ < 20, 'it is always too quick')
      assert.deepEqual([await uploads(), await collect(blobs.list(''))], [[], []])
    })
    test('a connection that breaks is taken up again, at the byte where it broke', async () => {
      const bucket = await server.makeBucket()
      const way = await cuttableWay()
      const blobs = await open({ bucket, endpoint: way.endpoint })
      await blobs.put('large', bytes)
      way.cutAfter(3_000_000, 3)
      assert.ok((await buffer(blobs.read('large'))).equals(bytes))
      assert.equal(way.timesLeft(), 0)
      way.cutAfter(1_000_000, 1)
      const range = { start: 1_000_001, end: 9_000_000 }
      assert.ok((await buffer(blobs.read('large', range))).equals(bytes.subarray(range.start, range.end)))
    })
    test('what was replaced meanwhile is not joined to what was before', async () => {
      const bucket = await server.makeBucket()
      const way = await cuttableWay()
      const blobs = await open({ bucket, endpoint: way.endpoint })
      await blobs.put('large', bytes)
      way.cutAfter(6_000_000, 1)
      const reading = blobs.read('large')
      await new Promise((resolve) => reading.once('readable', resolve))
      await (await open({ bucket })).put('large', randomBytes(bytes.length))
      await assert.rejects(buffer(reading), status(503, 'storage_unavailable'))
    })
    test('a reader that leaves frees its connection', async () => {
      const blobs = await open()
      await blobs.put('large', bytes)
      for (let i = 0; i < 20; i++) {
        const reading = blobs.read('large')
        await new Promise((resolve) => reading.once('readable', resolve))
        reading.destroy()
      }
      assert.ok((await buffer(blobs.read('large'))).equals(bytes))
    })
  })

  test('lists go on over pages, and leave out what is no key of ours', async () => {
    const bucket = await server.makeBucket()
    const blobs = await open({ bucket })
    const client = raw()
    const names = Array.from({ length: 1_005 }, (_, i) => `page/${String(i).padStart(4, '0')}`)
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(
        names
          .slice(i, i + 50)
          .map((Key) => client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key, ContentLength: 0 }))),
      )
    for (const Key of ['page/Upper', 'page/.hidden'])
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }))
    assert.deepEqual(
      (await collect(blobs.list('page/'))).map((entry) => entry.key),
      names,
    )
  })

  test('an object that another program put there has a hash, too', async () => {
    const bucket = await server.makeBucket()
    const blobs = await open({ bucket })
    await raw().send(new sdk.PutObjectCommand({ Bucket: bucket, Key: 'a/moved', Body: 'moved here' }))
    assert.equal((await blobs.stat('a/moved'))?.sha256, sha256Of(Buffer.from('moved here')))
    assert.equal((await blobs.stat('a/moved'))?.sizeBytes, 10)
  })

  test('a link opens one blob to anybody, under the name it was given, until it is touched', async () => {
    const bucket = await server.makeBucket()
    const blobs = await open({ bucket })
    await blobs.put('a/song', Buffer.from('0123456789'))
    const named = { expiresSec: 60, contentType: 'audio/flac', disposition: 'attachment; filename="x.flac"' }
    const link = (await blobs.presign('a/song', named)) ?? ''
    const answer = await fetch(link, { headers: { range: 'bytes=2-4' } })
    assert.deepEqual([answer.status, await answer.text()], [206, '234'])
    assert.equal(answer.headers.get('content-type'), 'audio/flac')
    assert.equal(answer.headers.get('content-disposition'), named.disposition)
    assert.ok(!link.includes(server.secretKey))
    assert.equal((await fetch(link.replace('a/song', 'a/other'))).status, 403)
    assert.equal((await fetch(link.split('?')[0] ?? '')).status, 403)
    const outside = await open({ bucket, publicEndpoint: 'https://files.example.org' })
    assert.match((await outside.presign('a/song', { expiresSec: 60 })) ?? '', /^https:\/\/files\.example\.org\/bucket/)
  })

  describe('copies for programs', () => {
    test('are whole while held, brought once for all, and bounded when nobody holds them', async () => {
      const o = await options()
      const blobs = await createBlobs({ dir: '', s3: o })
      opened.push(blobs)
      for (const n of [1, 2, 3, 4]) await blobs.put(`a/${n}`, content(n))
      const path = (n: number) => blobs.localPath(`a/${n}`)
      const releases = await Promise.all([1, 1, 1, 2, 3, 4].map((n) => blobs.holdPath(path(n))))
      for (const n of [1, 2, 3, 4]) assert.ok((await readFile(path(n))).equals(content(n)))
      for (const release of releases) release()
      for (const release of releases) release()
      while ((await filesIn(o.copiesDir)).length !== 2) await new Promise((resolve) => setTimeout(resolve, 5))
      assert.deepEqual(await filesIn(o.copiesDir), ['3', '4'], 'the longest unused went')
      const again = await blobs.holdPath(path(1))
      assert.ok((await readFile(path(1))).equals(content(1)))
      again()
      await blobs.delete('a/1')
      await assert.rejects(readFile(path(1)), /ENOENT/)
      await assert.rejects(blobs.holdPath(path(1)), status(404, 'not_found'))
      const none = await blobs.holdPath('/etc/hostname')
      none()
    })
    test('of a former process are taken over, or brought anew when they are not whole', async () => {
      const o = await options()
      const first = await createBlobs({ dir: '', s3: o })
      await first.put('a/1', content(1))
      ;(await first.holdPath(first.localPath('a/1')))()
      await first.close()
      const { truncate } = await import('node:fs/promises')
      await truncate(first.localPath('a/1'), 10)
      const second = await createBlobs({ dir: '', s3: o })
      opened.push(second)
      const release = await second.holdPath(second.localPath('a/1'))
      assert.ok((await readFile(second.localPath('a/1'))).equals(content(1)))
      await rm(second.localPath('a/1'))
      release()
      ;(await second.holdPath(second.localPath('a/1')))()
      assert.ok((await readFile(second.localPath('a/1'))).equals(content(1)))
    })
  })

  describe('a store that fails', () => {
    test('that is away: 503 for every call, and the check says so', async () => {
      const blobs = await open({ endpoint: 'http://127.0.0.1:9', bucket: 'any' })
      const away = status(503, 'storage_unavailable')
      await assert.rejects(blobs.put('a', Buffer.from('x')), away)
      await assert.rejects(blobs.stat('a'), away)
      await assert.rejects(blobs.bytes('a'), away)
      await assert.rejects(buffer(blobs.read('a')), away)
      await assert.rejects(blobs.delete('a'), away)
      await assert.rejects(collect(blobs.list('')), away)
      await assert.rejects(blobs.holdPath(blobs.localPath('a')), away)
      const { ok, detail } = await blobs.check()
      assert.equal(ok, false)
      assert.match(detail ?? '', /bucket any: no answer/)
    })
    test('that refuses the key or has no such bucket: the check says which; no log line knows a secret', async () => {
      const bucket = await server.makeBucket()
      const wrong = await open({ bucket, secretKey: 'a-wrong-secret-nobody-may-read' })
      await assert.rejects(wrong.put('a', Buffer.from('x')), status(503, 'storage_unavailable'))
      assert.match((await wrong.check()).detail ?? '', /refuses the key/)
      const none = await open({ bucket: 'no-such-bucket' })
      assert.match((await none.check()).detail ?? '', /no such bucket/)
      await assert.rejects(none.put('a', Buffer.from('x')), status(503, 'storage_unavailable'))
      const said = JSON.stringify(log.lines)
      assert.ok(log.lines.length > 0)
      for (const secret of [server.secretKey, server.accessKey, 'a-wrong-secret', 'Signature=', 'AWS4'])
        assert.ok(!said.includes(secret), secret)
    })
  })
})
