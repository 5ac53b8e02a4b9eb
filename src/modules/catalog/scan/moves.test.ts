import assert from 'node:assert/strict'
import { mkdir, rename } from 'node:fs/promises'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Client } from 'pg'
import type { Client as Person } from '#kernel/testing.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import { writeLibrary } from '#test/fixtures/audio.ts'

/** Two batches of a scan. */
const FILES = 400
/** However many files move, they are looked up and written by the batch. */
const QUERIES_MAX = FILES / 20

/** Queries of this process that name the files of the library, while `work` runs. */
async function fileQueriesOf(t: TestContext, work: () => Promise<unknown>): Promise<number> {
  const spy = t.mock.method(Client.prototype, 'query')
  await work()
  spy.mock.restore()
  const texts = spy.mock.calls.map(({ arguments: [query] }) => JSON.stringify(query) ?? '')
  // The state that is asked for meanwhile counts faults.
  return texts.filter((text) => text.includes('catalog.library_files') && !text.includes(`state = 'faulty'`)).length
}

describe('songs keep what they are wherever their file goes', () => {
  let open: MusicFolder
  let closed: MusicFolder
  let c: Catalog
  let user: Person
  const ids = async (who: Person): Promise<string[]> => (await c.songs('', who)).map((s) => s.id).sort()
  before(async () => {
    open = await musicFolder()
    closed = await musicFolder()
    await mkdir(open.at('many'))
    await writeLibrary(open.at('many').toString(), FILES)
    await open.put('one.mp3', mp3({ title: 'Wanderer', artist: 'Ann', album: 'Roads', albumArtist: 'Ann' }))
    await closed.put('other.mp3', mp3({ title: 'Other' }))
    c = await startCatalog({ musicDirs: [open.root, closed.root] })
    user = await c.app.as('user')
    const folder = (await c.status()).folders.find((f) => f.path === closed.root)
    const answer = await c.admin.send('PUT', `/library/folders/${folder?.id}/access`, { isRestricted: true })
    assert.equal(answer.status, 200)
  })
  after(async () => {
    await c?.app.stop()
    await open.remove()
    await closed.remove()
  })

  test('into a folder that is not for everybody, and out of it: seen by whom the folder is for', async () => {
    const { id } = await c.song('Wanderer')
    const seen = async () => [(await user.get(`/songs/${id}`)).status, (await c.songs('&q=wanderer', user)).length]
    const roads = async () => (await c.albums(user)).filter((a) => a.title === 'Roads').length
    assert.deepEqual([await seen(), await roads()], [[200, 1], 1])
    await rename(open.at('one.mp3'), closed.at('one.mp3'))
    assert.equal((await c.scan()).scan.moved, 1)
    assert.equal((await c.song('Wanderer')).id, id)
    assert.deepEqual([await seen(), await roads()], [[404, 0], 0])
    await rename(closed.at('one.mp3'), open.at('back.mp3'))
    assert.equal((await c.scan()).scan.moved, 1)
    assert.equal((await c.song('Wanderer')).id, id)
    assert.deepEqual([await seen(), await roads()], [[200, 1], 1])
    assert.deepEqual(await c.events('catalog.songs-removed.v1'), [])
  })

  test('a renamed directory with all that is in it, with few queries', async (t) => {
    const before = await ids(c.admin)
    await rename(open.at('many'), open.at('renamed'))
    const queries = await fileQueriesOf(t, async () => {
      const { scan } = await c.scan()
      assert.deepEqual([scan.moved, scan.added, scan.removed], [FILES, 0, 0])
    })
    assert.deepEqual(await ids(c.admin), before)
    assert.ok(queries > 0 && queries <= QUERIES_MAX, `${queries} queries`)
  })

  test('a directory that moves to another folder, seen by a scan of that folder alone', async () => {
    const before = await ids(c.admin)
    await rename(open.at('renamed'), closed.at('many'))
    const folder = (await c.status()).folders.find((f) => f.path === closed.root)
    const { scan } = await c.scan({ folderId: folder?.id ?? '', path: 'many' })
    assert.deepEqual([scan.moved, scan.added], [FILES, 0])
    assert.deepEqual((await c.scan()).scan.removed, 0)
    assert.deepEqual(await ids(c.admin), before)
    assert.equal((await ids(user)).length, before.length - FILES - 1)
  })
})
