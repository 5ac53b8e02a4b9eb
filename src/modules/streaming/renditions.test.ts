import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { encoders, ffmpeg, type Music, makeTune, needsFfmpeg, startMusic } from './testing.ts'

let music: Music
// Encodes for some seconds: longer than the tests listen, on a fast machine too.
const LONG_SEC = 600
const LIMIT = 2

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(
      async (folder) => {
        await makeTune(folder, { name: 'a.flac', seconds: 120 })
        await makeTune(folder, { name: 'b.flac', seconds: LONG_SEC })
        await makeTune(folder, { name: 'c.flac', seconds: LONG_SEC + 10 })
        await makeTune(folder, { name: 'short.flac', seconds: 12 })
        await makeTune(folder, { name: 'small.mp3', seconds: 5, args: ['-b:a', '96k'] })
      },
      { config: { transcodesMax: LIMIT } },
    )
  })
  after(() => music[Symbol.asyncDispose]())
}

/** `fetch` hangs up when the answer is collected as garbage: a listener who stays must be held. */
const held: Response[] = []
const hold = (answer: Response) => held.push(answer)
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const length = (answer: Response) => Number(answer.headers.get('content-length'))
const noneAtWork = () => music.app.eventually(async () => (await encoders()).length === 0, 'the encoders to end', 3000)
const temporary = () => readdir(join(music.app.dataDir, 'temp', 'renditions')).catch(() => [])

test('the first play has its exact length, and the second is the same bytes', needsFfmpeg, async () => {
  const answer = await music.fetch('short.flac', '/stream?quality=medium')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('content-type'), 'audio/mpeg')
  assert.equal(answer.headers.get('tutti-rendition'), 'mp3-128')
  const first = await bytesOf(answer)
  assert.equal(first.length, length(answer))
  assert.equal(first.length % 384, 0, 'whole frames of 128 kbit/s at 48 kHz')
  for (let at = 0; at < first.length; at += 384) assert.equal(first.readUInt16BE(at), 0xfffb, `frame at ${at}`)
  const again = await music.fetch('short.flac', '/stream?quality=medium')
  assert.equal(again.headers.get('etag'), answer.headers.get('etag'))
  assert.ok((await bytesOf(again)).equals(first))
})

test('each quality has its own rate, and HEAD starts no encoder', needsFfmpeg, async () => {
  const seconds = 12
  for (const [quality, kbps] of [
    ['low', 64],
    ['medium', 128],
    ['high', 320],
  ] as const) {
    await noneAtWork() // The one of the quality before may still be ending.
    const head = await music.fetch('short.flac', `/stream?quality=${quality}`, { method: 'HEAD' })
    assert.deepEqual(await encoders(), [])
    const answer = await music.fetch('short.flac', `/stream?quality=${quality}`)
    assert.equal(length(head), length(answer))
    assert.ok(Math.abs(((await bytesOf(answer)).length * 8) / 1000 / seconds / kbps - 1) < 0.01, quality)
  }
})

test('a range far ahead in a first play waits for its place and is right', needsFfmpeg, async () => {
  const start = 800_000
  const answer = await music.fetch('a.flac', '/stream?quality=low', {
    headers: { range: `bytes=${start}-${start + 9999}` },
  })
  assert.equal(answer.status, 206)
  const part = await bytesOf(answer)
  const whole = await bytesOf(await music.fetch('a.flac', '/stream?quality=low'))
  assert.equal(answer.headers.get('content-range'), `bytes ${start}-${start + 9999}/${whole.length}`)
  assert.ok(part.equals(whole.subarray(start, start + 10_000)))
  await noneAtWork()
})

test('concurrent listeners share one encoder and hear the same', needsFfmpeg, async () => {
  const asking = Array.from({ length: 6 }, () => music.fetch('a.flac', '/stream?quality=medium'))
  const answers = await Promise.all(asking)
  assert.equal((await encoders()).length, 1)
  const heard = await Promise.all(answers.map(bytesOf))
  for (const bytes of heard) assert.ok(bytes.equals(heard[0] as Buffer))
  await noneAtWork()
  assert.deepEqual(await temporary(), [])
})

test('the encoder ends soon after its last listener has left, and not before', needsFfmpeg, async () => {
  const leaving = [new AbortController(), new AbortController()]
  for (const { signal } of leaving) hold(await music.fetch('b.flac', '/stream?quality=high', { signal }))
  leaving[0]?.abort()
  await sleep(800)
  assert.equal((await encoders()).length, 1, 'one still listens')
  leaving[1]?.abort()
  await noneAtWork()
  const { rows } = await music.app.app.ports.db.pool.query(
    "select 1 from streaming.renditions where profile = 'mp3-320' and size_bytes > 10000000",
  )
  assert.equal(rows.length, 0, 'half a song is never kept')
})

test('a player that asks again at another place keeps its encoder', needsFfmpeg, async () => {
  const first = new AbortController()
  hold(await music.fetch('c.flac', '/stream?quality=high', { signal: first.signal }))
  const [pid] = await encoders()
  first.abort()
  await sleep(100)
  const second = new AbortController()
  const range = { range: 'bytes=50000-' }
  hold(await music.fetch('c.flac', '/stream?quality=high', { signal: second.signal, headers: range }))
  await sleep(700)
  assert.deepEqual(await encoders(), [pid])
  second.abort()
  await noneAtWork()
})

test('more transcodes than allowed are refused for a while', needsFfmpeg, async () => {
  const leaving = new AbortController()
  for (const title of ['b.flac', 'c.flac'])
    hold(await music.fetch(title, '/stream?quality=medium', { signal: leaving.signal }))
  const refused = await music.fetch('b.flac', '/stream?quality=low')
  assert.equal(refused.status, 429)
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  assert.equal(((await refused.json()) as { code: string }).code, 'too_many_transcodes')
  const shared = await music.fetch('b.flac', '/stream?quality=medium', { signal: leaving.signal })
  assert.equal(shared.status, 200, 'joining one under way is no new one')
  leaving.abort()
  await noneAtWork()
})

test('a killed encoder breaks its answer and is made anew for the next', needsFfmpeg, async () => {
  const answer = await music.fetch('b.flac', '/stream?quality=medium')
  for (const pid of await encoders()) process.kill(pid, 'SIGKILL')
  await assert.rejects(bytesOf(answer))
  await noneAtWork()
  assert.deepEqual(await temporary(), [])
  const leaving = new AbortController()
  const next = await music.fetch('b.flac', '/stream?quality=medium', { signal: leaving.signal })
  assert.equal(next.status, 200)
  leaving.abort()
  await noneAtWork()
})

test('an MP3 within the quality is sent as it is', needsFfmpeg, async () => {
  const answer = await music.fetch('small.mp3', '/stream?quality=high')
  assert.equal(answer.headers.get('tutti-rendition'), 'original')
  await answer.body?.cancel()
  const lower = await music.fetch('small.mp3', '/stream?quality=low')
  assert.equal(lower.headers.get('tutti-rendition'), 'mp3-64')
  await lower.arrayBuffer()
})

test('formats without a known length come without one at first, and with ranges when kept', needsFfmpeg, async () => {
  for (const [format, type] of [
    ['opus', 'audio/ogg; codecs=opus'],
    ['aac', 'audio/aac'],
    ['flac', 'audio/flac'],
  ] as const) {
    const title = format === 'flac' ? 'small.mp3' : 'short.flac'
    const first = await music.fetch(title, `/stream?format=${format}`, { headers: { range: 'bytes=5-' } })
    assert.deepEqual([first.status, first.headers.get('content-type')], [200, type])
    assert.equal(first.headers.get('accept-ranges'), 'none')
    const whole = await bytesOf(first)
    const part = await music.app.eventually(async () => {
      const answer = await music.fetch(title, `/stream?format=${format}`, { headers: { range: 'bytes=5-9' } })
      const bytes = await bytesOf(answer)
      return answer.status === 206 && bytes
    }, `${format} to be kept`)
    assert.ok(part.equals(whole.subarray(5, 10)))
  }
})

test('what FFmpeg decodes again is the music', needsFfmpeg, async () => {
  const bytes = await bytesOf(await music.fetch('short.flac', '/stream?quality=high'))
  const { writeFile, stat } = await import('node:fs/promises')
  const path = join(music.app.dataDir, 'heard.mp3')
  await writeFile(path, bytes)
  await ffmpeg('-i', path, '-f', 's16le', '-ac', '2', '-ar', '48000', `${path}.raw`)
  const seconds = (await stat(`${path}.raw`)).size / 4 / 48_000
  assert.ok(Math.abs(seconds - 12) < 0.08, `${seconds} s`)
})
