import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, startCatalog } from '#modules/catalog/testing.ts'
import { png } from '#test/fixtures/audio.ts'
import { postSong, sendForm } from './testing.ts'

const get = async (who: Client, id: string): Promise<Song> => (await who.get(`/songs/${id}`)).body as Song

describe('songs that people bring', () => {
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

  test('says what the file says, with what the person says laid over; bytes that came before make a song of their own', async () => {
    const bytes = mp3({
      title: 'Of the file',
      artist: 'Ann feat. Bea',
      album: 'Alba',
      track: '3',
      year: 1999,
      genre: 'Jazz',
      composer: 'Cox',
    })
    const made = await sendForm(c, artist, 'POST /songs', {
      files: [
        { name: 'file', bytes, fileName: 'x.mp3' },
        { name: 'cover', bytes: png(40, 40, [200, 10, 10]) },
      ],
      fields: { title: 'Of mine', genre: 'Rock; Pop', is_public: 'true', tags: ['calm', 'rain'] },
    })
    assert.equal(made.status, 201, made.text)
    const song = made.body as Song
    assert.deepEqual(
      [song.title, song.artist, song.genres, song.tags, song.track, song.year, song.isPublic, song.ownerId],
      ['Of mine', 'Ann feat. Bea', ['Rock', 'Pop'], ['calm', 'rain'], 3, 1999, true, artist.userId],
    )
    assert.deepEqual(
      song.artists.map((a) => `${a.role} ${a.name}`),
      ['main Ann', 'featured Bea', 'composer Cox'],
    )
    assert.equal(song.album?.title, 'Alba')
    assert.match(song.coverUrl ?? '', /^\/api\/v1\/songs\/.+\/cover\?v=/)
    assert.equal(made.headers.get('etag'), `"${song.revision}"`)
    assert.equal((await c.app.nobody.get(`/songs/${song.id}`)).body['title'], 'Of mine')
    const events = await c.events<{ songs: { songId: string }[] }>('catalog.song-audio-ready.v1')
    assert.ok(events.some((e) => e.songs.some((s) => s.songId === song.id)))

    const again = await postSong(c, artist, bytes)
    assert.notEqual(again['id'], song.id)
    assert.deepEqual([again['title'], await count('assets')], ['Of the file', 1])
  })

  test('an album that is private is named to its owner and to admins alone, and finds nothing for others', async () => {
    const fields = { isPublic: 'true', title: 'Open Air', album: 'Zanzibar Sessions' }
    const song = await postSong(c, artist, mp3({ title: 'x', artist: 'Ann' }), fields)
    assert.equal(song['album'].title, 'Zanzibar Sessions')
    assert.equal((await get(c.admin, song['id'])).album?.title, 'Zanzibar Sessions')
    for (const who of [stranger, c.app.nobody]) {
      assert.equal((await get(who, song['id'])).album, null)
      assert.deepEqual((await who.get('/search?q=zanzibar')).body, { songs: [], albums: [], artists: [] })
      assert.deepEqual((await who.get('/songs?q=zanzibar')).body['items'], [])
      assert.deepEqual((await who.get('/songs?album=Zanzibar%20Sessions')).body['items'], [])
      assert.deepEqual((await who.get(`/songs?album=${song['album'].id}`)).body['items'], [])
      const { body } = await who.get('/songs?sort=album&limit=1')
      assert.ok(!Buffer.from(String(body['nextCursor']), 'base64url').toString().includes('zanzibar'))
    }
    assert.deepEqual(
      ((await artist.get('/songs?album=Zanzibar%20Sessions')).body['items'] as Song[]).map((s) => s.id),
      [song['id']],
    )
    const album = song['album'].id
    assert.equal((await artist.patch(`/albums/${album}/visibility`, { isPublic: true })).status, 200)
    assert.equal((await get(c.app.nobody, song['id'])).album?.id, album)
  })

  test('what a plain user brings is private, whatever they ask', async () => {
    const song = await postSong(c, user, mp3({ title: 'Shy' }), { isPublic: 'true' })
    assert.deepEqual([song['isPublic'], song['title']], [false, 'Shy'])
    assert.equal((await stranger.get(`/songs/${song['id']}`)).status, 404)
    assert.equal((await c.app.nobody.get(`/songs/${song['id']}`)).status, 401)
    const refused = await user.patch(`/songs/${song['id']}`, { isPublic: true, title: 'Loud' })
    assert.deepEqual([refused.status, refused.body['code']], [403, 'role_required'])
    assert.equal((await get(user, song['id'])).title, 'Shy')
    assert.equal((await user.patch(`/songs/${song['id']}`, { isPublic: false, title: 'Quiet' })).body['title'], 'Quiet')
    assert.equal((await user.patch(`/songs/${song['id']}/visibility`, { isPublic: true })).status, 403)
  })

  test('a file without tags is named by its name, and so again when a title is taken back', async () => {
    const song = await postSong(c, user, mp3({ audio: 'bare' }), { title: 'Named' }, '07 - Bare Bones.mp3')
    assert.deepEqual([song['title'], song['track']], ['Named', 7])
    const { body } = await user.patch(`/songs/${song['id']}`, { title: null })
    assert.deepEqual([body['title'], body['track']], ['Bare Bones', 7])
  })

  test('an edit changes what it names, and null gives the file its say again', async () => {
    const id = (
      await postSong(c, artist, mp3({ title: 'Raw', artist: 'Dov', album: 'Home', year: 2001, genre: 'Folk' }))
    )['id'] as string
    const all = {
      title: 'Cooked',
      credits: [
        { name: 'Dov', role: 'main' },
        { name: 'Eve', role: 'featured' },
        { name: 'Fay', role: 'remixer' },
        { name: 'Gus', role: 'producer' },
      ],
      disc: 2,
      track: 5,
      year: 2020,
      genres: ['Dub', 'dub', 'Ska'],
      tags: ['night'],
      album: 'Elsewhere',
    }
    const put = await artist.send('PUT', `/songs/${id}`, all)
    assert.equal(put.status, 200, put.text)
    const song = put.body as Song
    assert.deepEqual(
      [song.title, song.artist, song.disc, song.track, song.year, song.genres, song.tags, song.album?.title],
      ['Cooked', 'Dov feat. Eve', 2, 5, 2020, ['dub', 'Ska'], ['night'], 'Elsewhere'],
    )
    assert.deepEqual(
      song.artists.map((a) => a.role),
      ['main', 'featured', 'remixer', 'producer'],
    )
    assert.deepEqual(
      ((await artist.get('/songs?artist=Fay')).body['items'] as Song[]).map((s) => s.id),
      [id],
    )
    assert.deepEqual(
      ((await artist.get('/songs?tag=night&q=cooked')).body['items'] as Song[]).map((s) => s.id),
      [id],
    )
    assert.deepEqual((await artist.get('/songs?q=raw')).body['items'], [])
    assert.ok(!(await c.albums(artist)).some((a) => a.title === 'Home' && a.songCount > 0))
    const one = (await artist.patch(`/songs/${id}`, { title: null, album: null })).body as Song
    assert.deepEqual([one.title, one.album?.title, one.year], ['Raw', 'Home', 2020])
    const none = (
      await artist.patch(`/songs/${id}`, {
        credits: null,
        disc: null,
        track: null,
        year: null,
        genres: null,
        tags: null,
      })
    ).body as Song
    assert.deepEqual(
      [none.artist, none.disc, none.track, none.year, none.genres, none.tags],
      ['Dov', null, null, 2001, ['Folk'], []],
    )
    assert.ok(!(await c.artists()).some((a) => a.name === 'Fay'), 'an artist with no song left is gone')
  })

  test('refuses fields it does not know, people without a main artist, albums of others', async () => {
    const id = (await postSong(c, artist, mp3({ title: 'Strict' })))['id'] as string
    const foreign = (await c.admin.post('/albums', { title: 'Not yours' })).body['id'] as string
    const own = (await artist.post('/albums', { title: 'Mine' })).body['id'] as string
    const cases: [unknown, number, string][] = [
      [{ ownerId: artist.userId }, 400, 'invalid_input'],
      [{ isVisible: true }, 400, 'invalid_input'],
      [{ durationMs: 1 }, 400, 'invalid_input'],
      [{ title: '' }, 400, 'invalid_input'],
      [{ credits: [] }, 422, 'credits_without_main'],
      [{ credits: [{ name: 'A', role: 'composer' }] }, 422, 'credits_without_main'],
      [{ albumId: foreign }, 422, 'album_not_yours'],
      [{ imageUploadId: id }, 404, 'not_found'],
    ]
    for (const [body, status, code] of cases) {
      const answer = await artist.patch(`/songs/${id}`, body)
      assert.deepEqual([answer.status, answer.body['code']], [status, code], JSON.stringify(body))
    }
    const bytes = mp3({ title: 'To a foreign album' })
    const made = await sendForm(c, artist, 'POST /songs', {
      files: [{ name: 'audio', bytes }],
      fields: { albumId: foreign },
    })
    assert.deepEqual([made.status, made.body['code']], [422, 'album_not_yours'])
    assert.equal((await artist.patch(`/songs/${id}`, { album_id: own })).body['album'].title, 'Mine')
    const songs = (await artist.get(`/albums/${own}`)).body['songs'] as Song[]
    assert.deepEqual(
      songs.map((s) => s.id),
      [id],
    )
  })

  test('others cannot write it: strangers are told of nothing, whoever sees it is refused', async () => {
    const hidden = (await postSong(c, artist, mp3({ title: 'Hidden' })))['id'] as string
    const open = (await postSong(c, artist, mp3({ title: 'Open' }), { isPublic: 'true' }))['id'] as string
    for (const [id, status] of [
      [hidden, 404],
      [open, 403],
    ] as const) {
      assert.equal((await stranger.patch(`/songs/${id}`, { title: 'Mine' })).status, status)
      assert.equal((await stranger.delete(`/songs/${id}`)).status, status)
      assert.equal((await stranger.put(`/songs/${id}/lyrics`, { plain: 'la' })).status, status)
      assert.equal((await stranger.delete(`/songs/${id}/cover`)).status, status)
      const files = [{ name: 'image', bytes: png(8, 8) }]
      assert.equal((await sendForm(c, stranger, `PUT /songs/${id}/cover`, { files })).status, status)
    }
    assert.equal((await c.admin.patch(`/songs/${hidden}`, { title: 'By an admin' })).status, 200)
  })

  test('If-Match refuses what was changed meanwhile; every change has its revision', async () => {
    const made = await postSong(c, artist, mp3({ title: 'Rev' }))
    const id = made['id'] as string
    const tag = (await artist.get(`/songs/${id}`)).headers.get('etag') ?? ''
    assert.equal((await artist.send('PATCH', `/songs/${id}`, { title: 'Rev 2' }, { 'if-match': tag })).status, 200)
    const late = await artist.send('PATCH', `/songs/${id}`, { title: 'Rev 3' }, { 'if-match': tag })
    assert.deepEqual([late.status, late.body['code']], [412, 'precondition_failed'])
    const published = await artist.patch(`/songs/${id}/visibility`, { isPublic: true })
    assert.ok(published.body['revision'] > made['revision'] + 1)
    assert.equal((await artist.patch(`/songs/${id}`, { title: 'x', revision: made['revision'] })).status, 412)
  })

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
