import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { UploadOptions } from 'tus-js-client'
import type { Client } from '#kernel/testing.ts'
import { type Catalog, mp3, startCatalog } from '#modules/catalog/testing.ts'
import { png, wavTone } from '#test/fixtures/audio.ts'
import { begin, fragileLine, metadataOf, patchAt, sendByTus, settledUpload, sha256, tus } from './testing.ts'

const MAX_BYTES = 8 * 1024 ** 2
let c: Catalog
let user: Client
let stranger: Client
let url: string
before(async () => {
  c = await startCatalog({ config: { uploadMaxBytes: MAX_BYTES, corsOrigins: ['https://app.example.org'] } })
  user = await c.app.as('user')
  stranger = await c.app.as('stranger')
  url = c.app.url
})
after(() => c.app.stop())

const parts = (): Promise<string[]> => readdir(join(c.app.dataDir, 'uploads')).catch(() => [])
const sql = (text: string, values: unknown[] = []) => c.app.app.ports.db.pool.query(text, values)
const offsetOf = async (id: string) => (await tus(url, user, 'HEAD', `/${id}`)).headers.get('upload-offset')
const digest = (text: string) => Buffer.from(sha256(Buffer.from(text)), 'hex').toString('base64')

describe('the tus client', () => {
  test('sends a file whole, in pieces, with the first bytes at once, and without saying how long it is', async () => {
    const ways: Record<string, UploadOptions> = {
      whole: {},
      pieces: { chunkSize: 100_000 },
      'at once': { uploadDataDuringCreation: true },
      'length later': { uploadLengthDeferred: true, chunkSize: 150_000 },
      'old base': { endpoint: `${url}/api/upload/files` },
      'by POST': { overridePatchMethod: true },
    }
    for (const [i, [way, options]] of Object.entries(ways).entries()) {
      const bytes = wavTone({ sec: 3 + i / 10, hz: 400 })
      const done = await settledUpload(c.app, user, await sendByTus(url, user, bytes, options))
      const { error, checksum, sizeBytes, receivedBytes, fileName } = done
      const want = [null, sha256(bytes), bytes.length, bytes.length, 'tone.wav']
      assert.deepEqual([error, checksum, sizeBytes, receivedBytes, fileName], want, way)
      assert.equal((await user.get(`/songs/${done.songId}`)).status, 200, way)
    }
  })

  test('goes on wherever the line breaks, and every byte is the same', async () => {
    const bytes = wavTone({ sec: 60, hz: 700 })
    // The first bytes of a line are headers; some lines break before they have carried any of the file.
    const line = await fragileLine(() => url, { bearsBytes: () => Math.floor(Math.random() * 300_000) })
    try {
      const id = await sendByTus(line.url, user, bytes, { retryDelays: Array.from({ length: 500 }, () => 1) })
      assert.ok(line.breaks() >= 10, `${line.breaks()} breaks`)
      const done = await settledUpload(c.app, user, id)
      assert.deepEqual([done.error, done.checksum], [null, sha256(bytes)])
    } finally {
      await line.close()
    }
  })

  test('many at once, of one person and of two, come each as they were sent', async () => {
    const all = Array.from({ length: 8 }, (_, i) => ({
      who: i % 2 ? user : stranger,
      bytes: wavTone({ sec: 5, hz: 300 + i }),
    }))
    const line = await fragileLine(() => url, { bearsBytes: () => 50_000 + Math.floor(Math.random() * 400_000) })
    try {
      const retryDelays = Array.from({ length: 500 }, () => 1)
      const ids = await Promise.all(all.map(({ who, bytes }) => sendByTus(line.url, who, bytes, { retryDelays })))
      for (const [i, { who, bytes }] of all.entries())
        assert.equal((await settledUpload(c.app, who, String(ids[i]))).checksum, sha256(bytes))
    } finally {
      await line.close()
    }
  })

  test('what it says of the song counts; a plain user publishes nothing', async () => {
    const artist = await c.app.as('artist')
    for (const [who, isPublic] of [
      [user, false],
      [artist, true],
    ] as const) {
      const metadata = {
        filename: 'x.mp3',
        filetype: 'image/png',
        title: 'Titel Ä',
        artist: 'A; B',
        album: 'Al',
        isPublic: 'true',
      }
      const id = await sendByTus(url, who, mp3({ audio: 'of fields' }), { metadata })
      const { songId } = await settledUpload(c.app, who, id)
      const song = (await who.get(`/songs/${songId}`)).body
      assert.deepEqual([song.title, song.artist, song.album.title, song.isPublic], ['Titel Ä', 'A; B', 'Al', isPublic])
    }
  })

  test('createSong=false keeps the bytes for POST /songs', async () => {
    const id = await sendByTus(url, user, mp3({ audio: 'kept for later' }), { metadata: { createSong: 'false' } })
    const done = await settledUpload(c.app, user, id)
    assert.deepEqual([done.status, done.songId, done.progress], ['completed', null, 1])
    assert.ok(done.expiresAt)
    assert.equal((await stranger.post('/songs', { uploadId: id })).status, 404)
    const song = await user.post('/songs', { uploadId: id, title: 'Later' })
    assert.deepEqual([song.status, song.body.title], [201, 'Later'], song.text)
    assert.equal((await user.get(`/upload/status/${id}`)).body.songId, song.body.id)
  })

  test('pictures, too', async () => {
    const id = await sendByTus(url, user, png(50, 40), { metadata: { kind: 'image' } })
    const done = await settledUpload(c.app, user, id)
    assert.deepEqual([done.status, done.kind, done.error], ['completed', 'image', null])
    const bad = await sendByTus(url, user, mp3({ audio: 'no picture' }), { metadata: { kind: 'image' } })
    assert.equal((await settledUpload(c.app, user, bad)).error?.code, 'image_unsupported')
  })
})

describe('the protocol', () => {
  test('OPTIONS says what the server speaks, to other origins too', async () => {
    for (const path of ['/api/v1/upload/files', '/api/upload/files/018f0000-0000-7000-8000-000000000000']) {
      const { status, headers } = await tus(url, { token: '' }, 'OPTIONS', path)
      assert.equal(status, 204)
      assert.equal(headers.get('tus-version'), '1.0.0')
      for (const extension of [
        'creation',
        'creation-with-upload',
        'creation-defer-length',
        'expiration',
        'termination',
        'checksum',
      ])
        assert.ok(headers.get('tus-extension')?.split(',').includes(extension), extension)
    }
    assert.equal((await tus(url, user, 'OPTIONS', '/api/v1/songs')).headers.get('tus-version'), null)
    const origin = 'https://app.example.org'
    const asked = {
      origin,
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'tus-resumable,upload-offset',
    }
    const preflight = await tus(url, { token: '' }, 'OPTIONS', '', { headers: asked })
    assert.match(String(preflight.headers.get('access-control-allow-methods')), /PATCH/)
    assert.match(String(preflight.headers.get('access-control-allow-headers')), /upload-offset/)
    const made = await tus(url, user, 'POST', '', { headers: { origin, 'upload-length': '5' } })
    assert.equal(made.status, 201)
    assert.equal(made.headers.get('access-control-allow-origin'), origin)
    for (const name of ['Location', 'Upload-Offset', 'Tus-Resumable', 'Upload-Expires'])
      assert.ok(made.headers.get('access-control-expose-headers')?.includes(name), name)
    assert.match(String(made.headers.get('location')), /^\/api\/v1\/upload\/files\/[0-9a-f-]{36}$/)
  })

  test('a request of another version, without an offset, or without a length is refused', async () => {
    const id = await begin(url, user, 10)
    const old = await tus(url, user, 'HEAD', `/${id}`, { headers: { 'tus-resumable': '0.2.2' } })
    assert.equal(old.status, 412)
    assert.equal(old.headers.get('tus-version'), '1.0.0')
    const cases: [string, string, Record<string, string>, number, string][] = [
      ['POST', '', { 'tus-resumable': '2.0.0', 'upload-length': '5' }, 412, 'tus_version'],
      ['POST', '', {}, 400, 'bad_tus_request'],
      ['POST', '', { 'upload-length': '-5' }, 400, 'bad_tus_request'],
      ['POST', '', { 'upload-length': '5', 'upload-defer-length': '1' }, 400, 'bad_tus_request'],
      ['POST', '', { 'upload-length': '5', 'upload-concat': 'partial' }, 400, 'bad_tus_request'],
      ['POST', '', { 'upload-length': '0' }, 400, 'upload_empty'],
      ['POST', '', { 'upload-length': String(MAX_BYTES + 1) }, 413, 'body_too_large'],
      ['PATCH', `/${id}`, {}, 400, 'bad_tus_request'],
      ['PATCH', `/${id}`, { 'upload-offset': '1.5' }, 400, 'bad_tus_request'],
      ['POST', `/${id}`, { 'upload-offset': '0' }, 405, 'method_not_allowed'],
    ]
    for (const [method, path, headers, status, code] of cases) {
      const body = method === 'PATCH' ? { body: Buffer.from('abc') } : {}
      const answer = await tus(url, user, method, path, { headers, ...body })
      assert.deepEqual(
        [answer.status, answer.body.code],
        [status, code],
        `${method} ${JSON.stringify(headers)} ${answer.text}`,
      )
    }
    assert.equal(await offsetOf(id), '0')
  })

  test('a wrong offset is 409, more than was told 413, and neither changes anything', async () => {
    const id = await begin(url, user, 10)
    assert.equal(
      (await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: Buffer.from('12345') })).status,
      204,
    )
    const wrong = await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(3), body: Buffer.from('45') })
    assert.deepEqual([wrong.status, wrong.body.code], [409, 'offset_mismatch'])
    const long = await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(5), body: Buffer.alloc(6) })
    assert.deepEqual([long.status, long.body.code], [413, 'body_too_large'])
    const endless = new ReadableStream<Uint8Array>({ pull: (x) => x.enqueue(new Uint8Array(64 * 1024)) })
    const answer = await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(5), body: endless }).catch(
      () => undefined,
    )
    assert.ok(answer === undefined || answer.status === 413)
    assert.ok(Number(await offsetOf(id)) <= 10)
  })

  test('a length that is told later is bounded, too', async () => {
    const made = await tus(url, user, 'POST', '', { headers: { 'upload-defer-length': '1' } })
    const path = `/${made.headers.get('location')?.split('/').at(-1)}`
    assert.equal((await tus(url, user, 'HEAD', path)).headers.get('upload-defer-length'), '1')
    const more = { ...patchAt(0), 'upload-length': String(MAX_BYTES + 1) }
    const refused = await tus(url, user, 'PATCH', path, { headers: more, body: Buffer.from('abc') })
    assert.deepEqual([refused.status, refused.body.code], [413, 'body_too_large'])
    let sent = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(x) {
        sent += 256 * 1024
        x.enqueue(new Uint8Array(256 * 1024))
      },
    })
    await tus(url, user, 'PATCH', path, { headers: patchAt(0), body: endless }).catch(() => undefined)
    assert.ok(sent < MAX_BYTES + 64 * 1024 ** 2, `${sent}`)
    assert.ok(Number((await tus(url, user, 'HEAD', path)).headers.get('upload-offset')) <= MAX_BYTES)
  })

  test('metadata is told back, and bounded; what is no metadata is refused', async () => {
    const said = metadataOf({ filename: 'a b.wav', filetype: 'audio/wav', other: 'x' })
    const made = await tus(url, user, 'POST', '', { headers: { 'upload-length': '5', 'upload-metadata': said } })
    const path = `/${made.headers.get('location')?.split('/').at(-1)}`
    assert.equal((await tus(url, user, 'HEAD', path)).headers.get('upload-metadata'), said)
    for (const metadata of [
      metadataOf({ filename: 'x'.repeat(4000) }),
      Array.from({ length: 1000 }, (_, i) => `k${i}`).join(','),
      'filename not-base64!',
      metadataOf({ title: 'a\0b' }),
      metadataOf({ title: 'x'.repeat(501) }),
      metadataOf({ isPublic: 'perhaps' }),
      metadataOf({ kind: 'video' }),
      'a YQ==,a YQ==',
    ]) {
      const answer = await tus(url, user, 'POST', '', {
        headers: { 'upload-length': '5', 'upload-metadata': metadata },
      })
      assert.equal(answer.status, 400, metadata.slice(0, 60))
    }
  })

  test('a checksum is compared before anything counts', async () => {
    const id = await begin(url, user, 10)
    const body = Buffer.from('12345')
    const send = (checksum: string) =>
      tus(url, user, 'PATCH', `/${id}`, { headers: { ...patchAt(0), 'upload-checksum': checksum }, body })
    assert.deepEqual([(await send(`sha256 ${digest('other')}`)).status, await offsetOf(id)], [460, '0'])
    assert.equal((await send('crc32 AAAA')).status, 400)
    assert.deepEqual([(await send(`sha256 ${digest('12345')}`)).status, await offsetOf(id)], [204, '5'])
  })

  test('the file of a broken request ends where its offset says', async () => {
    const id = await begin(url, user, 3_000_000)
    const control = new AbortController()
    const slow = new ReadableStream<Uint8Array>({
      async pull(x) {
        if (control.signal.aborted) return x.close()
        x.enqueue(new Uint8Array(50_000).fill(7))
        await sleep(20)
      },
    })
    const sent = fetch(`${url}/api/v1/upload/files/${id}`, {
      method: 'PATCH',
      headers: {
        'tus-resumable': '1.0.0',
        authorization: `Bearer ${user.token}`,
        ...patchAt(0),
        'content-type': 'application/offset+octet-stream',
      },
      body: slow,
      duplex: 'half',
      signal: control.signal,
    }).catch(() => undefined)
    await c.app.eventually(async () => (await user.get(`/upload/status/${id}`)).body.receivedBytes > 0, 'some bytes')
    const { progress, status } = (await user.get(`/upload/status/${id}`)).body
    assert.equal(status, 'uploading')
    assert.ok(progress > 0 && progress < 0.6)
    control.abort()
    await sent
    const offset = Number(await offsetOf(id))
    assert.ok(offset > 0 && offset < 3_000_000)
    const kept = await readFile(join(c.app.dataDir, 'uploads', `${id}.part`))
    assert.ok(kept.length >= offset && kept.subarray(0, offset).every((byte) => byte === 7))
  })

  test('a second request for the same upload ends the first, and nothing is written twice', async () => {
    const bytes = wavTone({ sec: 4, hz: 330 })
    const id = await begin(url, user, bytes.length)
    // The first never ends by itself: its line is dead.
    const dead = new ReadableStream<Uint8Array>({
      start: (x) => x.enqueue(Uint8Array.from(bytes.subarray(0, 100_000))),
    })
    const first = tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: dead }).catch(() => undefined)
    await c.app.eventually(async () => (await parts()).includes(`${id}.part`), 'the first to begin')
    const offset = Number(await offsetOf(id))
    const second = await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(offset), body: bytes.subarray(offset) })
    assert.equal(second.status, 204)
    await first
    assert.equal((await settledUpload(c.app, user, id)).checksum, sha256(bytes))
  })
})

describe('whose it is', () => {
  test('to everybody else, admins among them, it is not there', async () => {
    const id = await begin(url, user, 10)
    for (const who of [stranger, c.admin]) {
      for (const method of ['HEAD', 'GET', 'DELETE'])
        assert.equal((await tus(url, who, method, `/${id}`)).status, 404, method)
      const answer = await tus(url, who, 'PATCH', `/${id}`, { headers: patchAt(0), body: Buffer.from('x') })
      assert.equal(answer.status, 404)
      assert.equal((await who.get(`/upload/status/${id}`)).status, 404)
      assert.equal((await who.delete(`/upload/${id}`)).status, 404)
      assert.equal((await who.post('/songs', { uploadId: id })).status, 404)
    }
    assert.equal((await tus(url, { token: '' }, 'HEAD', `/${id}`)).status, 401)
    assert.equal(await offsetOf(id), '0')
  })

  test('an API key may with the scope write alone', async () => {
    const key = async (scopes: string[]) =>
      ({ token: String((await user.post('/auth/api-keys', { name: 'k', scopes })).body.key) }) as const
    assert.equal((await tus(url, await key(['read']), 'POST', '', { headers: { 'upload-length': '5' } })).status, 403)
    const writing = await key(['write'])
    const bytes = mp3({ audio: 'by key' })
    const id = await sendByTus(url, writing, bytes, { chunkSize: 1000 })
    assert.equal((await settledUpload(c.app, user, id)).checksum, sha256(bytes))
  })

  test('ids are ids: no path leads anywhere', async () => {
    for (const id of ['..%2f..%2fpasswd', '%252e%252e%252f', 'x', '018f%00', 'a'.repeat(600)])
      for (const method of ['HEAD', 'PATCH', 'DELETE'])
        assert.ok([400, 404, 405, 414].includes((await tus(url, user, method, `/${id}`)).status), `${method} ${id}`)
  })

  test('who cancels it is rid of it', async () => {
    const id = await begin(url, user, 10)
    await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: Buffer.from('12345') })
    assert.ok((await parts()).includes(`${id}.part`))
    assert.equal((await tus(url, user, 'DELETE', `/${id}`)).status, 204)
    assert.equal((await tus(url, user, 'HEAD', `/${id}`)).status, 404)
    assert.ok(!(await parts()).includes(`${id}.part`))
  })

  test('an id in capitals is the same upload, with the same file', async () => {
    const id = await begin(url, user, 10)
    const sent = await tus(url, user, 'PATCH', `/${id.toUpperCase()}`, {
      headers: patchAt(0),
      body: Buffer.from('12345'),
    })
    assert.deepEqual([sent.status, await offsetOf(id)], [204, '5'])
    assert.equal((await tus(url, user, 'DELETE', `/${id.toUpperCase()}`)).status, 204)
    const other = await begin(url, user, 10)
    await tus(url, user, 'PATCH', `/${other}`, { headers: patchAt(0), body: Buffer.from('12345') })
    assert.equal((await user.delete(`/upload/${other.toUpperCase()}`)).status, 204)
    const left = await parts()
    assert.ok(![id, other].some((one) => left.includes(`${one}.part`)))
  })

  test('one that was left alone for too long is gone', async () => {
    const id = await begin(url, user, 10)
    await tus(url, user, 'PATCH', `/${id}`, { headers: patchAt(0), body: Buffer.from('12345') })
    await sql(`update catalog.uploads set expires_at = now() - interval '1 second' where id = $1`, [id])
    for (const method of ['HEAD', 'PATCH'])
      assert.equal((await tus(url, user, method, `/${id}`, { headers: patchAt(5) })).status, 410, method)
  })
})
