import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { AlbumWithSongs } from '#modules/catalog/schema.ts'
import { mp3 } from '#modules/catalog/testing.ts'
import { sendForm } from '#modules/catalog/uploads/testing.ts'
import { png } from '#test/fixtures/audio.ts'
import { type Albums, sendPicture, startAlbums, titlesOf } from './testing.ts'

const make = async (who: Client, body: Record<string, unknown>): Promise<AlbumWithSongs> => {
  const { status, body: made, text } = await who.post('/albums', body)
  assert.equal(status, 201, text)
  return made as AlbumWithSongs
}
/** Titles of the songs that `who` sees on the album, or the status that says why none. */
const seen = async (who: Client, id: string): Promise<number | string[]> => {
  const { status, body } = await who.get(`/albums/${id}`)
  return status === 200 ? titlesOf(body) : status
}

const ofParty = (n: number, disc: string): Buffer =>
  mp3({ title: `T${disc}${n}`, artist: `Guest ${n}`, albumArtist: 'The Hosts', album: 'Party', track: String(n), disc })

describe('albums that people make', () => {
  let a: Albums
  before(async () => {
    a = await startAlbums(5)
  })
  after(() => a?.stop())
  const ids = (...titles: string[]) => titles.map(a.id)

  test('songs stand in the order they were put in, one song on several albums', async () => {
    const { artist } = a.people
    const one = await make(artist, {
      title: 'First Light',
      artist: 'Band A',
      year: 1999,
      kind: 'ep',
      songIds: ids('A2', 'A1'),
    })
    assert.deepEqual(
      [one.title, one.artist, one.year, one.kind, one.isPublic, one.isVisible, one.ownerId],
      ['First Light', 'Band A', 1999, 'ep', false, true, artist.userId],
    )
    assert.deepEqual([titlesOf(one), one.songCount], [['A2', 'A1'], 2])
    assert.equal(one.durationMs, a.song('A1').durationMs + a.song('A2').durationMs)
    assert.deepEqual(
      one.songs.map((s) => [s.disc, s.track]),
      [
        [null, 1],
        [null, 2],
      ],
    )
    const two = await make(artist, { title: 'First Light', songIds: ids('A1') })
    assert.notEqual(two.id, one.id, 'of the same name, and another')
    assert.equal(two.artist, 'Band A', 'the artist of all its songs')
    assert.deepEqual([await seen(artist, one.id), await seen(artist, two.id)], [['A2', 'A1'], ['A1']])
    const { body } = await artist.get(`/songs/${a.id('A1')}`)
    assert.equal(body.album.id, one.id, 'the first is its home')
  })

  const orders: readonly { does: string; body: Record<string, unknown>; order: string; discs?: (number | null)[] }[] = [
    { does: 'at the end', body: { songId: 'A4' }, order: 'A1 A2 A3 A4' },
    { does: 'before the first', body: { songId: 'A4', position: 0 }, order: 'A4 A1 A2 A3' },
    { does: 'before the third', body: { songIds: ['A5', 'A4'], position: 2 }, order: 'A1 A2 A5 A4 A3' },
    { does: 'far behind the end', body: { songId: 'A4', position: 900 }, order: 'A1 A2 A3 A4' },
    { does: 'one that moves to the front', body: { songId: 'A3', position: 0 }, order: 'A3 A1 A2' },
    { does: 'one that moves to the end', body: { songId: 'A1' }, order: 'A2 A3 A1' },
    { does: 'named twice', body: { songIds: ['A4', 'A1', 'A4'] }, order: 'A2 A3 A4 A1' },
    { does: 'onto the second disc', body: { songId: 'A1', disc: 2 }, order: 'A2 A3 A1', discs: [null, null, 2] },
    { does: 'with an older spelling', body: { song_id: 'A4' }, order: 'A1 A2 A3 A4' },
  ]
  for (const { does, body, order, discs } of orders)
    test(`songs are put ${does}`, async () => {
      const { artist } = a.people
      const album = await make(artist, { title: `Order ${does}`, songIds: ids('A1', 'A2', 'A3') })
      const named = JSON.parse(JSON.stringify(body), (key, value) =>
        /^[A-Z]\d$/.test(String(value)) ? a.id(value) : value,
      )
      const { status, body: put, text } = await artist.post(`/albums/${album.id}/songs`, named)
      assert.equal(status, 200, text)
      assert.deepEqual([titlesOf(put), put.songCount], [order.split(' '), order.split(' ').length])
      if (discs)
        assert.deepEqual(
          (put as AlbumWithSongs).songs.map((s) => s.disc),
          discs,
        )
    })

  test('all songs are set in order, by disc; what is not named leaves the album', async () => {
    const { artist } = a.people
    const { id } = await make(artist, { title: 'Discs', songIds: ids('A5') })
    const songs = [
      { songId: a.id('A1'), disc: 1 },
      { songId: a.id('A2') },
      { songId: a.id('A3'), disc: 2 },
      { songId: a.id('A4'), disc: 1 },
    ]
    const { status, body, text } = await artist.put(`/albums/${id}/songs`, { songs })
    assert.equal(status, 200, text)
    const places = (body as AlbumWithSongs).songs.map((s) => `${s.title} ${s.disc}-${s.track}`)
    assert.deepEqual(places, ['A1 1-1', 'A2 1-2', 'A4 1-3', 'A3 2-1'])
    const last = await artist.post(`/albums/${id}/songs`, { songId: a.id('A5') })
    assert.deepEqual((last.body as AlbumWithSongs).songs.at(-1)?.disc, 2, 'with the last disc')
    assert.equal((await artist.delete(`/albums/${id}/songs/${a.id('A2')}`)).status, 204)
    assert.equal((await artist.delete(`/albums/${id}/songs/${a.id('A2')}`)).status, 404)
    assert.deepEqual(await seen(artist, id), ['A1', 'A4', 'A3', 'A5'])
    assert.equal((await artist.get(`/songs/${a.id('A2')}`)).status, 200, 'the song stays')
    assert.equal((await artist.put(`/albums/${id}/songs`, { songs: [] })).body.songCount, 0)
  })

  test('what one cannot see, one cannot put on an album', async () => {
    const { user } = a.people
    const { id } = await make(user, { title: 'Others', songIds: ids('U1', 'L1') })
    for (const hidden of [a.id('A1'), '01900000-0000-7000-8000-000000000000']) {
      assert.equal((await user.post(`/albums/${id}/songs`, { songIds: [a.id('L2'), hidden] })).status, 404)
      assert.equal((await user.put(`/albums/${id}/songs`, { songs: [{ songId: hidden }] })).status, 404)
      assert.equal((await user.post('/albums', { title: 'x', songIds: [hidden] })).status, 404)
    }
    assert.deepEqual(await seen(user, id), ['U1', 'L1'], 'all or nothing')
    assert.ok(!JSON.stringify((await user.get('/albums/user/my-albums')).body).includes('"title":"x"'))
    assert.equal((await user.post(`/albums/${id}/songs`, {})).status, 400)
  })

  test('everybody sees of an album the songs that they see, counted so', async () => {
    const { artist, user, stranger, nobody, admin } = a.people
    const { id } = await make(artist, { title: 'Mixed', isPublic: true, songIds: ids('A3', 'L1') })
    await artist.post(`/albums/${id}/songs`, { songIds: ids('A4', 'A5') })
    await admin.patch(`/songs/${a.id('L2')}/visibility`, { isPublic: true })
    await artist.post(`/albums/${id}/songs`, { songId: a.id('L2'), position: 0 })
    const expected: [Client, string[]][] = [
      [artist, ['L2', 'A3', 'L1', 'A4', 'A5']],
      [admin, ['L2', 'A3', 'L1', 'A4', 'A5']],
      [user, ['L2', 'A3', 'L1']],
      [stranger, ['L2', 'A3', 'L1']],
      [nobody, ['L2', 'A3']],
    ]
    for (const [who, titles] of expected) {
      const { body } = await who.get(`/albums/${id}`)
      const lengthMs = titles.reduce((sum, t) => sum + a.song(t).durationMs, 0)
      assert.deepEqual([titlesOf(body), body.songCount, body.durationMs], [titles, titles.length, lengthMs])
      const listed = (await who.get('/albums?limit=500')).body.items.find((x: { id: string }) => x.id === id)
      assert.deepEqual([listed.songCount, listed.durationMs], [titles.length, lengthMs])
    }
    await admin.patch(`/songs/${a.id('L2')}/visibility`, { isPublic: false })
  })

  test('an album publishes its owner’s songs, and takes back exactly those', async () => {
    const { artist, nobody } = a.people
    await artist.patch(`/songs/${a.id('A5')}/visibility`, { isPublic: true })
    for (const title of ['A3', 'A4']) await artist.patch(`/songs/${a.id(title)}/visibility`, { isPublic: false })
    const { id } = await make(artist, { title: 'Released', songIds: ids('A3', 'A4', 'A5', 'L3') })
    const isPublic = async (title: string) => (await nobody.get(`/songs/${a.id(title)}`)).status === 200
    const publish = (body?: object) => artist.patch(`/albums/${id}/visibility`, body)
    assert.equal(await seen(nobody, id), 401)
    const done = await publish({ isPublic: true })
    assert.deepEqual([done.status, done.body.isPublic], [200, true])
    assert.deepEqual(await seen(nobody, id), ['A3', 'A4', 'A5'], 'the library’s are not the artist’s to publish')
    assert.equal(await isPublic('L3'), false)
    await artist.patch(`/songs/${a.id('A4')}/visibility`, { isPublic: true })
    assert.equal((await publish()).body.isPublic, false, 'without a body it flips')
    assert.equal(await seen(nobody, id), 401)
    assert.deepEqual(await Promise.all(['A3', 'A4', 'A5'].map(isPublic)), [false, true, true])
    assert.equal((await publish()).body.isPublic, true)
    assert.equal((await artist.patch(`/albums/${id}`, { isPublic: true, title: 'Out Now' })).body.title, 'Out Now')
    assert.equal((await artist.delete(`/albums/${id}`)).status, 204)
    assert.deepEqual([await isPublic('A3'), await seen(artist, id)], [true, 404], 'the songs stay as they are')
    for (const title of ['A3', 'A4', 'A5']) await artist.patch(`/songs/${a.id(title)}/visibility`, { isPublic: false })
  })

  test('a plain user’s album is private', async () => {
    const { user, artist, nobody, stranger } = a.people
    const refused = await user.post('/albums', { title: 'Mine', isPublic: true })
    assert.deepEqual([refused.status, refused.body.code], [403, 'role_required'])
    const { id } = await make(user, { title: 'Mine', isPublic: false, songIds: ids('U1') })
    const patched = await user.patch(`/albums/${id}`, { title: 'Ours', isPublic: true })
    assert.deepEqual([patched.status, patched.body.code], [403, 'role_required'])
    const shown = await user.patch(`/albums/${id}/visibility`, { isPublic: true })
    assert.deepEqual([shown.status, shown.body.code], [403, 'role_required'])
    assert.equal((await user.get(`/albums/${id}`)).body.title, 'Mine')
    assert.deepEqual([await seen(artist, id), await seen(stranger, id), await seen(nobody, id)], [404, 404, 401])
    for (const who of [artist, stranger, nobody])
      assert.ok(!JSON.stringify((await who.get('/albums?limit=500')).body).includes(id))
    assert.equal((await artist.patch(`/albums/${id}`, { title: 'Stolen' })).status, 404)
    assert.equal((await artist.delete(`/albums/${id}`)).status, 404)
    assert.equal((await artist.post(`/albums/${id}/songs`, { songId: a.id('A1') })).status, 404)
  })

  test('a form makes an album with its picture; the picture of another replaces it, or that of the first song', async () => {
    const { artist, stranger, nobody } = a.people
    const fields = { title: 'Framed', isPublic: 'true', year: '2020', songIds: JSON.stringify(ids('A1')) }
    const base = a.c.app.url
    const made = await sendPicture(base, artist, { method: 'POST', path: '/albums', image: png(40, 40), fields })
    assert.equal(made.status, 201)
    const { id, coverUrl } = made.body
    assert.deepEqual([titlesOf(made.body), made.body.isPublic, made.body.year], [['A1'], true, 2020])
    assert.ok(coverUrl)
    assert.equal((await nobody.get(`/albums/${id}`)).body.coverUrl, coverUrl)
    const path = `/albums/${id}`
    const other = await sendPicture(base, artist, { method: 'PATCH', path, image: png(50, 50) })
    assert.notEqual(other.body.coverUrl, coverUrl)
    assert.equal((await sendPicture(base, stranger, { method: 'PATCH', path, image: png(60, 60) })).status, 403)
    const text = await sendPicture(base, artist, { method: 'PATCH', path, image: Buffer.from('no picture') })
    assert.ok([415, 422].includes(text.status), String(text.status))
    assert.equal((await nobody.get(path)).body.coverUrl, other.body.coverUrl)
    assert.equal((await artist.delete(`${path}/cover`)).status, 204)
    assert.equal((await artist.get(path)).body.coverUrl, null)
    assert.equal((await artist.patch(path, { imageUploadId: a.id('A1') })).status, 404)
    await artist.delete(path)
    await artist.patch(`/songs/${a.id('A1')}/visibility`, { isPublic: false })
  })

  test('files of one album land on one, in their order, however they come', async () => {
    const { user } = a.people
    for (const [n, disc] of [
      [3, '1'],
      [1, '2'],
      [1, '1'],
      [2, '1'],
    ] as const) {
      const files = [{ name: 'audio', bytes: ofParty(n, disc), fileName: `${n}.mp3` }]
      const { status, text } = await sendForm(a.c.app.url, user, '/songs', { files })
      assert.equal(status, 201, text)
    }
    const mine = (await user.get('/albums/user/my-albums?q=party')).body.items
    assert.deepEqual([mine.length, mine[0].artist, mine[0].isPublic], [1, 'The Hosts', false])
    const { body } = await user.get(`/albums/${mine[0].id}`)
    assert.deepEqual(titlesOf(body), ['T11', 'T12', 'T13', 'T21'])
    assert.ok((body as AlbumWithSongs).songs.every((s) => s.album?.id === mine[0].id))
    assert.equal((await user.delete(`/albums/${mine[0].id}`)).status, 204)
    const [song] = (body as AlbumWithSongs).songs
    assert.equal((await user.get(`/songs/${song?.id}`)).body.album, null, 'the songs stay')
  })

  test('edits need the revision that was read, when they name one', async () => {
    const { artist } = a.people
    const { id, revision } = await make(artist, { title: 'Edits', songIds: ids('A1') })
    const read = await artist.get(`/albums/${id}`)
    const tag = read.headers.get('etag') ?? ''
    assert.equal(tag, `"${revision}"`)
    const send = (body: object, ifMatch: string) => artist.send('PATCH', `/albums/${id}`, body, { 'if-match': ifMatch })
    const first = await send({ description: 'One', year: 2001 }, tag)
    assert.deepEqual([first.status, first.body.description, first.body.year], [200, 'One', 2001])
    assert.equal((await send({ description: 'Two' }, tag)).status, 412)
    const now = first.headers.get('etag') ?? ''
    assert.notEqual(now, tag)
    const put = await artist.send(
      'PUT',
      `/albums/${id}`,
      { name: 'Renamed', artist: 'Band Z', type: 'live' },
      { 'if-match': now },
    )
    assert.deepEqual(
      [put.body.title, put.body.artist, put.body.kind, put.body.year],
      ['Renamed', 'Band Z', 'live', 2001],
    )
    const back = await artist.patch(`/albums/${id}`, { artist: null, year: null, description: null })
    assert.deepEqual([back.body.artist, back.body.year, back.body.description], ['Band A', null, null])
    assert.equal((await artist.get('/search?q=renamed')).body.albums[0]?.id, id)
    assert.equal((await a.people.stranger.get('/search?q=renamed')).body.albums.length, 0)
    assert.equal((await artist.patch(`/albums/${id}`, { songCount: 3 })).status, 400)
    const kept = await artist.send('GET', `/albums/${id}`, undefined, { 'if-none-match': `"${put.body.revision}"` })
    assert.equal(kept.status, 200, 'what an album answers is more than its revision')
  })

  test('my albums are all of mine, hidden ones too; lists are filtered by kind', async () => {
    const { stranger, admin } = a.people
    const made: AlbumWithSongs[] = []
    for (const kind of ['playlist', 'single', 'playlist']) made.push(await make(stranger, { title: `K ${kind}`, kind }))
    await admin.patch(`/admin/albums/${made[0]?.id}/visible`, { isVisible: false })
    const mine = (await stranger.get('/albums/user/my-albums?count=true')).body
    assert.deepEqual(
      mine.items.map((x: { id: string; isVisible: boolean }) => [x.id, x.isVisible]),
      made.toReversed().map((x) => [x.id, x.id !== made[0]?.id]),
    )
    assert.equal(mine.total, 3)
    const page = (await stranger.get('/albums/user/my-albums?limit=1&sort=title&q=single')).body
    assert.deepEqual([page.items.length, page.items[0].id, page.nextCursor], [1, made[1]?.id, null])
    const playlists = (await stranger.get('/albums?kind=playlist')).body.items.map((x: { id: string }) => x.id)
    assert.deepEqual(playlists, [made[2]?.id])
    assert.equal(await seen(stranger, made[0]?.id ?? ''), 404)
    const renamed = await stranger.patch(`/albums/${made[0]?.id}`, { title: 'Mended' })
    assert.deepEqual([renamed.status, renamed.body.title, renamed.body.isVisible], [200, 'Mended', false])
    assert.equal((await stranger.delete(`/albums/${made[0]?.id}`)).status, 204)
  })

  test('an artist’s page shows own albums to their owner alone, until they are public', async () => {
    const { artist, user } = a.people
    const { id } = await make(artist, { title: 'Page', artist: 'Band A', songIds: ids('A2') })
    const band = (await artist.get('/artists?limit=500')).body.items.find((x: { name: string }) => x.name === 'Band A')
    const onPage = async (who: Client) => {
      const { body } = await who.get(`/artists/${band.id}`)
      return ((body.albums ?? []) as { id: string }[]).some((x) => x.id === id)
    }
    assert.deepEqual([await onPage(artist), await onPage(user)], [true, false])
    await artist.patch(`/albums/${id}/visibility`, { isPublic: true })
    assert.deepEqual([await onPage(artist), await onPage(user)], [true, true])
    await artist.patch(`/albums/${id}/visibility`, { isPublic: false })
    assert.equal(await onPage(user), false)
  })

  test('an artist without songs is known by their album, to whom the album is', async () => {
    const { artist, user, nobody } = a.people
    const { id, artists } = await make(artist, { title: 'Announced', artist: 'Newcomer' })
    const page = async (who: Client): Promise<[number, number | undefined]> => {
      const { status, body } = await who.get(`/artists/${artists[0]?.id}`)
      return [status, body.albums?.length]
    }
    assert.deepEqual(
      [await page(artist), await page(user)],
      [
        [200, 1],
        [404, undefined],
      ],
    )
    await artist.patch(`/albums/${id}/visibility`, { isPublic: true })
    assert.deepEqual(
      [await page(user), await page(nobody)],
      [
        [200, 1],
        [200, 1],
      ],
    )
    const listed = (await nobody.get('/artists?q=newcomer')).body.items[0]
    assert.deepEqual([listed.name, listed.songCount], ['Newcomer', 0])
    await artist.patch(`/albums/${id}`, { artist: null })
    assert.equal((await artist.get(`/artists/${artists[0]?.id}`)).status, 404, 'nothing names them any more')
    assert.equal((await nobody.get(`/albums/${id}`)).body.artist, '')
    await artist.delete(`/albums/${id}`)
  })
})
