import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { Album } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { png } from '#test/fixtures/audio.ts'
import { sendPicture, titlesOf } from './testing.ts'

const track = (album: string, n: number, more: object = {}) =>
  mp3({ title: `${album} ${n}`, artist: 'Jo', albumArtist: 'Jo', album, track: String(n), year: 1990, ...more })

const titles = async (who: Client, query = '') =>
  ((await who.get(`/albums?sort=title${query}`)).body.items as Album[]).map((a) => a.title)

describe('albums of the library', () => {
  let music: MusicFolder
  let c: Catalog
  let user: Client
  before(async () => {
    music = await musicFolder()
    for (const n of [1, 2, 3])
      await music.put(`Blue/${n}.mp3`, track('Blue', n, { releaseType: n < 3 ? 'ep' : 'album' }))
    await music.put('Mix/1.mp3', track('Mix', 1, { compilation: true }))
    await music.put('Live/1.mp3', track('Stage', 1, { releaseType: 'album; live' }))
    await music.put('Plain/1.mp3', track('Plain', 1))
    c = await startCatalog({ musicDirs: [music.root] })
    user = await c.app.as('user')
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })
  const album = async (title: string): Promise<Album> => {
    const found = (await c.albums()).find((a) => a.title === title)
    assert.ok(found, title)
    return found
  }

  test('the kind is what most files say; a compilation is one by its flag', async () => {
    const kinds = await Promise.all(['Blue', 'Mix', 'Stage', 'Plain'].map(async (t) => (await album(t)).kind))
    assert.deepEqual(kinds, ['ep', 'compilation', 'live', 'album'])
    assert.deepEqual(await titles(user, '&kind=ep'), ['Blue'])
    assert.deepEqual(await titles(user, '&kind=single'), [])
  })

  test('hidden, edited and given a picture, it stays so through rescans and new songs', async () => {
    const { id, coverUrl } = await album('Blue')
    assert.equal(coverUrl, null)
    const edited = await sendPicture(c.app.url, c.admin, {
      method: 'PATCH',
      path: `/albums/${id}`,
      image: png(32, 32),
      fields: { kind: 'soundtrack', year: '1984', description: 'From the film' },
    })
    assert.equal(edited.status, 200)
    await c.admin.patch(`/admin/albums/${id}/visible`, { isVisible: false })
    await music.put('Blue/4.mp3', track('Blue', 4, { year: 2001 }))
    await c.scan({ full: true })
    assert.deepEqual(await titles(user), ['Mix', 'Plain', 'Stage'])
    assert.equal((await user.get(`/albums/${id}`)).status, 404)
    const now = await album('Blue')
    assert.deepEqual([now.id, now.songCount, now.isVisible], [id, 4, false])
    assert.deepEqual([now.kind, now.year, now.description], ['soundtrack', 1984, 'From the film'])
    await c.admin.patch(`/admin/albums/${id}/visible`, { isVisible: true })
    const seen = (await user.get(`/albums/${id}`)).body
    assert.deepEqual([titlesOf(seen).length, seen.coverUrl], [4, edited.body.coverUrl])
    assert.ok(String(seen.coverUrl).startsWith(`/api/v1/albums/${id}/cover?v=`))
    assert.equal((await c.admin.delete(`/albums/${id}/cover`)).status, 204)
    const back = (await c.admin.patch(`/albums/${id}`, { kind: null, year: null, description: null })).body
    assert.deepEqual([back.kind, back.year, back.description, back.coverUrl], ['ep', 1990, null, null])
  })

  test('an admin publishes it with its songs; songs that come later wait', async () => {
    const { nobody } = c.app
    const { id } = await album('Plain')
    assert.equal((await c.admin.patch(`/albums/${id}/visibility`, { isPublic: true })).body.isPublic, true)
    await music.put('Plain/2.mp3', track('Plain', 2))
    await c.scan()
    assert.deepEqual(await titles(nobody), ['Plain'])
    const forNobody = (await nobody.get(`/albums/${id}`)).body
    assert.deepEqual([titlesOf(forNobody), forNobody.songCount], [['Plain 1'], 1])
    assert.equal((await user.get(`/albums/${id}`)).body.songCount, 2)
    assert.equal((await c.admin.patch(`/albums/${id}/visibility`)).body.isPublic, false)
    assert.deepEqual([await titles(nobody), (await nobody.get(`/albums/${id}`)).status], [[], 401])
  })

  test('a moved file keeps its place on the albums of people', async () => {
    const song = await c.song('Mix 1')
    const { body: mine } = await user.post('/albums', { title: 'Taped', kind: 'playlist', songIds: [song.id] })
    const stays = (await c.song('Stage 1')).id
    await user.post(`/albums/${mine.id}/songs`, { songId: stays, position: 0 })
    const copied = track('Mix', 1, { compilation: true })
    await music.put('Copied/1.mp3', copied)
    await c.scan()
    const copy = (await c.songs()).find((s) => s.title === 'Mix 1' && s.id !== song.id)
    const { body: other } = await user.post('/albums', { title: 'Of the copy', songIds: [copy?.id] })
    await rm(music.at('Mix/1.mp3'))
    await c.scan()
    assert.deepEqual(titlesOf((await user.get(`/albums/${mine.id}`)).body), ['Stage 1', 'Mix 1'])
    const { body: moved } = await user.get(`/albums/${other.id}`)
    assert.deepEqual(
      moved.songs.map((s: { id: string }) => s.id),
      [song.id],
      'the copy became the song',
    )
    await rm(music.at('Copied/1.mp3'))
    await c.scan()
    const without = (await user.get(`/albums/${mine.id}`)).body
    assert.deepEqual([titlesOf(without), without.songCount], [['Stage 1'], 1], 'a file that is gone shows nowhere')
    await music.put('Mix/1.mp3', copied)
    await c.scan()
    assert.deepEqual(titlesOf((await user.get(`/albums/${mine.id}`)).body), ['Stage 1', 'Mix 1'], 'it came back')
  })
})
