import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Media } from '#kernel/media/index.ts'
import { mp3Silence, taggedMp3 } from '#test/fixtures/audio.ts'
import { type Music, startMusic } from '../testing.ts'
import type { SongFile } from '../visible.ts'
import { createTimelines, type Timelines } from './timelines.ts'

const FRAME_SAMPLES = 1152
const LONG_SEC = 700

let music: Music
let reads = 0
const timelines = (): Timelines => {
  const { db, media } = music.app.app.ports
  const counted: Media = {
    ...media,
    timeline(file) {
      reads++
      return media.timeline(file)
    },
  }
  return createTimelines({ db: db.kysely, media: counted })
}
const fileOf = (name: string): SongFile =>
  ({
    songId: music.id(name),
    pathBase64: Buffer.from(join(music.folder, `${name}.mp3`)).toString('base64'),
    contentId: `content-${name}`,
    container: 'mp3',
    blobKey: null,
    sizeBytes: 0,
    durationMs: 1000,
    isMissing: false,
  }) as unknown as SongFile
const rows = async (): Promise<{ content_id: string; file_version: string }[]> =>
  (await music.app.app.ports.db.pool.query('select content_id, file_version from streaming.timelines')).rows

before(async () => {
  music = await startMusic(async (folder) => {
    await writeFile(join(folder, 'short.mp3'), taggedMp3({ TIT2: 'short' }, { sec: 5, seed: 1 }))
    await writeFile(join(folder, 'other.mp3'), taggedMp3({ TIT2: 'other' }, { sec: 6, seed: 2 }))
    await writeFile(join(folder, 'long.mp3'), taggedMp3({ TIT2: 'long' }, { sec: LONG_SEC, seed: 3 }))
  })
})
after(() => music?.[Symbol.asyncDispose]())

async function upload(audio: Buffer): Promise<string> {
  const body = new FormData()
  body.append('audio', new Blob([Uint8Array.from(audio)]), 'uploaded.mp3')
  const headers = { authorization: `Bearer ${music.token}` }
  const answer = await fetch(`${music.app.url}/api/v1/songs`, { method: 'POST', headers, body })
  assert.equal(answer.status, 201)
  return ((await answer.json()) as { id: string }).id
}

test('the frames of long songs are read ahead of play, those of short ones are not, and all go with their song', async () => {
  const haveRows = (count: number) => music.app.eventually(async () => (await rows()).length === count, `${count} rows`)
  await haveRows(1)
  const [scanned] = await rows()
  const id = await upload(taggedMp3({ TIT2: 'uploaded' }, { sec: LONG_SEC, seed: 4 }))
  await haveRows(2)
  const admin = await music.app.as('admin')
  assert.equal((await admin.delete(`/songs/${id}`)).status, 204)
  await haveRows(1)
  assert.deepEqual(await rows(), [scanned])
})

test('a file is read once, however many ask, however often, and after a restart', async () => {
  const [first, second] = [timelines(), timelines()]
  reads = 0
  const all = await Promise.all(Array.from({ length: 20 }, () => first.of(fileOf('short'))))
  assert.equal(reads, 1)
  assert.ok(all.every((one) => one.samples === Math.round((5 * 44_100) / FRAME_SAMPLES) * FRAME_SAMPLES))
  assert.deepEqual(await first.of(fileOf('short')), all[0])
  assert.deepEqual(await second.of(fileOf('short')), all[0])
  assert.equal(reads, 1)
})

test('another version of a file is read anew, and what cannot be read is thrown to all who ask', async () => {
  const ours = timelines()
  reads = 0
  await ours.of(fileOf('other'))
  const path = join(music.folder, 'other.mp3')
  await writeFile(path, mp3Silence({ sec: 8 }))
  await utimes(path, 1, 1)
  const changed = await ours.of(fileOf('other'))
  assert.equal(changed.samples, Math.round((8 * 44_100) / FRAME_SAMPLES) * FRAME_SAMPLES)
  assert.equal(reads, 2)
  for (let i = 0; i < 6; i++) {
    await utimes(path, 10 + i, 10 + i)
    await ours.of(fileOf('other'))
  }
  assert.equal((await rows()).filter((row) => row.content_id === 'content-other').length, 4)
  await writeFile(path, 'no music at all')
  const faults = await Promise.allSettled([ours.of(fileOf('other')), ours.of(fileOf('other'))])
  assert.ok(faults.every((one) => one.status === 'rejected' && one.reason.code === 'media_unreadable'))
  await assert.rejects(ours.of({ ...fileOf('other'), pathBase64: Buffer.from('/nowhere').toString('base64') }), {
    code: 'file_missing',
  })
})

test('a damaged row is read anew', async () => {
  const before = await timelines().of(fileOf('short'))
  await music.app.app.ports.db.pool.query(
    `update streaming.timelines set data = '\\x00' where content_id = 'content-short'`,
  )
  assert.deepEqual(await timelines().of(fileOf('short')), before)
})
