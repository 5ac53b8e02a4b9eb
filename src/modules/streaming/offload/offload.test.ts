import assert from 'node:assert/strict'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { png } from '#test/fixtures/images.ts'
import { type Nginx, needsNginx, startNginx } from '#test/servers/nginx.ts'
import { type Music, makeTune, needsFfmpeg, startMusic } from '../testing.ts'

/** Names that a path, a header or an address could trip over; the songs are called by their number. */
const NAMES = [
  'plain.flac',
  '100% of it %2e%2e.flac',
  'what? #1 & more + ü.flac',
  'dots.. and ... more..flac',
  'new\nline "quoted" \\ back.flac',
]
const NOT_UTF8 = Buffer.from([0x61, 0xff, 0xe4, 0x2e, 0x77, 0x61, 0x76])
/** What nginx says in its own words, and what differs from one request to the next. */
const VOLATILE = /^(date|server|connection|keep-alive|x-request-id|ratelimit.*|transfer-encoding)$/

const stable = ({ headers }: Response) => Object.fromEntries([...headers].filter(([name]) => !VOLATILE.test(name)))
const bodyOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const missing = needsFfmpeg.skip || needsNginx.skip

describe('nginx sends what Tutti allows', { skip: missing }, () => {
  let music: Music
  let nginx: Nginx
  let one: Buffer
  const titles = [...NAMES.keys(), 'raw'].map((each) => `${each}.wav`)
  const fileOf = (title: string): Buffer => {
    const name = NAMES[Number.parseInt(title, 10)]
    return Buffer.concat([Buffer.from(`${music.folder}/`), name === undefined ? NOT_UTF8 : Buffer.from(name)])
  }

  before(async () => {
    music = await startMusic(
      async (folder) => {
        for (const title of titles) {
          const path = await makeTune(folder, { name: title, seconds: 2 })
          const name = NAMES[Number.parseInt(title, 10)]
          const to = name === undefined ? NOT_UTF8 : Buffer.from(name)
          await rename(path, Buffer.concat([Buffer.from(`${folder}/`), to]))
        }
      },
      { config: { sendfile: 'nginx', trustProxy: ['loopback'] } },
    )
    const port = Number(new URL(music.app.url).port)
    nginx = await startNginx({ port, blobs: join(music.app.dataDir, 'blobs'), music: music.folder })
    one = await readFile(fileOf('0.wav'))
  })
  after(async () => {
    await nginx?.stop()
    await music?.[Symbol.asyncDispose]()
  })

  type Asked = { method?: string; headers?: Record<string, string> }
  const ask = (base: string, path: string, { method = 'GET', headers = {} }: Asked = {}) =>
    fetch(base + path, { method, headers: { authorization: `Bearer ${music.token}`, ...headers } })
  const pathOf = (title: string, rest = '/stream') => `/api/v1/songs/${music.id(title)}${rest}`
  const through = (title: string, asked: Asked = {}, rest = '/stream') => ask(nginx.url, pathOf(title, rest), asked)
  const direct = (title: string, asked: Asked = {}, rest = '/stream') => ask(music.app.url, pathOf(title, rest), asked)

  test('files of any name, byte for byte, under the very headers that Tutti says itself', async () => {
    for (const title of titles) {
      const [sent, ours] = [await through(title), await direct(title)]
      assert.equal(sent.status, 200, title)
      assert.deepEqual(stable(sent), stable(ours), title)
      const bytes = await readFile(fileOf(title))
      assert.ok((await bodyOf(sent)).equals(bytes), title)
      assert.ok((await bodyOf(ours)).equals(bytes), title)
    }
  })

  test('only the server in front is told a path; anybody else gets the bytes', async () => {
    const told = await direct('1.wav', { headers: { 'x-forwarded-for': '203.0.113.7' } })
    assert.equal(told.headers.get('x-accel-redirect'), '/_tutti/music/1/100%25%20of%20it%20%252e%252e.flac')
    assert.equal((await bodyOf(told)).length, 0)
    for (const answer of [await direct('1.wav'), await through('1.wav')]) {
      assert.equal(answer.headers.get('x-accel-redirect'), null)
      assert.ok((await bodyOf(answer)).length > 50_000)
    }
  })

  test('its own addresses are nobody’s, and who may not hear a song hears nothing', async () => {
    const file = encodeURIComponent(NAMES[0] as string)
    for (const path of [`/_tutti/music/1/${file}`, '/_tutti/', '/_tutti/blobs/../music/1/', '/_tutti/music/1/..%2f'])
      assert.ok([400, 404].includes((await ask(nginx.url, path)).status), path)
    const nobody = await fetch(nginx.url + pathOf('0.wav'))
    assert.equal(nobody.status, 401)
    const stranger = await music.app.as('stranger')
    const hidden = await fetch(`${nginx.url}/api/v1/songs/01999999-9999-7999-8999-999999999999/stream`, {
      headers: { authorization: `Bearer ${stranger.token}` },
    })
    assert.equal(hidden.status, 404)
  })

  test('ranges and conditions answer as they do without it', async () => {
    const etag = (await direct('0.wav', { method: 'HEAD' })).headers.get('etag') ?? ''
    const date = (await direct('0.wav', { method: 'HEAD' })).headers.get('last-modified') ?? ''
    const size = one.length
    const cases: Record<string, string>[] = [
      { range: 'bytes=0-0' },
      { range: 'bytes=100-199' },
      { range: `bytes=${size - 1}-` },
      { range: 'bytes=-10' },
      { range: `bytes=-${size * 2}` },
      { range: `bytes=10-${size * 2}` },
      { range: 'bytes=0-1,5-6' },
      { range: 'bytes=9-1' },
      { range: 'lines=1-2' },
      { range: `bytes=${size}-` },
      { range: 'bytes=0-9', 'if-range': etag },
      { range: 'bytes=0-9', 'if-range': '"another"' },
      { range: 'bytes=0-9', 'if-range': `W/${etag}` },
      { range: 'bytes=0-9', 'if-range': date },
      { range: 'bytes=0-9', 'if-range': 'Fri, 02 Jan 2026 03:04:05 GMT' },
      { 'if-none-match': etag },
      { 'if-none-match': '"another"' },
      { 'if-none-match': '"another"', 'if-modified-since': date },
      { 'if-modified-since': date },
      { 'if-match': etag },
      { 'if-match': '"another"' },
      { 'if-unmodified-since': 'Fri, 02 Jan 2026 03:04:05 GMT' },
    ]
    for (const method of ['GET', 'HEAD'])
      for (const headers of cases) {
        const what = `${method} ${JSON.stringify(headers)}`
        const [sent, ours] = [await through('0.wav', { method, headers }), await direct('0.wav', { method, headers })]
        assert.equal(sent.status, ours.status, what)
        // A 206 says by itself that there are ranges, so nginx does not.
        const [got, expected] = [stable(sent), stable(ours)]
        if (ours.status === 206) for (const each of [got, expected]) delete each['accept-ranges']
        assert.deepEqual(got, expected, what)
        const [a, b] = [await bodyOf(sent), await bodyOf(ours)]
        if (ours.status < 300) assert.ok(a.equals(b), what)
      }
  })

  test('a download has its name, a picture its type', async () => {
    const [sent, ours] = [await through('2.wav', {}, '/download'), await direct('2.wav', {}, '/download')]
    assert.deepEqual(stable(sent), stable(ours))
    assert.match(sent.headers.get('content-disposition') ?? '', /^attachment/)
    assert.ok((await bodyOf(sent)).equals(await bodyOf(ours)))
  })

  test('a transcode comes from us while it is made, and from nginx once it is whole, the same', async () => {
    const quality = '/stream?quality=low'
    const made = await bodyOf(await through('0.wav', {}, quality))
    const told = await music.app.eventually(async () => {
      const answer = await direct('0.wav', { headers: { 'x-forwarded-for': '203.0.113.7' } }, quality)
      await answer.arrayBuffer()
      return answer.headers.get('x-accel-redirect')
    }, 'the whole to be kept')
    assert.match(told, /^\/_tutti\/blobs\/streaming\/renditions\//)
    const [sent, ours] = [await through('0.wav', {}, quality), await direct('0.wav', {}, quality)]
    const { 'last-modified': _, ...rest } = stable(sent)
    assert.deepEqual(rest, stable(ours))
    assert.ok((await bodyOf(sent)).equals(made))
    const part = await through('0.wav', { headers: { range: 'bytes=1000-1999' } }, quality)
    assert.equal(part.status, 206)
    assert.ok((await bodyOf(part)).equals(made.subarray(1000, 2000)))
    await ours.arrayBuffer()
  })

  test('pictures and uploads come from the folder of blobs', async () => {
    const body = new FormData()
    body.append('audio', new Blob([Uint8Array.from(one)]), 'shared.flac')
    body.append('image', new Blob([Uint8Array.from(png(300, 300, [90, 10, 10]))]), 'cover.png')
    const headers = { authorization: `Bearer ${music.token}` }
    const posted = await fetch(`${nginx.url}/api/v1/songs`, { method: 'POST', headers, body })
    assert.equal(posted.status, 201)
    const { id } = (await posted.json()) as { id: string }
    for (const [path, place] of [
      [`/api/v1/songs/${id}/stream`, '/_tutti/blobs/catalog/audio/'],
      [`/api/v1/songs/${id}/cover?size=128`, '/_tutti/blobs/streaming/covers/'],
    ] as const) {
      const [ours, sent] = [await ask(music.app.url, path), await ask(nginx.url, path)]
      const told = await ask(music.app.url, path, { headers: { 'x-forwarded-for': '203.0.113.7' } })
      assert.ok(told.headers.get('x-accel-redirect')?.startsWith(place), path)
      await told.arrayBuffer()
      const { 'last-modified': _, ...rest } = stable(sent)
      const { 'last-modified': __, ...same } = stable(ours)
      assert.deepEqual(rest, same, path)
      assert.ok((await bodyOf(sent)).equals(await bodyOf(ours)), path)
    }
  })
})
