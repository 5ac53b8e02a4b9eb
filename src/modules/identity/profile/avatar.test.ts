import assert from 'node:assert/strict'
import { readdir, readFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { type Answer, type Client, startTestApp, type TestApp } from '#kernel/testing.ts'
import identity from '#modules/identity/index.ts'
import { png, pngBomb } from '#test/fixtures/audio.ts'

const MIB = 1024 ** 2
const PLACE = 'Somewhere in particular'
const RED = [220, 30, 30] as const
const BLUE = [30, 30, 220] as const

/** Left half red, right half blue, lying on its side, with a place and a camera in it. */
async function photo(): Promise<Buffer> {
  const blue = png(300, 400, [...BLUE])
  return sharp(png(600, 400, [...RED]))
    .composite([{ input: blue, left: 300, top: 0 }])
    .jpeg({ quality: 95 })
    .withExif({ IFD0: { Copyright: PLACE, Model: 'Camera' }, IFD3: { GPSLatitude: '51/1 30/1 0/1' } })
    .withMetadata({ orientation: 6 })
    .toBuffer()
}
const moving = (format: 'gif' | 'webp'): Promise<Buffer> => {
  const frames = Buffer.alloc(20 * 40 * 3, 1).fill(200, 0, 20 * 20 * 3)
  return sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } })
    .toFormat(format)
    .toBuffer()
}
const formOf = (field: string, bytes: Uint8Array): FormData => {
  const form = new FormData()
  form.set('caption', 'me')
  form.set(field, new Blob([Uint8Array.from(bytes)], { type: 'application/pdf' }), '../../etc/passwd.exe')
  form.set('after', 'too')
  return form
}
/** In parts, so that no length is announced. */
const chunked = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(to) {
      for (let at = 0; at < bytes.length; at += 65_536) to.enqueue(bytes.subarray(at, at + 65_536))
      to.close()
    },
  })

describe('pictures of people', () => {
  let t: TestApp
  let user: Client
  let stranger: Client
  before(async () => {
    t = await startTestApp({ modules: [identity] })
    user = await t.as('user')
    stranger = await t.as('stranger')
  })
  after(() => t.stop())

  async function put(who: Client, body: unknown, type?: string): Promise<Pick<Answer, 'status' | 'body' | 'text'>> {
    const answer = await fetch(`${t.url}/api/v1/users/me/avatar`, {
      method: 'PUT',
      headers: {
        ...(who.token ? { authorization: `Bearer ${who.token}` } : {}),
        ...(type ? { 'content-type': type } : {}),
      },
      ...(body === undefined ? {} : { body: body as ArrayBuffer, duplex: 'half' as const }),
    })
    const text = await answer.text()
    return { status: answer.status, text, body: JSON.parse(text) as Answer['body'] }
  }
  const get = (path: string, headers: Record<string, string> = {}) => fetch(t.url + path, { headers })
  const kept = async () =>
    (await readdir(join(t.dataDir, 'blobs', 'identity', 'avatars')).catch(() => [])).filter((f) => !f.startsWith('.'))
  const noneLeft = () => t.eventually(async () => (await kept()).length === 0, 'the pictures to be removed')

  test('a photo stands upright, is square, and tells neither place nor camera', async () => {
    const bytes = await photo()
    assert.ok(bytes.includes(PLACE))
    const answer = await put(user, bytes, 'text/html')
    assert.equal(answer.status, 200, answer.text)
    assert.match(answer.body.avatarUrl, new RegExp(`^/api/v1/users/${user.userId}/avatar\\?v=[0-9a-f]{12}$`))
    assert.deepEqual((await user.get('/users/me')).body, answer.body)
    const sent = await get(answer.body.avatarUrl)
    const picture = Buffer.from(await sent.arrayBuffer())
    const { width, height, exif, format, orientation } = await sharp(picture).metadata()
    assert.deepEqual(
      { width, height, exif, format, orientation },
      { width: 256, height: 256, exif: undefined, format: 'jpeg', orientation: undefined },
    )
    const at = async (x: number, y: number) => [
      ...(await sharp(picture).extract({ left: x, top: y, width: 1, height: 1 }).raw().toBuffer()),
    ]
    // Turned by a quarter: what was left is on top.
    const [top, bottom] = [await at(128, 20), await at(128, 236)]
    for (const [i, expected] of RED.entries()) assert.ok(Math.abs((top[i] ?? 0) - expected) < 30, top.join())
    for (const [i, expected] of BLUE.entries()) assert.ok(Math.abs((bottom[i] ?? 0) - expected) < 30, bottom.join())
    for (const name of await kept()) {
      const blob = await readFile(join(t.dataDir, 'blobs', 'identity', 'avatars', name))
      assert.ok(!blob.includes(PLACE) && !blob.includes('Exif'), name)
      assert.ok(!name.includes(user.userId))
    }
  })

  test('each form of sending it: a body of any type or none, a part of a form', async () => {
    for (const [body, type] of [
      [png(40, 80), 'image/png'],
      [await sharp(png(80, 40)).webp().toBuffer(), undefined],
      [await sharp(png(64, 64)).avif({ effort: 0 }).toBuffer(), 'application/json'],
      [await sharp(png(9, 9)).gif().toBuffer(), 'application/x-www-form-urlencoded'],
      [formOf('avatar', png(50, 50)), undefined],
      [formOf('image', png(50, 50)), undefined],
      [chunked(png(300, 300)), 'image/png'],
    ] as const) {
      const before = (await user.get('/users/me')).body.avatarUrl
      const answer = await put(user, body, type)
      assert.equal(answer.status, 200, answer.text)
      assert.notEqual(answer.body.avatarUrl, before)
      assert.equal((await get(answer.body.avatarUrl)).status, 200)
    }
  })

  test('in the size and format that is asked for, and kept by who has it', async () => {
    await put(user, png(700, 900))
    const url = `/api/v1/users/${user.userId}/avatar`
    for (const [size, accept, side, type] of [
      ['', '*/*', 256, 'image/jpeg'],
      ['?size=16', 'image/webp', 64, 'image/webp'],
      ['?size=65', 'image/avif', 128, 'image/avif'],
      ['?size=512', 'image/avif,image/webp,*/*', 512, 'image/webp'],
      ['?size=2048', 'text/html', 512, 'image/jpeg'],
    ] as const) {
      const answer = await get(url + size, { accept })
      assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, type])
      assert.equal(answer.headers.get('vary')?.includes('Accept'), true)
      const { width, height } = await sharp(await answer.arrayBuffer()).metadata()
      assert.deepEqual([width, height], [side, side])
      const etag = answer.headers.get('etag') ?? ''
      assert.equal((await get(url + size, { accept, 'if-none-match': etag })).status, 304)
      assert.notEqual((await get(`${url}?size=300`, { accept: 'image/avif', 'if-none-match': etag })).status, 304)
    }
    const { avatarUrl } = (await user.get('/users/me')).body
    assert.equal((await get(avatarUrl)).headers.get('cache-control'), 'private, max-age=31536000, immutable')
    assert.equal((await get(url)).headers.get('cache-control'), 'private, max-age=300, must-revalidate')
    const small = await put(user, png(30, 20))
    const { width, height } = await sharp(await (await get(small.body.avatarUrl)).arrayBuffer()).metadata()
    assert.deepEqual([width, height], [20, 20], 'never enlarged')
  })

  test('what is no picture of a person is refused, and the picture before stays', async () => {
    const before = (await user.get('/users/me')).body
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="/etc/passwd"/></svg>'
    const refused: [string, unknown, string | undefined, number, string][] = [
      ['nothing', undefined, undefined, 400, 'upload_missing'],
      ['no bytes', '', 'image/png', 400, 'upload_missing'],
      ['text', 'I am a picture', 'image/png', 415, 'image_unsupported'],
      ['a drawing', svg, 'image/svg+xml', 415, 'image_unsupported'],
      ['JSON', '{"avatar":"x"}', 'application/json', 415, 'image_unsupported'],
      ['a program', Buffer.from('MZ\u0090\u0000'), 'image/gif', 415, 'image_unsupported'],
      [
        'the beginning of one',
        Buffer.concat([png(9, 9).subarray(0, 8), Buffer.alloc(2000, 7)]),
        'image/png',
        422,
        'image_unreadable',
      ],
      ['half of one', png(300, 300).subarray(0, 500), 'image/png', 422, 'image_unreadable'],
      ['more pixels than there is memory', pngBomb(), 'image/png', 422, 'image_too_large'],
      ['a GIF that moves', await moving('gif'), 'image/gif', 422, 'image_animated'],
      ['a WebP that moves', await moving('webp'), 'image/webp', 422, 'image_animated'],
      ['too many bytes', Buffer.concat([png(9, 9), Buffer.alloc(10 * MIB)]), 'image/png', 413, 'body_too_large'],
      [
        'too many, unannounced',
        chunked(Buffer.concat([png(9, 9), Buffer.alloc(10 * MIB)])),
        'image/png',
        413,
        'body_too_large',
      ],
      ['too many in a form', formOf('avatar', Buffer.alloc(10 * MIB + 1)), undefined, 413, 'body_too_large'],
      ['another field', formOf('file', png(9, 9)), undefined, 400, 'upload_missing'],
      ['a form without a boundary', png(9, 9), 'multipart/form-data', 400, 'bad_multipart'],
      [
        'a form that is cut',
        '--x\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\nabc',
        'multipart/form-data; boundary=x',
        400,
        'bad_multipart',
      ],
    ]
    for (const [what, body, type, status, code] of refused) {
      const answer = await put(user, body, type)
      assert.deepEqual([answer.status, answer.body.code], [status, code], `${what}: ${answer.text}`)
    }
    assert.deepEqual((await user.get('/users/me')).body, before)
    assert.equal((await put(t.nobody, png(9, 9), 'image/png')).status, 401)
  })

  test('of one person comes one at a time; a client that goes away frees its place', async () => {
    const leaving = new AbortController()
    const slow = fetch(`${t.url}/api/v1/users/me/avatar`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${user.token}` },
      body: new ReadableStream({ start: (to) => to.enqueue(png(9, 9)) }),
      duplex: 'half',
      signal: leaving.signal,
    }).catch(() => 'left')
    await t.eventually(
      async () => (await put(user, png(9, 9))).body.code === 'rate_limited',
      'the second to be refused',
    )
    assert.equal((await put(stranger, png(9, 9))).status, 200)
    leaving.abort()
    assert.equal(await slow, 'left')
    await t.eventually(async () => (await put(user, png(9, 9))).status === 200, 'the place to be free')
    await stranger.delete('/users/me/avatar')
  })

  test('two people with the same picture share nothing: the one goes, the other stays', async () => {
    const bytes = png(64, 64)
    const [a, b] = [await put(user, bytes), await put(stranger, bytes)]
    assert.equal((await user.delete('/users/me/avatar')).status, 204)
    assert.equal((await user.delete('/users/me/avatar')).status, 204, 'once more')
    assert.equal((await user.get('/users/me')).body.avatarUrl, null)
    assert.equal((await get(a.body.avatarUrl)).status, 404)
    assert.equal((await get(b.body.avatarUrl)).status, 200)
    await stranger.delete('/users/me/avatar')
    await noneLeft()
  })

  test('only the picture of now is kept, with what was made from it', async () => {
    for (let i = 0; i < 3; i++) {
      const { avatarUrl } = (await put(user, png(64 + i, 64))).body
      await get(`${avatarUrl}&size=64`)
    }
    const { rows } = await t.app.ports.db.pool.query<{ avatar: string }>(
      'select avatar from identity.users where id = $1',
      [user.userId],
    )
    const expected = [rows[0]?.avatar, `${rows[0]?.avatar}-64.jpeg`]
    await t.eventually(async () => (await kept()).join() === expected.join(), 'the former pictures to be removed')
  })

  test('hidden with its owner: by an admin for all, by a block between two', async () => {
    const { avatarUrl } = (await put(user, png(64, 64))).body
    await user.put(`/blocks/${stranger.userId}`)
    const seen = async (who: Client) =>
      (await get(avatarUrl, who.token ? { authorization: `Bearer ${who.token}` } : {})).status
    assert.deepEqual([await seen(stranger), await seen(user), await seen(t.nobody)], [404, 200, 200])
    await user.delete(`/blocks/${stranger.userId}`)
    const block = (is: boolean) =>
      t.app.ports.db.pool.query('update identity.users set is_blocked = $2 where id = $1', [user.userId, is])
    await block(true)
    assert.deepEqual([await seen(stranger), await seen(t.nobody)], [404, 404])
    await block(false)
    await user.delete('/users/me/avatar')
    await noneLeft()
  })

  test('what a killed upload left is swept, what is in use or new is not', async () => {
    const { blobs } = t.app.ports
    const { avatarUrl } = (await put(user, png(64, 64))).body
    const [mine] = await kept()
    const old = 'ab'.repeat(16)
    const young = 'cd'.repeat(16)
    for (const key of [old, `${old}-64.webp`, young]) await blobs.put(`identity/avatars/${key}`, png(2, 2))
    const yesterday = new Date(Date.now() - 86_400_000)
    for (const name of [mine as string, old, `${old}-64.webp`])
      await utimes(join(t.dataDir, 'blobs', 'identity', 'avatars', name), yesterday, yesterday)
    const { running } = t.app.wired.find((w) => w.module.name === 'identity') ?? assert.fail()
    await running.cron?.find((c) => c.name === 'identity.sweep-pictures')?.run(new AbortController().signal)
    assert.deepEqual(await kept(), [mine, young].sort())
    assert.equal((await get(avatarUrl)).status, 200)
  })
})
