import assert from 'node:assert/strict'
import { readFile, rename, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Music, makeTune, needsFfmpeg, openFiles, startMusic } from './testing.ts'

let music: Music
let bytes: Buffer
const UNKNOWN = '01999999-9999-7999-8999-999999999999'
/** What may differ between two answers to the same question. */
const VOLATILE = /^(date|connection|keep-alive|x-request-id|ratelimit.*|transfer-encoding)$/
const stable = (answer: Response) => Object.fromEntries([...answer.headers].filter(([name]) => !VOLATILE.test(name)))
const bodyOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(async (folder) => {
      await makeTune(folder, { name: 'one.flac', seconds: 20 })
      await makeTune(folder, { name: 'gone.mp3', seconds: 2 })
      await makeTune(folder, { name: 'big.wav', seconds: 900 })
      bytes = await readFile(join(folder, 'one.flac'))
      await utimes(join(folder, 'one.flac'), new Date(), new Date('2026-01-02T03:04:05Z'))
    })
  })
  after(() => music[Symbol.asyncDispose]())
}

test('the original comes as it lies on the disk', needsFfmpeg, async () => {
  const answer = await music.fetch('one.flac', '/stream')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-length'), String(bytes.length))
  assert.match(answer.headers.get('content-type') ?? '', /flac/)
  assert.equal(answer.headers.get('accept-ranges'), 'bytes')
  assert.match(answer.headers.get('etag') ?? '', /^"[\w.-]+"$/)
  assert.equal(answer.headers.get('last-modified'), 'Fri, 02 Jan 2026 03:04:05 GMT')
  assert.match(answer.headers.get('cache-control') ?? '', /private/)
  assert.equal(answer.headers.get('tutti-rendition'), 'original')
  assert.ok((await bodyOf(answer)).equals(bytes))
})

test('ranges', needsFfmpeg, async (t) => {
  const size = bytes.length
  const cases: [string, number, number, number][] = [
    ['bytes=0-0', 206, 0, 1],
    ['bytes=0-', 206, 0, size],
    ['bytes=100-199', 206, 100, 200],
    [`bytes=${size - 1}-`, 206, size - 1, size],
    ['bytes=-10', 206, size - 10, size],
    [`bytes=-${size * 2}`, 206, 0, size],
    [`bytes=10-${size * 2}`, 206, 10, size],
    ['bytes=0-1,5-6', 200, 0, size],
    ['bytes=9-1', 200, 0, size],
    ['lines=1-2', 200, 0, size],
  ]
  for (const [range, status, start, end] of cases)
    await t.test(range, async () => {
      const answer = await music.fetch('one.flac', '/stream', { headers: { range } })
      assert.equal(answer.status, status)
      assert.equal(answer.headers.get('content-range'), status === 206 ? `bytes ${start}-${end - 1}/${size}` : null)
      assert.ok((await bodyOf(answer)).equals(bytes.subarray(start, end)))
    })
})

test('a range outside says how long the file is', needsFfmpeg, async () => {
  const answer = await music.fetch('one.flac', '/stream', { headers: { range: `bytes=${bytes.length}-` } })
  assert.equal(answer.status, 416)
  assert.equal(answer.headers.get('content-range'), `bytes */${bytes.length}`)
  assert.equal(((await answer.json()) as { code: string }).code, 'range_not_satisfiable')
})

test('HEAD answers the headers of GET and no body', needsFfmpeg, async () => {
  for (const path of ['/stream', '/download']) {
    const got = await music.fetch('one.flac', path)
    await got.body?.cancel()
    const head = await music.fetch('one.flac', path, { method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.deepEqual(stable(head), stable(got))
    assert.equal(await head.text(), '')
  }
})

test('what the client has is not sent again', needsFfmpeg, async () => {
  const { headers } = await music.fetch('one.flac', '/stream', { method: 'HEAD' })
  const etag = headers.get('etag') ?? ''
  const ask = (more: Record<string, string>) => music.fetch('one.flac', '/stream', { headers: more })
  const same = await ask({ 'if-none-match': etag })
  assert.equal(same.status, 304)
  assert.equal(same.headers.get('etag'), etag)
  assert.equal(await same.text(), '')
  assert.equal((await ask({ 'if-modified-since': headers.get('last-modified') ?? '' })).status, 304)
  assert.equal((await ask({ 'if-match': '"another"' })).status, 412)
  const [fits, old] = await Promise.all([
    ask({ range: 'bytes=0-9', 'if-range': etag }),
    ask({ range: 'bytes=0-9', 'if-range': '"another"' }),
  ])
  assert.deepEqual([fits.status, old.status], [206, 200])
  await Promise.all([fits.text(), old.body?.cancel()])
})

test('a changed file has another tag, and an old range request gets the whole', needsFfmpeg, async () => {
  const path = join(music.folder, 'one.flac')
  const before = (await music.fetch('one.flac', '/stream', { method: 'HEAD' })).headers.get('etag') ?? ''
  await utimes(path, new Date(), new Date('2026-02-02T00:00:00Z'))
  const answer = await music.fetch('one.flac', '/stream', { headers: { range: 'bytes=0-9', 'if-range': before } })
  assert.equal(answer.status, 200)
  assert.notEqual(answer.headers.get('etag'), before)
  await answer.body?.cancel()
})

test('a private song is 401 to nobody, an unknown one 404 to everybody', needsFfmpeg, async () => {
  const { nobody } = music.app
  const stranger = await music.app.as('stranger')
  for (const path of ['stream', 'stream?quality=low', 'cover']) {
    const hidden = await nobody.get(`/songs/${music.id('one.flac')}/${path}`)
    assert.equal(hidden.status, 401, path)
    for (const who of [nobody, stranger]) {
      const unknown = await who.get(`/songs/${UNKNOWN}/${path}`)
      assert.deepEqual([unknown.status, unknown.body['code']], [404, 'not_found'], path)
    }
  }
  assert.equal((await nobody.get('/songs/not-an-id/stream')).status, 400)
})

test('a download has a file name', needsFfmpeg, async () => {
  const answer = await music.fetch('one.flac', '/download')
  assert.equal(
    answer.headers.get('content-disposition'),
    `attachment; filename="Tester - one.flac.flac"; filename*=UTF-8''Tester%20-%20one.flac.flac`,
  )
  assert.ok((await bodyOf(answer)).equals(bytes))
})

test('a file that has gone is said to be gone', needsFfmpeg, async () => {
  await rename(join(music.folder, 'gone.mp3'), join(music.folder, '..', `gone-${process.pid}.mp3`))
  try {
    const answer = await music.fetch('gone.mp3', '/stream')
    assert.equal(answer.status, 404)
    assert.equal(((await answer.json()) as { code: string }).code, 'file_missing')
  } finally {
    await rename(join(music.folder, '..', `gone-${process.pid}.mp3`), join(music.folder, 'gone.mp3'))
  }
})

const isOpen = () => openFiles((path) => path.endsWith('/big.wav'))

test('a client that leaves frees the file; a slow one holds little memory', needsFfmpeg, async () => {
  if (process.platform !== 'linux') return
  const size = (await stat(join(music.folder, 'big.wav'))).size
  const leaving = new AbortController()
  const rss = process.memoryUsage().rss
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => music.fetch('big.wav', '/stream', { signal: leaving.signal })),
  )
  await sleep(300)
  assert.ok((await isOpen()) > 0)
  const grownBytes = process.memoryUsage().rss - rss
  assert.ok(grownBytes < (20 * size) / 4, `${Math.round(grownBytes / 1024 ** 2)} MiB for readers that do not read`)
  leaving.abort()
  await Promise.all(answers.map(async (answer) => answer.body?.cancel().catch(() => {})))
  await music.app.eventually(async () => (await isOpen()) === 0, 'the file to be closed', 2000)
})
