import assert from 'node:assert/strict'
import { rename, rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { Album, Song } from '#modules/catalog/schema.ts'
import { type Catalog, listingOf, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { png } from '#test/fixtures/audio.ts'
import { sendForm } from './testing.ts'

const TAGS = { artist: 'Ann', albumArtist: 'Ann', album: 'First', track: '1', year: 1990, genre: 'Rock', audio: 'one' }

describe('songs of the library, as admins write them', () => {
  let music: MusicFolder
  let c: Catalog
  before(async () => {
    music = await musicFolder()
    await music.put('one.mp3', mp3({ ...TAGS, title: 'One' }))
    await music.put('two.mp3', mp3({ ...TAGS, title: 'Two', track: '2', audio: 'two' }))
    c = await startCatalog({ musicDirs: [music.root] })
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  const get = async (id: string): Promise<Song> => (await c.admin.get(`/songs/${id}`)).body as Song
  const patch = async (id: string, fields: unknown): Promise<Song> => {
    const answer = await c.admin.patch(`/songs/${id}`, fields)
    assert.equal(answer.status, 200, answer.text)
    return answer.body as Song
  }
  const album = async (title: string): Promise<Album | undefined> => (await c.albums()).find((a) => a.title === title)

  test('only admins write them, nobody deletes them, and the files stay as they are', async () => {
    const { id } = await c.song('One')
    const listing = await listingOf(music.root)
    const artist = await c.app.as('artist')
    assert.equal((await artist.patch(`/songs/${id}`, { title: 'x' })).status, 403)
    const refused = await c.admin.delete(`/songs/${id}`)
    assert.deepEqual([refused.status, refused.body['code']], [409, 'library_song'])
    await patch(id, { title: 'Uno' })
    await patch(id, { title: null })
    assert.deepEqual(await listingOf(music.root), listing)
    assert.equal((await get(id)).title, 'One')
  })

  test('what was edited stays when the file is read again, the rest follows it; taken back, the file counts', async () => {
    const { id } = await c.song('One')
    const edited = await patch(id, { title: 'Edited', genres: ['Dub'], tags: ['mine'], album: 'Second' })
    assert.deepEqual(
      [edited.title, edited.genres, edited.tags, edited.album?.title],
      ['Edited', ['Dub'], ['mine'], 'Second'],
    )
    assert.deepEqual([(await album('First'))?.songCount, (await album('Second'))?.artist], [1, 'Ann'])
    assert.deepEqual(
      (await c.songs('&q=edited')).map((s) => s.id),
      [id],
    )
    await music.put('one.mp3', mp3({ ...TAGS, title: 'One, retagged', year: 2005, genre: 'Jazz', track: '7' }))
    assert.equal((await c.scan()).scan.changed, 1)
    const now = await get(id)
    assert.deepEqual(
      [now.title, now.genres, now.tags, now.album?.title, now.year, now.track],
      ['Edited', ['Dub'], ['mine'], 'Second', 2005, 7],
    )
    assert.deepEqual(
      (await c.songs('&q=retagged')).map((s) => s.id),
      [],
    )
    const back = await patch(id, { title: null, genres: null, tags: null, album: null })
    assert.deepEqual([back.title, back.genres, back.tags, back.album?.title], ['One, retagged', ['Jazz'], [], 'First'])
    assert.equal(await album('Second'), undefined)
    await c.scan({ full: true })
    assert.equal((await get(id)).title, 'One, retagged')
  })

  test('edits go with a file that is moved, or that comes back as a copy', async () => {
    const { id } = await c.song('Two')
    await patch(id, {
      title: 'Carried',
      credits: [
        { name: 'Zoe', role: 'main' },
        { name: 'Yan', role: 'remixer' },
      ],
    })
    await rename(music.at('two.mp3'), music.at('zwei.mp3'))
    assert.equal((await c.scan()).scan.moved, 1)
    assert.deepEqual([(await get(id)).title, (await get(id)).artist], ['Carried', 'Zoe'])
    await music.put('deux.mp3', mp3({ ...TAGS, title: 'Deux', track: '2', audio: 'two' }))
    await c.scan()
    await rm(music.at('zwei.mp3'))
    assert.equal((await c.scan()).scan.moved, 1)
    assert.deepEqual([(await get(id)).title, (await get(id)).artists.map((a) => a.name)], ['Carried', ['Zoe', 'Yan']])
    await patch(id, { title: null, credits: null })
    assert.deepEqual([(await get(id)).title, (await get(id)).artist], ['Deux', 'Ann'])
  })

  test('an album by its id is one of the library, and stays the song’s until it is taken back', async () => {
    await music.put('other.mp3', mp3({ title: 'Other', artist: 'Bob', albumArtist: 'Bob', album: 'Of Bob' }))
    await c.scan()
    const { id } = await c.song('Deux')
    const target = await album('Of Bob')
    assert.equal((await patch(id, { albumId: target?.id })).album?.title, 'Of Bob')
    await c.scan({ full: true })
    assert.equal((await get(id)).album?.title, 'Of Bob')
    const own = (await c.admin.post('/albums', { title: 'Curated' })).body['id']
    assert.equal((await c.admin.patch(`/songs/${id}`, { albumId: own })).body['code'], 'album_not_yours')
    assert.equal((await patch(id, { albumId: null })).album?.title, 'First')
  })

  test('a picture that an admin set stays; taken away, that of the file shows again', async () => {
    const tags = { ...TAGS, title: 'Seen', track: '9', audio: 'seen', picture: png(40, 40, [220, 10, 10]) }
    await music.put('seen.mp3', mp3(tags))
    await c.scan()
    const song = await c.song('Seen')
    const files = [{ name: 'image', bytes: png(40, 40, [10, 10, 220]) }]
    const put = await sendForm(c, c.admin, `PUT /songs/${song.id}/cover`, { files })
    assert.equal(put.status, 200, put.text)
    await music.put('seen.mp3', mp3({ ...tags, title: 'Seen again' }))
    await c.scan()
    assert.deepEqual([(await get(song.id)).title, (await get(song.id)).coverUrl], ['Seen again', put.body['coverUrl']])
    assert.equal((await c.admin.delete(`/songs/${song.id}/cover`)).status, 204)
    assert.equal((await get(song.id)).coverUrl, song.coverUrl)
  })

  test('a file that cannot be read now is told so, and nothing is changed', async () => {
    const { id } = await c.song('Seen again')
    await rename(music.at('seen.mp3'), `${music.root}-away.mp3`)
    const refused = await c.admin.patch(`/songs/${id}`, { title: 'x' })
    assert.deepEqual([refused.status, refused.body['code']], [409, 'song_file_missing'])
    assert.equal((await c.admin.patch(`/songs/${id}`, { isPublic: true })).body['isPublic'], true)
    await rename(`${music.root}-away.mp3`, music.at('seen.mp3'))
    assert.equal((await patch(id, { title: 'Mended' })).title, 'Mended')
  })

  test('people with their roles and the kind of release come from the tags', async () => {
    await music.put(
      'roles.mp3',
      mp3({ title: 'Roles', artist: 'Ann feat. Bea', composer: 'Cox', albumArtist: 'Ann', album: 'First' }),
    )
    await c.scan()
    const song = await c.song('Roles')
    assert.deepEqual(
      song.artists.map((a) => `${a.role} ${a.name}`),
      ['main Ann', 'featured Bea', 'composer Cox'],
    )
    assert.equal(song.artist, 'Ann feat. Bea')
  })
})
