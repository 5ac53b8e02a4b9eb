import assert from 'node:assert/strict'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { taggedMp3, writeLibrary } from '#test/fixtures/audio.ts'
import { writeFile } from 'node:fs/promises'
import { allSongs, eventually, makeHouse, scanned } from './house.ts'

const FILES = 1200

const idsOf = async (admin: Client) => new Map((await allSongs(admin)).map((s) => [s.title, s.id]))
const folderState = async (admin: Client) => (await admin.get('/library/status')).body['folders'][0]?.state as string
const whenMissing = (admin: Client) =>
  eventually(
    async () => {
      const songs = await allSongs(admin)
      return (
        (await folderState(admin)) === 'unreachable' && songs.length > 0 && songs.every((s) => s.isMissing) && songs
      )
    },
    'all songs to be marked missing',
    20_000,
  )
const whenBack = (admin: Client, count: number) =>
  eventually(
    async () => {
      const songs = await allSongs(admin)
      return songs.length === count && songs.every((s) => !s.isMissing) && songs
    },
    `${count} songs to be back`,
    20_000,
  )

test('a music folder that vanishes while it is scanned and while it is watched', async (t) => {
  const house = makeHouse(t)
  const away = `${house.music}-away`
  await writeLibrary(house.music, FILES)
  const product = await house.start({ ENABLE_ANALYSIS: 'false' })
  const admin = await house.admin(product)
  const early = await eventually(async () => {
    const ids = await idsOf(admin)
    return ids.size > 0 && ids
  }, 'the first songs')
  await rename(house.music, away)
  assert.ok(early.size < FILES, 'taken away in the middle')
  const missing = await whenMissing(admin)
  assert.ok(missing.length >= early.size && missing.length < FILES, `${missing.length} known`)
  assert.equal((await admin.get('/library/faults')).body['items'].length, 0, 'no file is blamed')

  await rename(away, house.music)
  await whenBack(admin, FILES)
  await scanned(admin, FILES)
  const known = await idsOf(admin)
  for (const [title, id] of early) assert.equal(known.get(title), id, title)

  await rename(house.music, away)
  await whenMissing(admin)
  const gone = await admin.get(`/songs/${[...known.values()][0]}/stream`)
  assert.deepEqual([gone.status, gone.body['code']], [404, 'file_missing'])
  await rename(away, house.music)
  await whenBack(admin, FILES)
  assert.deepEqual(await idsOf(admin), known)
  // The new folder is watched as the old one was.
  await writeFile(join(house.music, 'more.mp3'), taggedMp3({ TIT2: 'More' }, { seed: FILES + 1 }))
  await whenBack(admin, FILES + 1)
  assert.equal(await product.end('SIGTERM'), 0)
})
