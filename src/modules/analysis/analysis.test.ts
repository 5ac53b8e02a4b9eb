import assert from 'node:assert/strict'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { framesIntact, readFrameHeader } from '#engines/audio/index.ts'
import { ffmpeg, type Music, makeTune, needsFfmpeg, startMusic, tuneWav } from '#modules/streaming/testing.ts'
import { io } from 'socket.io-client'
import analysis from './index.ts'
import { PART_NAMES } from './shapes.ts'

const RATE = 22_050
const HEADER = 44
let music: Music

/** A short burst on each beat over a quiet tone. */
function clicks(seconds: number, bpm: number): Buffer {
  const wav = tuneWav(seconds)
  for (let i = 0; HEADER + 2 * i < wav.length; i++) {
    const sinceBeat = i % Math.round((60 / bpm) * RATE)
    const burst = sinceBeat < 900 ? 20_000 * Math.sin(sinceBeat * 0.9) * Math.exp(-sinceBeat / 200) : 0
    wav.writeInt16LE(Math.round(0.02 * wav.readInt16LE(HEADER + 2 * i) + burst), HEADER + 2 * i)
  }
  return wav
}

async function fill(folder: string): Promise<void> {
  const wav = join(folder, '.clicks.wav')
  await writeFile(wav, clicks(24, 120))
  await ffmpeg('-i', wav, '-metadata', 'title=beat', join(folder, 'beat.flac'))
  await makeTune(folder, { name: 'tune.mp3', seconds: 10 })
  await ffmpeg(
    '-f',
    'lavfi',
    '-i',
    'anullsrc=r=44100:cl=stereo:d=5',
    '-metadata',
    'title=silence',
    join(folder, 'silence.flac'),
  )
  const { rm } = await import('node:fs/promises')
  await rm(wav)
}

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(fill, { modules: [analysis] })
    for (const title of ['beat', 'tune.mp3', 'silence']) await analysed(title)
  })
  after(() => music[Symbol.asyncDispose]())
}

const analysed = (title: string) =>
  music.app.eventually(
    async () => {
      const answer = await music.fetch(title, '/analysis')
      const body = (await answer.json()) as Record<string, unknown>
      assert.ok([200, 202].includes(answer.status), JSON.stringify(body))
      if (answer.status === 202) assert.match(String(body['status']), /^(pending|processing)$/)
      else assert.match(String(body['status']), /^(completed|failed)$/)
      return answer.status === 200 && body
    },
    `the analysis of ${title}`,
    30_000,
  )

test('a click track has its tempo, beats and loudness', needsFfmpeg, async () => {
  const found = (await analysed('beat')) as { tempo: number; beats: number[]; loudnessLufs: number; songId: string }
  const ratio = found.tempo / 120
  assert.ok(
    [0.5, 1, 2].some((r) => Math.abs(ratio / r - 1) < 0.02),
    `${found.tempo} BPM`,
  )
  assert.ok(found.beats.length > 20)
  assert.ok(found.loudnessLufs < 0 && found.loudnessLufs > -40)
  assert.equal(found.songId, music.id('beat'))
})

test('silence has no tempo, key or loudness', needsFfmpeg, async () => {
  const found = await analysed('silence')
  assert.deepEqual([found['tempo'], found['key'], found['loudnessLufs']], [null, null, null])
})

test('lists show what was found', needsFfmpeg, async () => {
  const admin = await music.app.as('admin')
  const song = await music.app.eventually(async () => {
    const { body } = await admin.get(`/songs/${music.id('beat')}`)
    return body['analysisStatus'] === 'completed' && body
  }, 'the catalogue to hear of it')
  const found = await analysed('beat')
  assert.ok(Math.abs(song['tempo'] - (found['tempo'] as number)) < 0.1)
  assert.equal(song['key'], found['key'])
})

test('what is said as a whole is said in parts', needsFfmpeg, async () => {
  const whole = await analysed('beat')
  const seen = new Set<string>()
  for (const part of PART_NAMES) {
    const answer = await music.fetch('beat', `/analysis/${part}`)
    const body = (await answer.json()) as Record<string, unknown>
    assert.equal(answer.status, 200, part)
    for (const [name, value] of Object.entries(body)) assert.deepEqual(value, whole[name], `${part}: ${name}`)
    for (const name of Object.keys(body)) seen.add(name)
  }
  assert.deepEqual(seen, new Set(Object.keys(whole)), 'nothing but in a part')
  assert.equal((await music.fetch('beat', '/analysis/nonsense')).status, 400)
})

test('a file that is not kept is analysed like one that is', needsFfmpeg, async () => {
  const stranger = await music.app.as('stranger')
  const send = async (bytes: Buffer): Promise<[number, Record<string, unknown>]> => {
    const body = new FormData()
    body.set('audio', new Blob([Uint8Array.from(bytes)]), 'some.wav')
    const headers = { authorization: `Bearer ${stranger.token}` }
    const answer = await fetch(`${music.app.url}/api/v1/analyze`, { method: 'POST', headers, body })
    return [answer.status, (await answer.json()) as Record<string, unknown>]
  }
  const [status, found] = await send(clicks(24, 120))
  const kept = await analysed('beat')
  assert.deepEqual([status, found['beats'], found['songId']], [200, kept['beats'], undefined])
  const [, jingle] = await send(tuneWav(2))
  assert.equal(Math.round(jingle['durationSec'] as number), 2)
  // One sample: nothing to hear, and said so.
  const [oneStatus, one] = await send(tuneWav(1).subarray(0, HEADER + 2))
  assert.ok(oneStatus === 200 ? one['tempo'] === null && one['key'] === null : oneStatus === 422, JSON.stringify(one))
  const [junkStatus, junk] = await send(Buffer.from('no music '.repeat(99)))
  assert.deepEqual([junkStatus, junk['code']], [422, 'not_audio'])
  assert.equal((await stranger.post('/analyze', {})).status, 400)
})

test('the waveform has as many points as asked', needsFfmpeg, async () => {
  for (const points of [16, 500]) {
    const answer = await music.fetch('tune.mp3', `/waveform?points=${points}`)
    const wave = (await answer.json()) as { points: number; min: number[]; max: number[]; durationSec: number }
    assert.deepEqual([wave.points, wave.min.length, wave.max.length], [points, points, points])
    assert.ok(wave.min.every((v) => v >= -1 && v <= 0) && wave.max.every((v) => v >= 0 && v <= 1))
    assert.ok(Math.max(...wave.max) > 0.1)
    assert.ok(Math.abs(wave.durationSec - 10) < 0.2)
  }
})

const ask = (headers: Record<string, string> = {}, path = '/frames', method = 'GET') =>
  music.fetch('beat', path, { method, headers })

test('frames: whole, part, known, outside, HEAD', needsFfmpeg, async () => {
  const whole = await ask()
  const bytes = new Uint8Array(await whole.arrayBuffer())
  assert.ok(framesIntact(bytes))
  assert.ok(
    readFrameHeader(bytes).trackHash.some((byte) => byte !== 0),
    'stamped with its content',
  )
  const etag = whole.headers.get('etag') ?? ''
  assert.match(etag, /^"[\w.-]+"$/)
  const size = bytes.length
  const cases: [Record<string, string>, number, string | null, number][] = [
    [{ range: 'bytes=64-103' }, 206, `bytes 64-103/${size}`, 40],
    [{ range: 'bytes=-40' }, 206, `bytes ${size - 40}-${size - 1}/${size}`, 40],
    [{ range: `bytes=${size - 1}-${size + 5}` }, 206, `bytes ${size - 1}-${size - 1}/${size}`, 1],
    [{ range: 'bytes=5-1' }, 200, null, size],
    [{ range: 'bytes=0-1,3-4' }, 200, null, size],
    [{ range: 'bytes=0-9', 'if-range': etag }, 206, `bytes 0-9/${size}`, 10],
    [{ range: 'bytes=0-9', 'if-range': '"old"' }, 200, null, size],
    [{ 'if-none-match': `"x", W/${etag}` }, 304, null, 0],
  ]
  for (const [headers, status, contentRange, length] of cases) {
    const answer = await ask(headers)
    const name = JSON.stringify(headers)
    assert.deepEqual([answer.status, answer.headers.get('content-range')], [status, contentRange], name)
    assert.equal((await answer.arrayBuffer()).byteLength, length, name)
  }
  const outside = await ask({ range: `bytes=${size}-` })
  assert.deepEqual([outside.status, outside.headers.get('content-range')], [416, `bytes */${size}`])
  const head = await ask({}, '/frames', 'HEAD')
  assert.deepEqual([head.headers.get('content-length'), head.headers.get('etag')], [String(size), etag])
  const pinned = await ask({}, '/frames?v=1')
  assert.match(pinned.headers.get('cache-control') ?? '', /immutable/)
  await pinned.body?.cancel()
})

test('progress was told over the socket, the last time with nothing left', needsFfmpeg, async () => {
  const pushed: unknown[] = []
  const socket = io(music.app.url, { auth: { token: music.token }, transports: ['websocket'] })
  socket.on('analysis:progress', (payload) => pushed.push(payload))
  await new Promise((resolve) => socket.once('connected', resolve))
  const admin = await music.app.as('admin')
  await admin.post(`/songs/${music.id('silence')}/analyze`)
  const none = { waiting: 0, processing: 0, failed: 0, renewing: 0 }
  const done = { ...none, completed: 3, etaSec: 0, isPaused: false }
  await music.app.eventually(async () => isDeepStrictEqual(pushed.at(-1), done), 'the last word over the socket')
  socket.close()
  assert.deepEqual((await admin.get('/analysis/queue')).body, done)
})

test('who may ask, and who may ask for it again', needsFfmpeg, async () => {
  const [admin, stranger] = [await music.app.as('admin'), await music.app.as('stranger')]
  const path = `/songs/${music.id('beat')}`
  for (const what of ['analysis', 'waveform', 'frames'])
    assert.equal((await music.app.nobody.get(`${path}/${what}`)).status, 401, what)
  assert.equal((await admin.get('/songs/01999999-9999-7999-8999-999999999999/analysis')).status, 404)
  assert.ok([403, 404].includes((await stranger.post(`${path}/analyze`)).status))
  // The song is of the library: everybody who is signed in may know of it, not only the admin who asked.
  const socket = io(music.app.url, { auth: { token: stranger.token }, transports: ['websocket'] })
  const told: { songId: string; tempo: number; key: string; camelot: string }[] = []
  socket.on('analysis:ready', (payload) => told.push(payload))
  await new Promise((resolve) => socket.once('connected', resolve))
  const again = await admin.post(`${path}/analyze`)
  assert.equal(again.status, 202)
  assert.ok(['pending', 'processing'].includes(again.body['status']), 'an idle worker takes it at once')
  await music.app.eventually(
    async () => {
      const { body } = await admin.get('/analysis/queue')
      return body['completed'] === 3
    },
    'the second analysis',
    20_000,
  )
  await music.app.eventually(async () => told.length > 0, 'the push of it')
  socket.close()
  const { tempo, key, camelot } = (await admin.get(`${path}/analysis`)).body
  assert.match(camelot, /^\d{1,2}[AB]$/)
  const [heard] = told
  assert.deepEqual([heard?.songId, heard?.key, heard?.camelot], [music.id('beat'), key, camelot])
  assert.ok(Math.abs((heard?.tempo ?? 0) - tempo) < 0.001)
})

test('the same audio in another file is not analysed again', needsFfmpeg, async () => {
  const { pool } = music.app.app.ports.db
  const times = async () => (await pool.query('select content_id, analyzed_at from analysis.features order by 1')).rows
  const before = await times()
  const folder = join(music.folder, 'copy')
  await mkdir(folder)
  await copyFile(join(music.folder, 'beat.flac'), join(folder, 'twin.flac'))
  await music.app.eventually(
    async () => {
      const { rows } = await pool.query("select 1 from analysis.songs where state = 'completed'")
      return rows.length === 4
    },
    'the twin',
    20_000,
  )
  assert.deepEqual(await times(), before)
})
