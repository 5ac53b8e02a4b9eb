import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { postSong } from '#modules/catalog/studio/testing.ts'
import { type Catalog, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { wavTone } from '#test/fixtures/audio.ts'

/** Much longer than the places of a file that the scan looks at. */
const SECONDS = 20
/** Between the first and the second of them. */
const HIDDEN_SHARE = 0.25
const HIDDEN_BYTES = 1000

let c: Catalog
let music: MusicFolder
let user: Client
const theirs = wavTone({ sec: SECONDS, hz: 300 })
before(async () => {
  music = await musicFolder()
  await music.put('theirs.wav', theirs)
  c = await startCatalog({ musicDirs: [music.root] })
  user = await c.app.as('user')
})
after(async () => {
  await c.app.stop()
  await music.remove()
})

const contentOf = async (songId: string): Promise<string> => {
  const all = await c.events<{ songs: { songId: string; contentId: string }[] }>('catalog.song-audio-ready.v1')
  return String(all.flatMap((e) => e.songs).find((s) => s.songId === songId)?.contentId)
}

test('nobody uploads other music under the name of a song: what is made of one is never played as the other', async () => {
  const forged = Buffer.from(theirs)
  const at = Math.floor(forged.length * HIDDEN_SHARE)
  forged.fill(0x7f, at, at + HIDDEN_BYTES)
  const song = await c.song('theirs')
  const [known, copied, made] = [
    await contentOf(song.id),
    await contentOf((await postSong(c, user, theirs, {}, 'theirs.wav'))['id']),
    await contentOf((await postSong(c, user, forged, {}, 'forged.wav'))['id']),
  ]
  assert.match(made, /^[0-9a-f]{32}$/)
  assert.equal(new Set([known, copied, made]).size, 3)
})
