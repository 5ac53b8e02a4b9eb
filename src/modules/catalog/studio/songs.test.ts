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
})
