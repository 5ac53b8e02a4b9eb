import assert from 'node:assert/strict'
import { mkdir, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { LibraryFolder } from './schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

const pathsOf = ({ body }: { body: unknown }) => (body as { folders: LibraryFolder[] }).folders.map((f) => f.path)

describe('music folders and who sees what is in them', () => {
  let music: MusicFolder
  let c: Catalog
  let folder: LibraryFolder
  before(async () => {
    music = await musicFolder()
    await music.put(
      'a/one.mp3',
      mp3({ title: 'One', artist: 'Ann', album: 'Hidden Gems', albumArtist: 'Ann', genre: 'Jazz' }),
    )
    await music.put(
      'a/two.mp3',
      mp3({ title: 'Two', artist: 'Ann', album: 'Hidden Gems', albumArtist: 'Ann', genre: 'Jazz' }),
    )
    await mkdir(join(music.root, 'empty'))
    c = await startCatalog()
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  test('only admins add, scan, browse and see faults; people see the status', async () => {
    const user = await c.app.as('user')
    for (const [method, path, body] of [
      ['POST', '/library/folders', { path: music.root }],
      ['POST', '/library/scan', {}],
      ['GET', '/library/browse', undefined],
      ['GET', '/library/faults', undefined],
    ] as const) {
      assert.equal((await user.send(method, path, body)).status, 403, path)
      assert.equal((await c.app.nobody.send(method, path, body)).status, 401, path)
    }
    assert.equal((await user.get('/library/status')).status, 200)
    assert.equal((await c.app.nobody.get('/library/status')).status, 401)
  })

  test('an added folder is scanned at once', async () => {
    const added = await c.admin.post('/library/folders', { path: music.root })
    assert.equal(added.status, 201)
    folder = added.body as LibraryFolder
    assert.deepEqual([folder.path, folder.fromConfig, folder.isPublic], [music.root, false, false])
    await c.app.eventually(async () => (await c.songs()).length === 2, 'the songs of the new folder')
  })

  test('where a folder lies on the server is for admins', async () => {
    assert.deepEqual(pathsOf(await c.admin.get('/library/status')), [music.root])
    assert.deepEqual(pathsOf(await (await c.app.as('user')).get('/library/status')), [basename(music.root)])
  })

  test('refuses what is no folder, overlaps another, or is our own data', async () => {
    await symlink(join(music.root, 'a'), join(music.root, 'empty', 'link'))
    const refused = async (path: string) => {
      const { status, body } = await c.admin.post('/library/folders', { path })
      return [status, body['code']]
    }
    assert.deepEqual(await refused(music.root), [409, 'folder_known'])
    assert.deepEqual(await refused(join(music.root, 'a')), [409, 'folder_overlaps'])
    assert.deepEqual(await refused(join(music.root, 'empty', 'link')), [409, 'folder_overlaps'])
    assert.deepEqual(await refused(join(music.root, '..')), [409, 'folder_overlaps'])
    assert.deepEqual(await refused(c.app.dataDir), [422, 'folder_is_data'])
    assert.deepEqual(await refused(join(music.root, 'nowhere')), [422, 'folder_unreachable'])
    assert.deepEqual(await refused('a'), [422, 'folder_not_absolute'])
  })

  test('browsing shows folders with their number of audio files', async () => {
    const { body } = await c.admin.get(`/library/browse?path=${encodeURIComponent(music.root)}`)
    assert.deepEqual(body, {
      path: music.root,
      parent: join(music.root, '..'),
      folders: [
        { name: 'a', path: join(music.root, 'a'), audioFiles: 2 },
        { name: 'empty', path: join(music.root, 'empty'), audioFiles: 0 },
      ],
    })
    assert.equal((await c.admin.get('/library/browse')).status, 200)
  })

  test('a scanned song is for signed-in people until it is published, alone or with its folder', async () => {
    const { nobody } = c.app
    const user = await c.app.as('user')
    const { id } = await c.song('One')
    const surfaces = async () => {
      const lists = await Promise.all([
        nobody.get('/songs?count=true'),
        nobody.get('/albums?count=true'),
        nobody.get('/artists?count=true'),
        nobody.get('/genres'),
      ])
      const found = (await nobody.get('/search?q=one')).body['songs'] as unknown[]
      const batch = (await nobody.post('/songs/batch', { ids: [id] })).body['items'] as unknown[]
      return [...lists.map((l) => (l.body['items'] as unknown[]).length), found.length, batch.length]
    }
    assert.deepEqual(await surfaces(), [0, 0, 0, 0, 0, 0])
    assert.equal((await nobody.get(`/songs/${id}`)).status, 401)
    assert.equal((await nobody.get(`/songs/${id}/lyrics`)).status, 401)
    assert.equal((await user.get(`/songs/${id}`)).status, 200)
    assert.equal((await user.patch(`/songs/${id}/visibility`, { isPublic: true })).status, 403)

    const published = await c.admin.patch(`/songs/${id}/visibility`, { isPublic: true })
    assert.deepEqual([published.status, published.body['isPublic']], [200, true])
    assert.deepEqual(await surfaces(), [1, 1, 1, 1, 1, 1])
    assert.equal((await nobody.get(`/songs/${id}`)).status, 200)
    const [album] = await c.albums(nobody)
    assert.equal(album?.songCount, 1, 'nobody is told of the songs that are not public')
    assert.equal((await nobody.get(`/albums/${album?.id}`)).body['songs'].length, 1)
    assert.equal((await c.albums())[0]?.songCount, 2)
    const flipped = await c.admin.send('PATCH', `/songs/${id}/visibility`)
    assert.equal(flipped.body['isPublic'], false, 'without a body it flips')
    assert.deepEqual(await surfaces(), [0, 0, 0, 0, 0, 0])
    assert.equal((await nobody.get(`/albums/${album?.id}`)).status, 401)

    const whole = await c.admin.patch(`/library/folders/${folder.id}/visibility`, { isPublic: true })
    assert.equal(whole.body['isPublic'], true)
    assert.equal((await c.songs('', nobody)).length, 2)
    await music.put('a/three.mp3', mp3({ title: 'Three', artist: 'Ann' }))
    await c.scan()
    assert.equal((await c.songs('', nobody)).length, 3, 'what is added later is public as well')
    await c.admin.patch(`/library/folders/${folder.id}/visibility`, { isPublic: false })
    assert.equal((await c.songs('', nobody)).length, 0)
  })

  test('a removed folder takes its songs along and says so; the files stay', async () => {
    const ids = (await c.songs()).map((s) => s.id)
    assert.equal((await c.admin.delete(`/library/folders/${folder.id}`)).status, 204)
    await c.app.eventually(async () => (await c.songs()).length === 0, 'the songs to go')
    const gone = await c.app.eventually(async () => {
      const events = await c.events<{ songIds: string[] }>('catalog.songs-removed.v1')
      return events.length > 0 && events.flatMap((e) => e.songIds)
    }, 'the event')
    assert.deepEqual(gone.sort(), ids.sort())
    const status = await c.status()
    assert.deepEqual([status.folders.length, status.albumCount, status.artistCount], [0, 0, 0])
    assert.equal((await c.admin.delete(`/library/folders/${folder.id}`)).status, 404)
    assert.equal((await c.admin.post('/library/folders', { path: music.root })).status, 201)
    await c.app.eventually(async () => (await c.songs()).length === 3, 'the songs of the folder added again')
  })
})

test('a folder of the configuration cannot be removed, and overlapping ones are taken once', async () => {
  const music = await musicFolder()
  await music.put('in/one.mp3', mp3({ title: 'One' }))
  const c = await startCatalog({ musicDirs: [music.root, join(music.root, 'in')] })
  try {
    const { folders } = await c.status()
    assert.equal(folders.length, 1)
    const refused = await c.admin.delete(`/library/folders/${folders[0]?.id}`)
    assert.deepEqual([refused.status, refused.body['code']], [409, 'folder_from_config'])
  } finally {
    await c.app.stop()
    await music.remove()
  }
})
