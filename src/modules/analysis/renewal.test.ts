/** A better engine, an admin's pause, and files that are not what they were. */
import assert from 'node:assert/strict'
import { stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ENGINE_VERSION } from '#engines/audio/index.ts'
import { type Music, makeTune, needsFfmpeg, startMusic } from '#modules/streaming/testing.ts'
import analysis from './index.ts'

let music: Music
const fill = async (folder: string) => {
  await makeTune(folder, { name: 'one.mp3', seconds: 6 })
  await makeTune(folder, { name: 'two.mp3', seconds: 7 })
}
type Body = Record<string, unknown>
const sql = async (text: string) => (await music.app.app.ports.db.pool.query(text)).rows as Body[]
const read = async (title: string, path = '/analysis') => {
  const answer = await music.fetch(title, path)
  return { status: answer.status, body: (await answer.json()) as Body }
}
const queue = async () => (await (await music.app.as('admin')).get('/analysis/queue')).body
const pause = async (isPaused: boolean) => {
  const answer = await (await music.app.as('admin')).patch('/analysis/queue', { isPaused })
  assert.deepEqual([answer.status, answer.body['isPaused']], [200, isPaused])
}
const until = (what: string, isSo: (q: Body) => boolean) =>
  music.app.eventually(async () => isSo(await queue()), what, 30_000)
/** As if an older engine had analysed everything, with an answer that shows. */
const makeOld = async () => {
  await sql(`update analysis.features set engine_version = ${ENGINE_VERSION - 1}, tempo = 77`)
  await sql(`update analysis.songs set tried_version = ${ENGINE_VERSION - 1}`)
}

if (!needsFfmpeg.skip) {
  before(async () => {
    music = await startMusic(fill, { modules: [analysis] })
    await until('the first analysis', (q) => q['completed'] === 2)
  })
  after(() => music[Symbol.asyncDispose]())
}

test('a better engine: the old answer is served until the new one is whole', needsFfmpeg, async () => {
  await pause(true)
  await makeOld()
  const old = await read('one.mp3')
  assert.deepEqual([old.status, old.body['tempo'], old.body['isCurrent']], [200, 77, false])
  assert.deepEqual(
    [await queue()].map((q) => [q['completed'], q['waiting'], q['renewing'], q['isPaused']]),
    [[2, 0, 2, true]],
  )
  const seen: unknown[] = []
  await pause(false)
  await music.app.eventually(async () => {
    const { status, body } = await read('one.mp3')
    assert.deepEqual([status, body['status']], [200, 'completed'], 'at no moment without an answer')
    seen.push(body['tempo'] === 77)
    return body['isCurrent'] === true
  }, 'the better answer')
  assert.ok(seen[0] === true || seen.length === 1)
  await until('all of them', (q) => q['renewing'] === 0 && q['completed'] === 2)
  assert.notEqual((await read('two.mp3')).body['tempo'], 77)
  assert.equal((await read('one.mp3', '/waveform?points=16')).status, 200)
})

test('an engine that fails at a song leaves what was known, and is not tried for ever', needsFfmpeg, async () => {
  await pause(true)
  await makeOld()
  // Nothing tells the library: the file is as long and as old as before.
  const path = join(music.folder, 'one.mp3')
  const { size, atime, mtime } = await stat(path)
  await writeFile(path, Buffer.alloc(size, 'no music '))
  await utimes(path, atime, mtime)
  await pause(false)
  await until('all songs', (q) => q['renewing'] === 0)
  const { status, body } = await read('one.mp3')
  assert.deepEqual([status, body['status'], body['tempo'], body['isCurrent']], [200, 'completed', 77, false])
  assert.equal((await read('two.mp3')).body['isCurrent'], true)
  const [row] = await sql(`select * from analysis.songs where song_id = '${music.id('one.mp3')}'`)
  assert.deepEqual([row?.['state'], row?.['fault_code'], row?.['is_queued']], ['completed', 'media_unreadable', false])
  assert.deepEqual((await queue())['failed'], 0)
})

test('paused: new songs wait, say why, and go on; who asks himself is served', needsFfmpeg, async () => {
  await pause(true)
  await makeTune(music.folder, { name: 'three.mp3', seconds: 5 })
  await music.app.eventually(async () => {
    const [row] = await sql(`select fault_code from analysis.songs where state = 'pending' and not is_queued`)
    return row?.['fault_code'] === 'analysis_paused'
  }, 'the new song to wait')
  await pause(false)
  await until('the new song', (q) => q['waiting'] === 0 && q['processing'] === 0)
  assert.equal((await sql(`select 1 from analysis.songs where state = 'pending'`)).length, 0)
})

test(
  'a file that becomes another while it is asked for: what is kept in the end is of the new one',
  needsFfmpeg,
  async () => {
    const admin = await music.app.as('admin')
    await makeTune(music.folder, { name: 'two.mp3', seconds: 11 })
    assert.equal((await admin.post(`/songs/${music.id('two.mp3')}/analyze`)).status, 202)
    await music.app.eventually(
      async () => {
        const { status, body } = await read('two.mp3')
        return status === 200 && Math.round(Number(body['durationSec'])) === 11
      },
      'the analysis of the new file',
      30_000,
    )
    const wrong = await sql(`select f.duration_sec from analysis.songs a join catalog.songs c on c.id = a.song_id
    join analysis.features f on f.content_id = a.content_id where abs(f.duration_sec * 1000 - c.duration_ms) > 500`)
    assert.deepEqual(wrong, [])
  },
)
