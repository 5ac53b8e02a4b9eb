import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, startCatalog } from '#modules/catalog/testing.ts'
import { png } from '#test/fixtures/audio.ts'
import { postSong, sendForm } from './testing.ts'

const get = async (who: Client, id: string): Promise<Song> => (await who.get(`/songs/${id}`)).body as Song

describe('songs that people have', () => {
  let c: Catalog
  let user: Client
  let artist: Client
  let stranger: Client
  before(async () => {
    c = await startCatalog()
    user = await c.app.as('user')
    artist = await c.app.as('artist')
    stranger = await c.app.as('stranger')
  })
  after(() => c?.app.stop())

  const count = async (table: string): Promise<number> =>
    (await c.app.app.ports.db.pool.query<{ n: number }>(`select count(*)::int as n from catalog.${table}`)).rows[0]
      ?.n ?? 0

  test('own lists have what an admin hid; nobody else has', async () => {
    const ids: string[] = []
    for (const title of ['Xenia A', 'Xenia B', 'Xenia C'])
      ids.push((await postSong(c, artist, mp3({ title }), { isPublic: 'true' }))['id'] as string)
    const [, hidden] = ids as [string, string, string]
    assert.equal((await c.admin.patch(`/admin/songs/${hidden}/visible`, { isVisible: false })).status, 200)
    const mine = async (path: string) => ((await artist.get(path)).body['items'] as Song[]).map((s) => s.title)
    assert.deepEqual(await mine('/users/songs?q=xenia&sort=title'), ['Xenia A', 'Xenia B', 'Xenia C'])
    assert.deepEqual(await mine('/songs/artist/my-songs?q=xenia'), ['Xenia C', 'Xenia B', 'Xenia A'])
    const first = await artist.get('/users/songs?q=xenia&sort=title&limit=2&count=true')
    assert.deepEqual([first.body['items'].length, first.body['total']], [2, 3])
    const rest = await artist.get(`/users/songs?q=xenia&sort=title&limit=2&cursor=${first.body['nextCursor']}`)
    assert.deepEqual(
      (rest.body['items'] as Song[]).map((s) => [s.title, s.isVisible]),
      [['Xenia C', true]],
    )
    assert.equal((await user.get('/songs/artist/my-songs')).status, 403)
    assert.deepEqual((await stranger.get('/users/songs')).body['items'], [])
    assert.equal((await c.app.nobody.get('/users/songs')).status, 401)

    const batch = await stranger.post('/songs/batch', { ids: ids.toReversed() })
    assert.deepEqual(
      (batch.body['items'] as Song[]).map((s) => s.title),
      ['Xenia C', 'Xenia A'],
    )
    assert.equal((await artist.get(`/songs/${hidden}`)).status, 404)
    assert.equal((await artist.get(`/users/songs/${hidden}`)).body['title'], 'Xenia B')
    assert.equal((await stranger.get(`/users/songs/${hidden}`)).status, 404)
    assert.equal((await artist.get(`/users/songs/${hidden}/lyrics`)).body['sync'], 'none')
    const edited = await artist.patch(`/songs/${hidden}`, { title: 'Xenia B, better' })
    assert.deepEqual([edited.status, edited.body['title'], edited.body['isVisible']], [200, 'Xenia B, better', false])
    await artist.patch(`/songs/${hidden}`, { isPublic: false })
    const refused = await artist.patch(`/songs/${hidden}`, { isPublic: true })
    assert.deepEqual([refused.status, refused.body['code']], [403, 'hidden_by_admin'])
    assert.equal((await artist.delete(`/songs/${hidden}`)).status, 204)
  })

  test('a picture is made anew, replaces that of the file, and is gone with the last that shows it', async () => {
    const bytes = mp3({ title: 'Pic', picture: png(50, 50, [10, 200, 10]) })
    const song = (await postSong(c, artist, bytes)) as Song
    const before = await count('covers')
    const image = { name: 'image', bytes: png(60, 60, [10, 10, 200]) }
    const put = await sendForm(c, artist, `PUT /songs/${song.id}/cover`, { files: [image] })
    assert.equal(put.status, 200, put.text)
    assert.notEqual(put.body['coverUrl'], song.coverUrl)
    assert.match(put.body['coverColor'], /^#(?:[0-3][0-9a-f]){2}[b-f][0-9a-f]$/)
    const form = await sendForm(c, artist, `PATCH /songs/${song.id}`, { files: [image], fields: { title: 'Pictured' } })
    assert.deepEqual([form.body['title'], form.body['coverUrl']], ['Pictured', put.body['coverUrl']])
    const missing = await sendForm(c, artist, `PUT /songs/${song.id}/cover`, { fields: {} })
    assert.deepEqual([missing.status, missing.body['code']], [400, 'upload_missing'])
    const text = await sendForm(c, artist, `PUT /songs/${song.id}/cover`, {
      files: [{ name: 'image', bytes: Buffer.from('<svg/>') }],
    })
    assert.equal(text.status, 415)
    assert.equal((await artist.delete(`/songs/${song.id}/cover`)).status, 204)
    assert.equal((await get(artist, song.id)).coverUrl, song.coverUrl)
    const upload = await sendForm(c, artist, 'POST /upload/image', { files: [image] })
    const patched = await artist.patch(`/songs/${song.id}`, { imageUploadId: upload.body['id'] })
    assert.equal(patched.body['coverUrl'], put.body['coverUrl'])
    assert.equal(await count('covers'), before + 1)
  })

  test('of an upload: its song says what is asked; of one that made none a song is made, once', async () => {
    const settled = (id: string) =>
      c.app.eventually(async () => {
        const { body } = await artist.get(`/upload/status/${id}`)
        return body['songId'] !== null || body['status'] === 'completed' ? body : undefined
      }, 'the upload')
    const up = async (title: string, fields: Record<string, string>) => {
      const made = await sendForm(c, artist, 'POST /upload/audio', {
        files: [{ name: 'audio', bytes: mp3({ title }) }],
        fields,
      })
      return settled(made.body['id'])
    }
    const auto = await up('Auto', {})
    const adopted = await artist.post('/songs', { upload_id: auto['id'], title: 'Adopted', isPublic: true })
    assert.deepEqual(
      [adopted.status, adopted.body['id'], adopted.body['title'], adopted.body['isPublic']],
      [201, auto['songId'], 'Adopted', true],
    )
    await c.admin.patch(`/admin/songs/${auto['songId']}/visible`, { isVisible: false })
    const again = await artist.post('/songs', { uploadId: auto['id'], isPublic: true })
    assert.deepEqual([again.status, again.body['code']], [403, 'hidden_by_admin'])
    const manual = await up('Manual', { createSong: 'false' })
    assert.equal(manual['songId'], null)
    const made = await artist.post('/songs', { uploadId: manual['id'], genre: 'Dub' })
    assert.deepEqual([made.status, made.body['title'], made.body['genres']], [201, 'Manual', ['Dub']])
    assert.equal((await artist.post('/songs', { uploadId: manual['id'] })).body['id'], made.body['id'])
    const twin = await up('Manual', {})
    assert.deepEqual([twin['isDuplicate'], twin['songId']], [true, made.body['id']])
    const second = await artist.post('/songs', { uploadId: twin['id'], title: 'Twin' })
    assert.equal(second.status, 201, second.text)
    assert.notEqual(second.body['id'], made.body['id'])
    assert.equal((await stranger.post('/songs', { uploadId: manual['id'] })).status, 404)
    assert.deepEqual((await artist.post('/songs', { title: 'Nothing' })).body['code'], 'upload_missing')
  })

  test('deleted with all that hangs on it; bytes stay until the last song that has them', async () => {
    const bytes = mp3({ title: 'Shared', album: 'Gone', artist: 'Only Here', lyrics: 'la la' })
    const [a, b] = [await postSong(c, artist, bytes), await postSong(c, user, bytes)]
    const assets = await count('assets')
    const album = (await artist.post('/albums', { title: 'Curated', songIds: [a['id']] })).body['id'] as string
    await sendForm(c, artist, `PUT /songs/${a['id']}/cover`, {
      files: [{ name: 'image', bytes: png(30, 30, [1, 2, 3]) }],
    })
    const removed = await artist.delete(`/songs/${a['id']}`)
    assert.equal(removed.status, 204, removed.text)
    for (const who of [artist, c.admin]) assert.equal((await who.get(`/songs/${a['id']}`)).status, 404)
    assert.deepEqual((await artist.get(`/albums/${album}`)).body['songs'], [])
    assert.deepEqual(
      (await artist.get(`/upload?limit=100`)).body['items'].filter((u: { songId: string }) => u.songId === a['id']),
      [],
    )
    const events = await c.events<{ songIds: string[] }>('catalog.songs-removed.v1')
    assert.ok(events.some((e) => e.songIds.includes(a['id'])))
    const orphans = await c.app.app.ports.db.pool.query<{ n: number }>(
      `select (select count(*) from catalog.lyrics where song_id = $1) + (select count(*) from catalog.song_artists where song_id = $1)
        + (select count(*) from catalog.album_songs where song_id = $1) as n`,
      [a['id']],
    )
    assert.equal(Number(orphans.rows[0]?.n), 0)
    assert.equal(await count('assets'), assets)
    assert.equal((await user.get(`/songs/${b['id']}`)).status, 200)
    assert.equal((await user.delete(`/songs/${b['id']}`)).status, 204)
    assert.equal(await count('assets'), assets - 1)
    assert.ok(!(await c.artists()).some((x) => x.name === 'Only Here'))
    assert.equal((await user.delete(`/songs/${b['id']}`)).status, 404)
  })

  test('what a person owns stands in their export', async () => {
    const song = await postSong(c, user, mp3({ title: 'Export me' }), { tags: 'mine' })
    await user.put(`/songs/${song['id']}/lyrics`, { plain: 'my own words' })
    const { body } = await user.get('/users/me/export')
    const text = JSON.stringify(body)
    for (const word of ['Export me', 'my own words', song['id']]) assert.ok(text.includes(word), word)
    assert.ok(!text.includes('Of mine'))
  })
})
