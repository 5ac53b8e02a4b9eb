import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { png } from '#test/fixtures/images.ts'
import { makeTune, type Music, needsFfmpeg, startMusic } from './testing.ts'

/** To encode it takes longer than to delete it. */
const LONG_SEC = 240

let music: Music
let tune: Buffer
let long: Buffer
let artist: Client
let user: Client

if (!needsFfmpeg.skip) {
  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tutti-tune-'))
    tune = await readFile(await makeTune(folder, { name: 'shared.flac', seconds: 6 }))
    long = await readFile(await makeTune(folder, { name: 'long.flac', seconds: LONG_SEC }))
    await rm(folder, { recursive: true })
    music = await startMusic(async () => {})
    artist = await music.app.as('artist')
    user = await music.app.as('user')
  })
  after(() => music?.[Symbol.asyncDispose]())
}

async function upload(who: Client, audio = tune): Promise<string> {
  const body = new FormData()
  body.append('audio', new Blob([Uint8Array.from(audio)]), 'shared.flac')
  body.append('image', new Blob([Uint8Array.from(png(80, 80, [90, 10, 10]))]), 'cover.png')
  const headers = { authorization: `Bearer ${who.token}` }
  const answer = await fetch(`${music.app.url}/api/v1/songs`, { method: 'POST', headers, body })
  const text = await answer.text()
  assert.equal(answer.status, 201, text)
  return (JSON.parse(text) as { id: string }).id
}
const fetched = async (who: Client, path: string): Promise<{ status: number; bytes: Buffer }> => {
  const answer = await fetch(`${music.app.url}/api/v1${path}`, { headers: { authorization: `Bearer ${who.token}` } })
  return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
}
const rows = async (): Promise<number> =>
  (await music.app.app.ports.db.pool.query<{ n: number }>('select count(*)::int as n from streaming.renditions'))
    .rows[0]?.n ?? 0
const blobs = async (room: string): Promise<string[]> => {
  const all = await readdir(join(music.app.dataDir, 'blobs'), { recursive: true, withFileTypes: true })
  // Beside each lies a note of its hash, which begins with a dot.
  return all
    .filter((e) => e.isFile() && !e.name.startsWith('.') && join(e.parentPath, e.name).includes(`/${room}/`))
    .map((e) => e.name)
}
const pieces = async (): Promise<string[]> => {
  const all = await readdir(join(music.app.dataDir, 'cache'), { recursive: true, withFileTypes: true }).catch(() => [])
  return all.filter((entry) => entry.isFile()).map(({ name }) => name)
}

test(
  'of two songs on the same bytes one is deleted: the other plays, and with it goes all that was made of them',
  needsFfmpeg,
  async () => {
    const [a, b] = [await upload(artist), await upload(user)]
    assert.ok((await fetched(artist, `/songs/${a}/stream`)).bytes.equals(tune))
    assert.equal((await fetched(artist, `/songs/${a}/stream?quality=low`)).status, 200)
    for (const [who, id] of [
      [artist, a],
      [user, b],
    ] as const)
      assert.equal((await fetched(who, `/songs/${id}/cover`)).status, 200)
    await music.app.eventually(async () => (await rows()) === 1, 'the rendition to be kept')
    assert.deepEqual([(await blobs('catalog/audio')).length, (await blobs('streaming/covers')).length], [1, 1])

    assert.equal((await artist.delete(`/songs/${a}`)).status, 204)
    assert.equal((await fetched(artist, `/songs/${a}/stream`)).status, 404)
    assert.ok((await fetched(user, `/songs/${b}/stream`)).bytes.equals(tune))
    assert.equal((await fetched(user, `/songs/${b}/stream?quality=low`)).status, 200)
    assert.equal((await fetched(user, `/songs/${b}/cover`)).status, 200)

    assert.equal((await user.delete(`/songs/${b}`)).status, 204)
    assert.deepEqual([await blobs('catalog/audio'), await blobs('catalog/covers')], [[], []])
    await music.app.eventually(
      async () =>
        (await rows()) === 0 &&
        (await blobs('streaming/renditions')).length === 0 &&
        (await blobs('streaming/covers')).length === 0,
      'what was made of them to go',
    )
  },
)

test('what is made of a song while it is deleted is not kept, whole or in pieces', needsFfmpeg, async () => {
  const id = await upload(artist, long)
  const headers = { authorization: `Bearer ${artist.token}` }
  const answer = await fetch(`${music.app.url}/api/v1/songs/${id}/stream?quality=low`, { headers })
  assert.equal(answer.status, 200)
  assert.equal((await artist.delete(`/songs/${id}`)).status, 204)
  // It breaks off with the news, or was through before.
  await answer.arrayBuffer().catch(() => {})
  await music.app.eventually(
    async () =>
      (await pieces()).length === 0 &&
      (await music.app.app.ports.metrics.text()).includes('transcodes_active 0') &&
      (await rows()) === 0 &&
      (await blobs('streaming/renditions')).length === 0,
    'nothing of it to be left',
  )
})
