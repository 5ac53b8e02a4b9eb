import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Db } from '#modules/catalog/store/db.ts'
import { ALBUM_SONGS_MAX, ALBUMS_MAX, PLACES_MAX } from './contract.ts'
import { describeAlbums } from './personal.ts'
import { type Albums, startAlbums } from './testing.ts'

let a: Albums
before(async () => {
  a = await startAlbums(1)
})
after(() => a.stop())

/** Albums as if somebody had made them, with a song on each of the first `withSong`. */
async function fill(ownerId: string, count: number, withSong: number): Promise<void> {
  await a.sql(
    `insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder, owner_id)
      select gen_random_uuid(), 'x' || n, $1 || n, 'x', '', false, $1::uuid from generate_series(1, $2::int) n`,
    [ownerId, count],
  )
  await a.sql(
    `insert into catalog.album_songs (album_id, song_id, position)
      select x.id, $2::uuid, 0 from (select id from catalog.albums where owner_id = $1::uuid limit $3) x`,
    [ownerId, a.id('L1'), withSong],
  )
}

test('one person has so many albums and no more; what there is can still be changed', async () => {
  const { user, stranger } = a.people
  await fill(user.userId, ALBUMS_MAX - 1, 0)
  const last = await user.post('/albums', { title: 'Last' })
  assert.equal(last.status, 201, last.text)
  const over = await user.post('/albums', { title: 'One more' })
  assert.deepEqual([over.status, over.body['code']], [422, 'too_many_albums'])
  assert.equal((await user.post(`/albums/${last.body['id']}/songs`, { songId: a.id('L1') })).status, 200)
  assert.equal((await stranger.post('/albums', { title: 'Of another' })).status, 201)
})

test('all albums of one person hold so many songs and no more', async () => {
  const { artist } = a.people
  const made = (await artist.post('/albums', { title: 'Full', songIds: [a.id('L1')] })).body['id']
  await fill(artist.userId, ALBUMS_MAX - 2, 0)
  // As many places as there may be, but for one; the songs are made up.
  await a.sql(
    `insert into catalog.songs (id, title, artist, sort_key, artist_order, album_order, search, content_id, codec, container,
        mime_type, size_bytes, duration_ms, lossless)
      select gen_random_uuid(), 'x', 'x', 'x', 'x', 'x', '', 'x', 'x', 'x', 'x/x', 1, 1, false from generate_series(1, $1::int)`,
    [ALBUM_SONGS_MAX],
  )
  const perAlbum = 500
  await a.sql(
    `insert into catalog.album_songs (album_id, song_id, position)
      select al.id, s.id, 0 from (select id from catalog.albums where owner_id = $1::uuid and id <> $2::uuid limit $3) al,
        (select id from catalog.songs where title = 'x' limit $4) s`,
    [artist.userId, made, PLACES_MAX / perAlbum, perAlbum],
  )
  await a.sql(
    `delete from catalog.album_songs where ctid = (select ctid from catalog.album_songs
    where album_id <> $1::uuid limit 1)`,
    [made],
  )
  const refused = await artist.post(`/albums/${made}/songs`, { songId: a.id('A1') })
  assert.deepEqual([refused.status, refused.body['code']], [422, 'too_many_albums'])
  assert.equal((await artist.put(`/albums/${made}/songs`, { songs: [{ songId: a.id('A1') }] })).status, 200)
})

test('an export names no song of a folder that was closed to its person', async () => {
  const { admin, stranger } = a.people
  await stranger.post('/albums', { title: 'Kept', songIds: [a.id('L1'), a.id('S1')] })
  const titles = async () =>
    (await describeAlbums(a.c.app.app.ports.db.kysely as Db, stranger.userId)).flatMap((al) =>
      (al['songs'] as { title: string | null }[]).map((s) => s.title),
    )
  assert.deepEqual(await titles(), ['L1', 'S1'])
  const [folder] = await a.sql('select id from catalog.folders')
  const path = `/library/folders/${String(folder?.['id'])}/access`
  assert.equal((await admin.put(path, { isRestricted: true, userIds: [] })).status, 200)
  assert.deepEqual(await titles(), [null, 'S1'])
  assert.equal((await admin.put(path, { isRestricted: true, userIds: [stranger.userId] })).status, 200)
  assert.deepEqual(await titles(), ['L1', 'S1'])
})
