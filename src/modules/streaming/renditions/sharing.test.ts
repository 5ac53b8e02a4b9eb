import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  encoders,
  type Music,
  type MusicRequest,
  makeTune,
  needsFfmpeg,
  startMusic,
  type WatchedFfmpeg,
  watchedFfmpeg,
} from '../testing.ts'

let music: Music
let watched: WatchedFfmpeg
let tools: string
const PROCESS_MAX = 3
const LISTENER_MAX = 2
const LONG_SEC = 300
/** So many times as fast as the music an encoder works where a test wants it to be at work for long. */
const SLOW = 8
/** A piece of each quality. */
const LOW_BYTES = 3.84 * 8000
const MEDIUM_BYTES = 2 * LOW_BYTES

if (!needsFfmpeg.skip) {
  before(async () => {
    tools = await mkdtemp(join(tmpdir(), 'tutti-watched-'))
    watched = await watchedFfmpeg(tools)
    music = await startMusic(
      async (folder) => {
        for (const [name, seconds] of Object.entries({
          a: LONG_SEC,
          b: LONG_SEC + 1,
          c: LONG_SEC + 2,
          d: 120,
          e: 121,
          f: 122,
        }))
          await makeTune(folder, { name: `${name}.flac`, seconds })
      },
      { config: { transcodesMax: PROCESS_MAX, transcodesPerListener: LISTENER_MAX, ffmpegBin: watched.path } },
    )
  })
  beforeEach(async () => {
    await watched.setSpeed(0)
    await noneAtWork()
    await watched.forget()
  })
  after(async () => {
    await music?.[Symbol.asyncDispose]()
    await rm(tools, { recursive: true, force: true })
  })
}

/** `fetch` hangs up when the answer is collected as garbage: a listener who stays must be held. */
const held: Response[] = []
const hold = (answer: Response) => held.push(answer)
const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer())
const noneAtWork = () => music.app.eventually(async () => (await encoders()).length === 0, 'the encoders to end', 5000)
const at = (start: number, more: MusicRequest = {}): MusicRequest => ({
  ...more,
  headers: { ...more.headers, range: `bytes=${Math.round(start)}-` },
})
async function by(person: 'artist' | 'user'): Promise<Record<string, string>> {
  const who = await music.app.as(person)
  return { authorization: `Bearer ${who.token}` }
}

test('fifty who come at once share one encoder, and all hear the same', needsFfmpeg, async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => music.fetch('d.flac', '/stream?quality=medium')))
  const heard = await Promise.all(answers.map(bytesOf))
  for (const bytes of heard) assert.ok(bytes.equals(heard[0] as Buffer))
  assert.equal((await watched.starts()).length, 1)
  assert.ok((await bytesOf(await music.fetch('d.flac', '/stream?quality=medium'))).equals(heard[0] as Buffer))
  assert.equal((await watched.starts()).length, 1, 'and what is there is not made again')
})

test('two at different places: one encoder each, which ends where the other began', needsFfmpeg, async () => {
  const [whole, rest] = await Promise.all([
    music.fetch('e.flac', '/stream?quality=medium').then(bytesOf),
    music.fetch('e.flac', '/stream?quality=medium', at(20 * MEDIUM_BYTES)).then(bytesOf),
  ])
  assert.ok(rest.equals(whole.subarray(20 * MEDIUM_BYTES)))
  assert.equal((await watched.starts()).length, 2)
})

test('the end first, then the whole', needsFfmpeg, async () => {
  const size = Number(
    (await music.fetch('f.flac', '/stream?quality=low', { method: 'HEAD' })).headers.get('content-length'),
  )
  assert.deepEqual(await watched.starts(), [], 'HEAD makes nothing')
  const end = await bytesOf(await music.fetch('f.flac', '/stream?quality=low', { headers: { range: 'bytes=-5000' } }))
  const whole = await bytesOf(await music.fetch('f.flac', '/stream?quality=low'))
  assert.equal(whole.length, size)
  assert.ok(end.equals(whole.subarray(-5000)))
})

test('an encoder ends soon after its last listener has left, and not before', needsFfmpeg, async () => {
  await watched.setSpeed(SLOW)
  const leaving = [new AbortController(), new AbortController()]
  for (const { signal } of leaving) hold(await music.fetch('a.flac', '/stream?quality=high', { signal }))
  leaving[0]?.abort()
  await sleep(800)
  assert.equal((await encoders()).length, 1, 'one still listens')
  leaving[1]?.abort()
  await music.app.eventually(async () => (await encoders()).length === 0, 'the encoder to end', 1000)
  const { rows } = await music.app.app.ports.db.pool.query(
    "select 1 from streaming.renditions where profile = 'mp3-320'",
  )
  assert.equal(rows.length, 0, 'half a song is never kept whole')
})

test('who does not read is served for a while ahead, and then holds no encoder', needsFfmpeg, async (t) => {
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  hold(await music.fetch('b.flac', '/stream?quality=high', { signal: leaving.signal }))
  await noneAtWork()
  assert.equal((await watched.starts()).length, 1)
})

test('who reads on is always ahead of by ready pieces, however slowly', needsFfmpeg, async () => {
  const answer = await music.fetch('b.flac', '/stream?quality=low')
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  let got = 0
  for (let piece = 1; piece <= 70; piece++) {
    while (got < piece * LOW_BYTES) got += (await reader.read()).value?.length ?? Number.POSITIVE_INFINITY
    await sleep(5)
  }
  assert.ok(
    (await watched.starts()).length < 8,
    `${(await watched.starts()).length} encoders for more than four minutes`,
  )
  await reader.cancel()
})

const accepted = async (answer: Response) => {
  assert.equal(answer.status, 206)
  hold(answer)
}
const refused = async (answer: Response) => {
  assert.equal(answer.status, 429)
  assert.equal(((await answer.json()) as { code: string }).code, 'too_many_transcodes')
  assert.ok(Number(answer.headers.get('retry-after')) >= 1)
}
test('so many at once for one listener, so many in all: 429, and when to come back', needsFfmpeg, async (t) => {
  await watched.setSpeed(SLOW)
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const listen = (title: string, query: string, headers: Record<string, string> = {}) =>
    music.fetch(`${title}.flac`, `/stream${query}`, at(20 * MEDIUM_BYTES, { signal: leaving.signal, headers }))
  const [artist, user] = [await by('artist'), await by('user')]
  for (const title of ['a', 'b']) await accepted(await listen(title, '?quality=medium'))
  await refused(await listen('c', '?quality=medium'))
  await accepted(await listen('c', '?quality=medium', artist))
  await refused(await listen('a', '?quality=low', user))
  await accepted(await listen('a', '?quality=medium', user)) // Joining one at work is no new one.
  assert.equal((await encoders()).length, PROCESS_MAX)
})

test('a storm of seeks is answered and piles up no encoders', needsFfmpeg, async () => {
  await watched.setSpeed(5 * SLOW)
  let most = 0
  const count = async () => {
    most = Math.max(most, (await encoders()).length)
  }
  const look = setInterval(() => void count(), 20)
  for (let seek = 0; seek < 20; seek++) {
    const leaving = new AbortController()
    const start = ((seek * 29) % 75) * LOW_BYTES
    const answer = await music.fetch('c.flac', '/stream?quality=low', at(start, { signal: leaving.signal }))
    assert.equal(answer.status, 206, `seek ${seek}`)
    await answer.body?.getReader().read()
    leaving.abort()
  }
  clearInterval(look)
  assert.ok(most <= PROCESS_MAX, `${most} at once`)
  await music.app.eventually(async () => (await encoders()).length === 0, 'the encoders to end', 1500)
})

test('an encoder that is killed is started again, and nobody hears of it', needsFfmpeg, async () => {
  await watched.setSpeed(SLOW)
  const answer = await music.fetch('f.flac', '/stream?quality=medium')
  for (const pid of await encoders()) process.kill(pid, 'SIGKILL')
  await watched.setSpeed(0)
  const heard = await bytesOf(answer)
  assert.equal(heard.length, Number(answer.headers.get('content-length')))
  assert.ok(heard.equals(await bytesOf(await music.fetch('f.flac', '/stream?quality=medium'))))
  assert.equal((await watched.starts()).length, 2)
})

test('those who do not read hold little memory, however much is made for them', needsFfmpeg, async (t) => {
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const before = process.memoryUsage().rss
  const asking = Array.from({ length: 40 }, (_, i) =>
    music.fetch('d.flac', '/stream?format=wav', { signal: leaving.signal, headers: { range: `bytes=${i * 1000}-` } }),
  )
  for (const answer of await Promise.all(asking)) hold(answer)
  await noneAtWork()
  const grownBytes = process.memoryUsage().rss - before
  assert.ok(grownBytes < 100 * 1024 ** 2, `${Math.round(grownBytes / 1024 ** 2)} MiB for 40 readers of 5 MB each`)
})
