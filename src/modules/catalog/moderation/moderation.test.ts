import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import { type Albums, startAlbums, titlesOf } from '#modules/catalog/albums/testing.ts'
import type { AlbumWithSongs, Song } from '#modules/catalog/schema.ts'

/** Titles that a path answers `who` with, in a list, a batch or a search; or the status that says why none. */
const titlesAt = async (who: Client, path: string): Promise<string[] | number> => {
  const { status, body } = await who.get(path)
  return status === 200 ? ((body.items ?? body.songs) as { title: string }[]).map((s) => s.title) : status
}

describe('what admins see and hide', () => {
  let a: Albums
  let album: AlbumWithSongs
  before(async () => {
    a = await startAlbums(3)
    const { artist } = a.people
    const songIds = ['A1', 'A2'].map(a.id)
    album = (await artist.post('/albums', { title: 'Loud', isPublic: true, songIds })).body as AlbumWithSongs
  })
  after(() => a?.stop())
  const hideSong = (title: string, body?: object) => a.people.admin.patch(`/admin/songs/${a.id(title)}/visible`, body)

  test('a hidden song is nowhere, at once, for anybody but admins; it comes back as it was', async () => {
    const { artist, user, nobody, admin } = a.people
    const id = a.id('A1')
    // Read first, so that whatever is kept is kept.
    const places = [`/songs/${id}`, '/songs?limit=500', '/search?q=A1', `/albums/${album.id}`, `/songs/${id}/lyrics`]
    for (const who of [artist, user, nobody]) for (const path of places) assert.equal((await who.get(path)).status, 200)
    const hidden = await hideSong('A1', { isVisible: false })
    assert.deepEqual([hidden.status, hidden.body.isVisible, hidden.body.isPublic], [200, false, true])
    for (const [who, status] of [
      [artist, 404],
      [user, 404],
      [nobody, 401],
    ] as const) {
      assert.equal((await who.get(`/songs/${id}`)).status, status)
      assert.equal((await who.get(`/songs/${id}/lyrics`)).status, status)
      assert.ok(!((await titlesAt(who, '/songs?limit=500')) as string[]).includes('A1'))
      assert.deepEqual((await who.post('/songs/batch', { ids: [id, a.id('A2')] })).body.items.length, 1)
      assert.deepEqual(await titlesAt(who, '/search?q=A1'), [])
      const { body } = await who.get(`/albums/${album.id}`)
      assert.deepEqual([titlesOf(body), body.songCount], [['A2'], 1])
    }
    const { body: all } = await admin.get(`/albums/${album.id}`)
    assert.deepEqual([titlesOf(all), all.songCount], [['A1', 'A2'], 2])
    const shown = await hideSong('A1')
    assert.equal(shown.body.isVisible, true, 'without a body it flips')
    assert.deepEqual(titlesOf((await nobody.get(`/albums/${album.id}`)).body), ['A1', 'A2'])
  })

  test('a hidden album is nowhere; its songs stay', async () => {
    const { artist, user, nobody, admin } = a.people
    for (const who of [artist, user, nobody]) assert.equal((await who.get(`/albums/${album.id}`)).status, 200)
    const hidden = await admin.patch(`/admin/albums/${album.id}/visible`, { isVisible: false })
    assert.deepEqual([hidden.status, hidden.body.isVisible, hidden.body.isPublic], [200, false, true])
    for (const [who, status] of [
      [artist, 404],
      [user, 404],
      [nobody, 401],
    ] as const) {
      assert.equal((await who.get(`/albums/${album.id}`)).status, status)
      assert.ok(!((await titlesAt(who, '/albums?limit=500')) as string[]).includes('Loud'))
      assert.deepEqual((await who.get('/search?q=loud')).body.albums, [])
      const { body: song } = await who.get(`/songs/${a.id('A2')}`)
      assert.equal(song.album, null, 'its song does not name it')
    }
    const refused = await artist.patch(`/albums/${album.id}`, { isPublic: true })
    assert.deepEqual([refused.status, refused.body.code], [403, 'hidden_by_admin'])
    assert.equal((await artist.patch(`/albums/${album.id}/visibility`, { isPublic: true })).status, 404)
    assert.equal((await admin.patch(`/admin/albums/${album.id}/visible`)).body.isVisible, true)
    assert.equal((await nobody.get(`/albums/${album.id}`)).status, 200)
  })

  test('a hidden album of the library stays hidden through rescans; admins edit what files do not say', async () => {
    const { admin, user } = a.people
    const [made] = await a.sql(`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder)
      values ('01900000-0000-7000-8000-00000000000a', 'Shelf', 'shelf', 'shelf', '''shelf''', true) returning id`)
    const id = String(made?.['id'])
    await a.sql(`update catalog.songs set album_id = $1 where title like 'L%'`, [id])
    const hidden = await admin.patch(`/admin/albums/${id}/visible`, { isVisible: false })
    assert.deepEqual([hidden.status, hidden.body.songCount], [200, 3])
    assert.equal((await user.get(`/albums/${id}`)).status, 404)
    await hideSong('L1', { isVisible: false })
    await hideSong('L1', { isVisible: true })
    assert.equal((await user.get(`/albums/${id}`)).status, 404, 'its songs were counted again')
    const edited = await admin.patch(`/albums/${id}`, { kind: 'live', year: 1977, description: 'In Paris' })
    assert.deepEqual(
      [edited.status, edited.body.kind, edited.body.year, edited.body.description],
      [200, 'live', 1977, 'In Paris'],
    )
    await admin.patch(`/admin/albums/${id}/visible`, { isVisible: true })
    await hideSong('L1', { isVisible: false })
    const seen = (await user.get(`/albums/${id}`)).body
    assert.deepEqual([titlesOf(seen), seen.songCount, seen.kind, seen.year], [['L2', 'L3'], 2, 'live', 1977])
    assert.equal((await admin.get(`/albums/${id}`)).body.songCount, 3, 'admins see and count the hidden one')
    await hideSong('L1', { isVisible: true })
    const title = await admin.patch(`/albums/${id}`, { title: 'Other' })
    assert.deepEqual([title.status, title.body.code], [422, 'album_of_files'])
    for (const [method, path, body] of [
      ['DELETE', `/albums/${id}`],
      ['POST', `/albums/${id}/songs`, { songId: a.id('A1') }],
      ['PUT', `/albums/${id}/songs`, { songs: [] }],
      ['DELETE', `/albums/${id}/songs/${a.id('L1')}`],
    ] as const)
      assert.equal((await admin.send(method, path, body)).body.code, 'album_of_files')
    const forbidden = await user.patch(`/albums/${id}`, { kind: 'ep' })
    assert.deepEqual([forbidden.status, forbidden.body.code], [403, 'forbidden'])
    assert.equal((await admin.patch(`/albums/${id}/visibility`, { isPublic: true })).body.isPublic, true)
    assert.deepEqual(titlesOf((await a.people.nobody.get(`/albums/${id}`)).body), ['L1', 'L2', 'L3'])
    await admin.patch(`/albums/${id}/visibility`, { isPublic: false })
    assert.equal((await a.people.nobody.get(`/albums/${id}`)).status, 401)
    const back = await admin.patch(`/albums/${id}`, { kind: null, year: null })
    assert.deepEqual([back.status, back.body.kind, back.body.year], [200, 'album', null])
  })

  const filters: readonly { query: string; titles: string[] }[] = [
    { query: 'from=library', titles: ['L1', 'L2', 'L3'] },
    { query: 'from=uploads&isPublic=true', titles: ['A1', 'A2'] },
    { query: 'isVisible=false', titles: ['U2'] },
    { query: 'ownerId=USER', titles: ['U1', 'U2', 'U3'] },
    { query: 'ownerId=USER&isVisible=true', titles: ['U1', 'U3'] },
    { query: 'q=S2', titles: ['S2'] },
    { query: 'q=S2&from=library', titles: [] },
  ]
  for (const { query, titles } of filters)
    test(`admins list songs by ${query}`, async () => {
      const { admin, user } = a.people
      await hideSong('U2', { isVisible: false })
      const path = `/admin/songs?sort=title&${query.replace('USER', user.userId)}`
      assert.deepEqual(await titlesAt(admin, path), titles)
      const { body } = await admin.get(`${path}&count=true&limit=1`)
      assert.equal(body.total, titles.length)
    })

  test('admins list albums of everybody', async () => {
    const { admin, user, artist } = a.people
    const { body } = await user.post('/albums', { title: 'Quiet', songIds: [a.id('U1')] })
    await admin.patch(`/admin/albums/${body.id}/visible`, { isVisible: false })
    const titles = (query: string) => titlesAt(admin, `/admin/albums?sort=title&${query}`)
    assert.deepEqual(await titles('from=uploads'), ['Loud', 'Quiet'])
    assert.deepEqual(await titles('from=library'), ['Shelf'])
    assert.deepEqual(await titles('isVisible=false'), ['Quiet'])
    assert.deepEqual(await titles('isPublic=true'), ['Loud'])
    assert.deepEqual(await titles(`ownerId=${artist.userId}`), ['Loud'])
    assert.deepEqual(await titles('q=quiet'), ['Quiet'])
    assert.equal((await admin.get(`/albums/${body.id}`)).status, 200)
  })

  test('what was hidden is remembered once, by whom and of whom, without the titles of people', async () => {
    const { admin, stranger } = a.people
    const before = (await a.c.events('catalog.moderated.v1')).length
    for (const isVisible of [false, false, true]) await hideSong('S1', { isVisible })
    await hideSong('L2', { isVisible: false })
    assert.equal((await a.c.events('catalog.moderated.v1')).length, before + 3, 'what changes nothing is no event')
    const told = await a.c.app.eventually(async () => {
      const { items } = (await admin.get('/admin/audit?limit=500')).body
      const ours = (items as Entry[]).filter((e) => [a.id('S1'), a.id('L2')].includes(String(e.detail['id'])))
      return (
        ours.length === 3 &&
        ours.map((e) => [e.action, e.actor?.username, e.subject?.id ?? null, e.detail['title'] ?? null])
      )
    }, 'the audit log')
    assert.deepEqual(told, [
      ['song.hidden', 'admin', null, 'L2'],
      ['song.shown', 'admin', stranger.userId, null],
      ['song.hidden', 'admin', stranger.userId, null],
    ])
    assert.equal((await admin.get('/admin/audit?action=song.hidden')).status, 200)
    await hideSong('L2', { isVisible: true })
  })

  test('only admins moderate, and only what there is', async () => {
    const { artist, admin, nobody } = a.people
    const id = a.id('A1')
    for (const path of ['/admin/songs', '/admin/albums']) {
      assert.equal((await artist.get(path)).body.code, 'role_required')
      assert.equal((await nobody.get(path)).status, 401)
    }
    assert.equal((await artist.patch(`/admin/songs/${id}/visible`, { isVisible: true })).body.code, 'role_required')
    assert.equal((await admin.patch('/admin/songs/01900000-0000-7000-8000-0000000000ff/visible')).status, 404)
    assert.equal((await admin.patch('/admin/albums/01900000-0000-7000-8000-0000000000ff/visible')).status, 404)
    const { revision } = (await admin.get(`/songs/${id}`)).body as Song
    assert.equal((await hideSong('A1', { isVisible: true })).body.revision, revision)
  })
})

type Entry = {
  action: string
  actor: { username: string } | null
  subject: { id: string } | null
  detail: Record<string, unknown>
}
