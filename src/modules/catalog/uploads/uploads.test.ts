import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { io } from 'socket.io-client'
import type { Client } from '#kernel/testing.ts'
import { type Catalog, mp3, startCatalog } from '#modules/catalog/testing.ts'
import { mp3Silence, png, pngBomb, wavTone } from '#test/fixtures/audio.ts'
import type { Upload } from './contract.ts'
import { begin, patchAt, sendForm, settledUpload, sha256, tus } from './testing.ts'

let c: Catalog
let user: Client
let stranger: Client
before(async () => {
  c = await startCatalog({ config: { uploadMaxBytes: 4 * 1024 ** 2, uploadImageMaxBytes: 1024 ** 2 } })
  user = await c.app.as('user')
  stranger = await c.app.as('stranger')
})
after(() => c.app.stop())

const files = (room: string): Promise<string[]> =>
  readdir(join(c.app.dataDir, room)).then(
    (all) => all.filter((n) => !n.startsWith('.')),
    () => [],
  )
const sql = async (text: string, values: unknown[] = []) => (await c.app.app.ports.db.pool.query(text, values)).rows
const send = (who: Client, bytes: Uint8Array, fields: Record<string, string> = {}, fileName = 'a.mp3') =>
  sendForm(c.app.url, who, '/upload/audio', { files: [{ name: 'audio', bytes, fileName }], fields })
async function sent(who: Client, bytes: Uint8Array, fields: Record<string, string> = {}): Promise<Upload> {
  const made = await send(who, bytes, fields)
  assert.equal(made.status, 201, made.text)
  return settledUpload(c.app, who, made.body['id'])
}
const sendImage = (who: Client, bytes: Uint8Array) =>
  sendForm(c.app.url, who, '/upload/image', { files: [{ name: 'image', bytes, fileName: 'a.gif' }] })
const isKept = async (upload: Upload) => (await files('blobs/catalog/audio')).includes(String(upload.checksum))
const listen = (who: Client) => io(c.app.url, { transports: ['websocket'], auth: { token: who.token } })
/** What comes back for raw bytes, and whether the server then ends the line. */
const raw = (text: string, more?: Uint8Array): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(c.app.url)
    const socket = connect(Number(port), hostname)
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', () => resolve(answer))
    socket.write(text)
    if (more) socket.end(more)
  })
const head = (length: number) =>
  `POST /api/v1/upload/audio HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${user.token}\r\n` +
  `Content-Type: multipart/form-data; boundary=x\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`

describe('one audio file', () => {
  test('becomes a private song of its owner, with what the file and the person say', async () => {
    const bytes = mp3({ title: 'From the file', artist: 'Somebody', album: 'Where', picture: png(600, 400) })
    const made = await send(user, bytes, { title: 'As I say', isPublic: 'true' }, '../../evil\u202e.mp3')
    assert.equal(made.status, 201, made.text)
    assert.deepEqual([made.body['status'], made.body['fileName']], ['processing', 'evil.mp3'])
    const done = await settledUpload(c.app, user, made.body['id'])
    assert.deepEqual([done.status, done.checksum, done.isDuplicate], ['analyzing', sha256(bytes), false])
    const song = (await user.get(`/songs/${done.songId}`)).body
    assert.deepEqual([song.title, song.artist, song.album.title], ['As I say', 'Somebody', 'Where'])
    assert.deepEqual([song.isPublic, song.ownerId], [false, user.userId])
    assert.ok(song.coverUrl)
    assert.equal((await stranger.get(`/songs/${done.songId}`)).status, 404)
    assert.deepEqual(await files('uploads'), [])
  })

  test('the same bytes make no second song of one person, and are kept once for two', async () => {
    const bytes = mp3({ audio: 'twice' })
    const first = await sent(user, bytes)
    const again = await sent(user, bytes, { title: 'Another name' })
    assert.deepEqual([again.isDuplicate, again.songId], [true, first.songId])
    const other = await sent(stranger, bytes)
    assert.equal(other.isDuplicate, false)
    assert.notEqual(other.songId, first.songId)
    const assets = await sql('select count(*)::int as n from catalog.assets where hash = $1', [first.checksum])
    assert.deepEqual(assets, [{ n: 1 }])
  })

  test('sent many times at once it is one song', async () => {
    const bytes = mp3({ audio: 'at once' })
    const all = await Promise.all(Array.from({ length: 6 }, () => sent(user, bytes)))
    assert.equal(new Set(all.map((u) => u.songId)).size, 1)
    assert.equal(all.filter((u) => !u.isDuplicate).length, 1)
  })

  test('is judged by its content: name and type say nothing', async () => {
    const music = await send(user, mp3({ audio: 'named as a picture' }), {}, 'picture.png')
    assert.equal((await settledUpload(c.app, user, music.body['id'])).error, null)
    for (const [name, bytes] of [
      ['a picture', png(20, 20)],
      ['text', Buffer.from('I am an MP3, really. '.repeat(500))],
      ['a page', Buffer.from('<html><script>alert(1)</script>'.repeat(100))],
      ['a playlist', Buffer.from('#EXTM3U\nfile:///etc/passwd\n')],
    ] as const) {
      const answer = await send(user, bytes)
      assert.deepEqual([answer.status, answer.body['code']], [415, 'audio_unsupported'], name)
    }
    assert.equal((await sendForm(c.app.url, user, '/upload/audio', { files: [] })).body['code'], 'upload_missing')
  })

  test('what cannot be decoded is refused, and nothing of it stays', async () => {
    const whole = mp3Silence({ sec: 20, seed: 3 })
    const ruined = whole.map((byte, i) => (i > 2000 && i % 3000 > 600 ? (i * 7919) & 0xff : byte))
    const made = await send(user, ruined)
    if (made.status === 201) {
      const done = await settledUpload(c.app, user, made.body['id'])
      assert.deepEqual([done.status, done.error?.code], ['failed', 'media_unreadable'])
      assert.ok(!(await isKept(done)))
    } else assert.equal(made.body['code'], 'media_unreadable')
    assert.deepEqual(await files('uploads'), [])
  })

  test('more than one file, an unknown field or a field that is none is refused', async () => {
    const bytes = mp3({ audio: 'fields' })
    const two = [0, 1].map(() => ({ name: 'audio', bytes }))
    assert.equal((await sendForm(c.app.url, user, '/upload/audio', { files: two })).status, 400)
    for (const fields of [{ ownerId: user.userId }, { isPublic: 'perhaps' }, { title: 'a\0b' }])
      assert.equal((await send(user, bytes, fields)).body['code'], 'invalid_input', JSON.stringify(fields))
    assert.deepEqual(await files('temp/forms'), [])
  })

  test('with an Idempotency-Key the second try is answered as the first', async () => {
    const form = {
      files: [{ name: 'audio', bytes: mp3({ audio: 'idempotent' }) }],
      headers: { 'idempotency-key': 'k1' },
    }
    const [a, b] = [
      await sendForm(c.app.url, user, '/upload/audio', form),
      await sendForm(c.app.url, user, '/upload/audio', form),
    ]
    assert.deepEqual([a.status, b.status, b.body['id']], [201, 201, a.body['id']])
  })
})

describe('many files', () => {
  test('each is taken or refused by itself', async () => {
    const good = [mp3({ audio: 'b1' }), wavTone({ sec: 1, hz: 500 })]
    const all = [good[0], Buffer.from('no music '.repeat(100)), good[1]] as Buffer[]
    const answer = await sendForm(c.app.url, user, '/upload/audio/batch', {
      files: all.map((bytes, i) => ({ name: 'audio', bytes, fileName: `${i}.mp3` })),
    })
    assert.equal(answer.status, 201, answer.text)
    const items = answer.body['items'] as Upload[]
    assert.deepEqual(
      items.map((u) => [u.fileName, u.status, u.error?.code]),
      [
        ['0.mp3', 'processing', undefined],
        ['1.mp3', 'failed', 'audio_unsupported'],
        ['2.mp3', 'processing', undefined],
      ],
    )
    for (const i of [0, 2]) assert.ok((await settledUpload(c.app, user, String(items[i]?.id))).songId)
  })

  test('are listed newest first, page after page, and by where they are', async () => {
    const all = (await user.get('/upload?limit=500&count=true')).body
    assert.equal(all.total, all.items.length)
    const ids = (all.items as Upload[]).map((u) => u.id)
    assert.deepEqual(ids, ids.toSorted().toReversed())
    const first = (await user.get('/upload?limit=2')).body
    const second = (await user.get(`/upload?limit=2&cursor=${first.nextCursor}`)).body
    assert.deepEqual(
      [...first.items, ...second.items].map((u: Upload) => u.id),
      ids.slice(0, 4),
    )
    const failed = (await user.get('/upload?status=failed')).body.items as Upload[]
    assert.ok(failed.every((u) => u.status === 'failed'))
    assert.ok((await stranger.get('/upload?limit=500')).body.items.every((u: Upload) => !ids.includes(u.id)))
  })
})

describe('pictures', () => {
  test('are made anew: nothing of the camera, of tools, or behind the end stays', async () => {
    const secret = 'Hildegards garden, 48.1N 11.5E'
    const photo = await sharp(png(3200, 100))
      .jpeg()
      .withExif({ IFD0: { Copyright: secret, Artist: secret } })
      .toBuffer()
    const answer = await sendImage(user, Buffer.concat([photo, Buffer.from(`<script>${secret}</script>`)]))
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.body['status'], 'completed')
    const [row] = await sql('select image_hash as hash from catalog.uploads where id = $1', [answer.body['id']])
    const kept = await c.app.app.ports.blobs.bytes(`catalog/covers/${row?.hash}`)
    assert.ok(kept)
    const { format, width, exif, xmp, icc, iptc } = await sharp(kept).metadata()
    assert.deepEqual([format, width, exif, xmp, icc, iptc], ['webp', 3000, undefined, undefined, undefined, undefined])
    assert.ok(!Buffer.from(kept).includes('Hildegard'))
    assert.equal(sha256(kept), row?.hash)
  })

  test('bombs, animations cut to one frame, pages and too much are dealt with', async () => {
    for (const [bytes, status, code] of [
      [pngBomb(), 422, 'image_too_large'],
      [Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'), 415, 'image_unsupported'],
      [Buffer.from('%PDF-1.7 …'), 415, 'image_unsupported'],
      [mp3({ audio: 'no picture' }), 415, 'image_unsupported'],
      [png(40, 40).subarray(0, 60), 422, 'image_unreadable'],
      [Buffer.alloc(1024 ** 2 + 1), 413, 'body_too_large'],
    ] as const) {
      const answer = await sendImage(user, bytes)
      assert.deepEqual([answer.status, answer.body['code']], [status, code], answer.text)
    }
    assert.deepEqual(await files('uploads'), [])
  })

  test('one of many pixels one way is no higher than it may be', async () => {
    const answer = await sendImage(user, png(10, 9000))
    assert.equal(answer.status, 201, answer.text)
  })
})

describe('what is kept', () => {
  test('goes with the last song that has it, and with its picture', async () => {
    const bytes = mp3({ audio: 'shared', picture: png(70, 70, [1, 2, 3]) })
    const [mine, theirs] = [await sent(user, bytes), await sent(stranger, bytes)]
    const [{ cover }] = (await sql('select cover_hash as cover from catalog.assets where hash = $1', [
      mine.checksum,
    ])) as [{ cover: string }]
    assert.ok((await files('blobs/catalog/covers')).includes(cover))
    assert.equal((await user.delete(`/songs/${mine.songId}`)).status, 204)
    assert.ok(await isKept(mine))
    assert.equal((await user.get(`/upload/status/${mine.id}`)).status, 404)
    assert.equal((await stranger.delete(`/songs/${theirs.songId}`)).status, 204)
    assert.ok(!(await isKept(mine)))
    assert.ok(!(await files('blobs/catalog/covers')).includes(cover))
    assert.deepEqual(await sql('select from catalog.assets where hash = $1', [mine.checksum]), [])
  })

  test('an upload that waits for its song holds its bytes until it is deleted', async () => {
    const waiting = await sent(user, mp3({ audio: 'waiting' }), { createSong: 'false' })
    assert.deepEqual([waiting.status, waiting.songId], ['completed', null])
    assert.ok(await isKept(waiting))
    assert.equal((await user.delete(`/upload/${waiting.id}`)).status, 204)
    assert.ok(!(await isKept(waiting)))
    const song = await sent(user, mp3({ audio: 'song stays' }))
    assert.equal((await user.delete(`/upload/${song.id}`)).status, 204)
    assert.equal((await user.get(`/songs/${song.songId}`)).status, 200)
    assert.ok(await isKept(song))
  })

  test('the same bytes deleted and sent at the same moments are whole wherever a song has them', async () => {
    const bytes = mp3({ audio: 'race', picture: png(33, 33, [9, 9, 9]) })
    for (let i = 0; i < 6; i++) {
      const first = await sent(user, bytes)
      const [, second] = await Promise.all([user.delete(`/songs/${first.songId}`), sent(stranger, bytes)])
      assert.ok(await isKept(second), `round ${i}`)
      const [asset] = await sql('select cover_hash as cover from catalog.assets where hash = $1', [second.checksum])
      assert.ok((await files('blobs/catalog/covers')).includes(asset?.cover), `round ${i}`)
      await stranger.delete(`/songs/${second.songId}`)
    }
    assert.ok(!(await files('blobs/catalog/audio')).includes(sha256(bytes)))
  })
})

describe('progress', () => {
  test('is told to the owner alone, seldom enough, up to the end', async () => {
    const [mine, theirs] = [listen(user), listen(stranger)]
    const told: { upload: Upload; atMs: number }[] = []
    const foreign: string[] = []
    try {
      await Promise.all([mine, theirs].map((s) => new Promise((resolve) => s.once('connect', () => resolve(0)))))
      theirs.on('upload:progress', (upload: Upload) => foreign.push(upload.id))
      mine.on('upload:progress', (upload: Upload) => told.push({ upload, atMs: performance.now() }))
      const bytes = mp3Silence({ sec: 120, seed: 8 })
      const id = await begin(c.app.url, user, bytes.length)
      for (let at = 0; at < bytes.length; at += 100_000)
        await tus(c.app.url, user, 'PATCH', `/${id}`, { headers: patchAt(at), body: bytes.subarray(at, at + 100_000) })
      await c.app.eventually(async () => told.at(-1)?.upload.status === 'analyzing', 'the last word')
    } finally {
      mine.disconnect()
      theirs.disconnect()
    }
    assert.ok(!foreign.some((id) => told.some((t) => t.upload.id === id)))
    const seen = told.map((t) => t.upload.progress)
    assert.deepEqual(
      seen,
      seen.toSorted((a, b) => a - b),
    )
    const seconds = ((told.at(-1)?.atMs ?? 0) - (told[0]?.atMs ?? 0)) / 1000
    assert.ok(told.length <= 4 * seconds + 3, `${told.length} in ${seconds} s`)
  })
})

describe('a body that lies', () => {
  test('about its length, or that ends in the middle, leaves nothing behind', async () => {
    const part = '--x\r\nContent-Disposition: form-data; name="audio"; filename="a.mp3"\r\n\r\n'
    assert.match(await raw(head(10 ** 12) + part), / 413 /)
    await raw(head(100_000) + part, mp3({ audio: 'cut' }))
    await raw(head(50) + part, mp3({ audio: 'longer than told' }))
    await c.app.eventually(async () => (await files('temp/forms')).length === 0, 'the temporary files to go')
    assert.deepEqual(await files('uploads'), [])
  })
})
