import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { Album, Artist, LibraryFolder, LibraryStatus, Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { png } from '#test/fixtures/images.ts'

const titles = (songs: readonly Song[]): string[] => songs.map((s) => s.title).toSorted()

const statusFor = async (who: Client) => (await who.get('/library/status')).body as LibraryStatus

describe('a folder that is not for everybody', () => {
  let [open, secret]: MusicFolder[] = []
  let c: Catalog
  let user: Client
  let artist: Client
  let folder: LibraryFolder
  const restrict = async (isRestricted: boolean, userIds?: string[]) => {
    const answer = await c.admin.put(`/library/folders/${folder.id}/access`, { isRestricted, userIds })
    assert.equal(answer.status, 200, answer.text)
    return answer.body
  }

  before(async () => {
    open = await musicFolder()
    secret = await musicFolder()
    // Both folders hold a part of the same album by the same artist.
    const shared = { artist: 'Both', albumArtist: 'Both', album: 'Shared', genre: 'Jazz' }
    await open.put('1.mp3', mp3({ ...shared, title: 'Open', seconds: 1 }))
    await secret.put('2.mp3', mp3({ ...shared, title: 'Secret', seconds: 2, picture: png(64, 64) }))
    await secret.put(
      '3.mp3',
      mp3({ title: 'Alone', artist: 'Hermit', album: 'Cave', albumArtist: 'Hermit', genre: 'Drone' }),
    )
    await secret.put(
      '4.mp3',
      mp3({ title: 'Shown', artist: 'Hermit', album: 'Cave', albumArtist: 'Hermit', genre: 'Drone' }),
    )
    c = await startCatalog({ musicDirs: [open.root, secret.root] })
    user = await c.app.as('user')
    artist = await c.app.as('artist')
    folder = (await c.status()).folders.find((f) => f.path === secret?.root) as LibraryFolder
    await c.app.eventually(async () => (await c.song('Secret')).coverUrl, 'the cover')
  })
  after(async () => {
    await c?.app.stop()
    await open?.remove()
    await secret?.remove()
  })

  test('is open at first, and says so', async () => {
    const { body } = await c.admin.get(`/library/folders/${folder.id}/access`)
    assert.deepEqual(body, { isRestricted: false, userIds: [] })
    assert.deepEqual(titles(await c.songs('', user)), ['Alone', 'Open', 'Secret', 'Shown'])
  })

  test('is for those who are named from the answer on, and for nobody else', async () => {
    assert.deepEqual(await restrict(true, [artist.userId]), { isRestricted: true, userIds: [artist.userId] })
    assert.deepEqual(titles(await c.songs('', user)), ['Open'])
    assert.deepEqual(titles(await c.songs('', artist)), ['Alone', 'Open', 'Secret', 'Shown'])
    assert.deepEqual(titles(await c.songs()), ['Alone', 'Open', 'Secret', 'Shown'])
    const { id } = await c.song('Secret')
    assert.equal((await user.get(`/songs/${id}`)).status, 404)
    assert.equal((await artist.get(`/songs/${id}`)).status, 200)
    const search = (await user.get('/search?q=secret')).body
    assert.deepEqual(search, { songs: [], albums: [], artists: [] })
  })

  test('counts, lengths and pictures of albums and artists are of what is seen', async () => {
    const albums = await c.albums(user)
    assert.deepEqual(
      albums.map((a) => [a.title, a.songCount, a.coverUrl]),
      [['Shared', 1, null]],
    )
    const whole = (await c.albums(artist)).find((a) => a.title === 'Shared') as Album
    assert.equal(whole.songCount, 2)
    assert.ok(whole.coverUrl)
    assert.ok((albums[0] as Album).durationMs < whole.durationMs)
    const artists = await c.artists(user)
    assert.deepEqual(
      artists.map((a) => [a.name, a.songCount, a.albumCount, a.imageUrl]),
      [['Both', 1, 1, null]],
    )
    const both = (await c.artists(artist)).find((a) => a.name === 'Both') as Artist
    assert.deepEqual([both.songCount, both.albumCount], [2, 1])
    assert.ok(both.imageUrl)
    const genres = (await user.get('/genres')).body['items']
    assert.deepEqual(genres, [{ name: 'Jazz', songCount: 1, albumCount: 1 }])
  })

  test('the status speaks of open folders alone', async () => {
    const seen = await statusFor(user)
    assert.deepEqual([seen.folders.length, seen.songCount, seen.albumCount, seen.artistCount], [1, 1, 1, 1])
    const all = await statusFor(artist)
    assert.deepEqual([all.folders.length, all.songCount, all.albumCount, all.artistCount], [2, 4, 2, 2])
    assert.ok(all.folders.some((f) => f.isRestricted && f.songCount === 3))
  })

  test('a public song of it is for everybody', async () => {
    const { id } = await c.song('Shown')
    await c.admin.patch(`/songs/${id}/visibility`, { isPublic: true })
    assert.deepEqual(titles(await c.songs('', user)), ['Open', 'Shown'])
    const hermit = (await c.artists(user)).find((a) => a.name === 'Hermit')
    assert.deepEqual([hermit?.songCount, hermit?.albumCount], [1, 1])
    assert.equal((await c.albums(user)).find((a) => a.title === 'Cave')?.songCount, 1)
    await c.admin.patch(`/songs/${id}/visibility`, { isPublic: false })
  })

  test('opens again at once; the people stay named when none are told', async () => {
    assert.deepEqual(await restrict(false), { isRestricted: false, userIds: [artist.userId] })
    assert.equal((await c.songs('', user)).length, 4)
    assert.deepEqual(await restrict(true), { isRestricted: true, userIds: [artist.userId] })
    assert.equal((await c.songs('', user)).length, 1)
    assert.deepEqual(await restrict(true, []), { isRestricted: true, userIds: [] })
    assert.equal((await c.songs('', artist)).length, 1)
  })

  test('refuses people and folders that are not there', async () => {
    const nobody = '01900000-0000-7000-8000-000000000001'
    const path = `/library/folders/${folder.id}/access`
    const strangers = await c.admin.put(path, { isRestricted: true, userIds: [nobody] })
    assert.deepEqual([strangers.status, strangers.body['code']], [422, 'unknown_user'])
    assert.equal((await c.admin.put(`/library/folders/${nobody}/access`, { isRestricted: true })).status, 404)
    assert.equal((await user.get(path)).status, 403)
  })

  test('whoever leaves is let in nowhere', async () => {
    await restrict(true, [user.userId, artist.userId])
    const gone = await c.admin.delete(`/admin/users/${user.userId}`)
    assert.equal(gone.status, 204, gone.text)
    await c.app.eventually(async () => {
      const { body } = await c.admin.get(`/library/folders/${folder.id}/access`)
      return JSON.stringify(body['userIds']) === JSON.stringify([artist.userId])
    }, 'the folder to forget the person')
  })
})
