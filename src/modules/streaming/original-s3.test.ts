import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { png } from '#test/fixtures/images.ts'
import { needsS3, startS3, type TestS3 } from '#test/servers/s3.ts'
import analysis from '#modules/analysis/index.ts'
import streaming from './index.ts'
import { type Music, makeTune, needsFfmpeg, startMusic } from './testing.ts'

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

describe('uploads in a bucket', { skip: needsFfmpeg.skip || needsS3.skip }, () => {
  let server: TestS3
  let bucket: string
  let music: Music
  let artist: Client
  let tune: Buffer
  let id: string

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tutti-tune-'))
    tune = await readFile(await makeTune(folder, { name: 'far.flac', seconds: 12 }))
    await rm(folder, { recursive: true })
    server = await startS3()
    bucket = await server.makeBucket()
    music = await startMusic(async () => {}, {
      modules: [streaming, analysis],
      config: {
        s3Endpoint: server.endpoint,
        s3Bucket: bucket,
        s3AccessKey: server.accessKey,
        s3SecretKey: server.secretKey,
        s3Redirect: true,
      },
    })
    artist = await music.app.as('artist')
    id = await upload()
  })
  after(async () => {
    await music?.[Symbol.asyncDispose]()
    await server?.stop()
  })

  async function upload(): Promise<string> {
    const body = new FormData()
    body.append('audio', new Blob([Uint8Array.from(tune)]), 'far.flac')
    body.append('image', new Blob([Uint8Array.from(png(200, 200, [90, 10, 10]))]), 'cover.png')
    const headers = { authorization: `Bearer ${artist.token}` }
    const answer = await fetch(`${music.app.url}/api/v1/songs`, { method: 'POST', headers, body })
    const text = await answer.text()
    assert.equal(answer.status, 201, text)
    return (JSON.parse(text) as { id: string }).id
  }
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${music.app.url}/api/v1/songs/${id}${path}`, {
      method,
      headers: { authorization: `Bearer ${artist.token}`, ...headers },
    })
  /** As an app does that is no web page: without the headers of a browser. */
  const asApp = (path: string): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${artist.token}` }
      get(`${music.app.url}/api/v1/songs/${id}${path}`, { headers }, resolve).on('error', reject)
    })
  const inBucket = async (room: string) => (await server.files(bucket)).filter((key) => key.startsWith(room))
  const filesIn = async (folder: string) =>
    (await readdir(join(music.app.dataDir, folder), { recursive: true, withFileTypes: true }).catch(() => []))
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)

  test('lie there and nowhere else', async () => {
    assert.equal((await inBucket('catalog/audio/')).length, 1)
    assert.equal((await inBucket('catalog/covers/')).length, 1)
    assert.deepEqual(await filesIn('blobs'), [])
  })

  test('play whole and in parts, with length, tag and conditions', async () => {
    const whole = await ask('/stream')
    assert.equal(whole.status, 200)
    assert.equal(whole.headers.get('content-length'), String(tune.length))
    assert.ok((await bytesOf(whole)).equals(tune))
    const etag = whole.headers.get('etag') ?? ''
    const part = await ask('/stream', { range: 'bytes=1000-1999', 'if-range': etag })
    assert.equal(part.status, 206)
    assert.equal(part.headers.get('content-range'), `bytes 1000-1999/${tune.length}`)
    assert.ok((await bytesOf(part)).equals(tune.subarray(1000, 2000)))
    assert.equal((await ask('/stream', { 'if-none-match': etag })).status, 304)
    assert.equal((await ask('/stream', { range: `bytes=${tune.length}-` })).status, 416)
    const head = await ask('/stream', {}, 'HEAD')
    assert.deepEqual([head.headers.get('content-length'), head.headers.get('etag')], [String(tune.length), etag])
  })

  test('a web page gets the bytes from us, an app a link to the store that works without any token', async () => {
    const answer = await asApp('/stream')
    answer.resume()
    assert.equal(answer.statusCode, 302)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const link = answer.headers.location ?? ''
    assert.ok(link.startsWith(`${server.endpoint}/${bucket}/catalog/audio/`))
    const followed = await fetch(link, { headers: { range: 'bytes=0-99' } })
    assert.equal(followed.headers.get('content-type'), 'audio/flac')
    assert.ok((await bytesOf(followed)).equals(tune.subarray(0, 100)))
    const nobody = await fetch(`${music.app.url}/api/v1/songs/${id}/stream`, { redirect: 'manual' })
    assert.equal(nobody.status, 401)
  })

  test('are transcoded from a copy, kept in the bucket, and have pictures', async () => {
    const first = await ask('/stream?quality=low')
    const made = await bytesOf(first)
    assert.equal(first.status, 200, made.toString())
    assert.equal(made.length, Number(first.headers.get('content-length')))
    assert.equal((await filesIn('cache/copies/catalog')).length, 1)
    await music.app.eventually(async () => (await inBucket('streaming/renditions/')).length === 1, 'it to be kept')
    assert.ok((await bytesOf(await ask('/stream?quality=low'))).equals(made))
    const cover = await ask('/cover?size=64')
    assert.equal(cover.status, 200)
    assert.ok((await bytesOf(cover)).length > 100)
    assert.equal((await inBucket('streaming/covers/')).length, 1)
  })

  test('are analysed from a copy, and what comes of it lies in the bucket', async () => {
    await music.app.eventually(async () => (await ask('/analysis')).status === 200, 'the analysis', 60_000)
    assert.equal((await ask('/waveform?points=50')).status, 200)
    assert.ok((await inBucket('analysis/')).length > 0)
  })

  test('are told of by the health of the server', async () => {
    const health = (await (await fetch(`${music.app.url}/health`)).json()) as { checks: Record<string, unknown> }
    assert.deepEqual(health.checks['blobs'], { status: 'ok', detail: `bucket ${bucket}` })
  })

  test('go with their song: nothing is left in the bucket, nor of the copy', async () => {
    assert.equal((await artist.delete(`/songs/${id}`)).status, 204)
    assert.equal((await ask('/stream')).status, 404)
    await music.app.eventually(async () => (await server.files(bucket)).length === 0, 'all objects to go')
    assert.deepEqual(await filesIn('cache/copies'), [])
  })
})
