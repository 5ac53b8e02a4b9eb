import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Client } from '#kernel/testing.ts'
import type { LibraryFolder, Song } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'
import type { Duplicate, LibraryTree, MissingSong } from './contract.ts'

const ODD = Buffer.concat([Buffer.from('50% odd '), Buffer.from([0xff, 0xe9])])
const within = (dir: Buffer, name: string): Buffer => Buffer.concat([dir, Buffer.from(`/${name}`)])

const tree = async (who: Client, query: string): Promise<LibraryTree> => {
  const { status, body, text } = await who.get(`/library/tree${query}`)
  assert.equal(status, 200, text)
  return body as unknown as LibraryTree
}
const names = (t: LibraryTree) => [t.folders.map((f) => [f.name, f.songCount]), t.songs.map((s) => s.title)]

describe('the library as it lies on the disk', () => {
  let music: MusicFolder
  let other: MusicFolder
  let c: Catalog
  let user: Client
  let folder: LibraryFolder
  const at = (path: string, more = '') => `?folderId=${folder.id}&path=${encodeURIComponent(path)}${more}`
  const top = (more = '') => `?folderId=${folder.id}${more}`

  before(async () => {
    music = await musicFolder()
    other = await musicFolder()
    for (const n of [1, 2, 10]) await music.put(`Disc ${n}/${n}.mp3`, mp3({ title: `On ${n}`, seconds: n % 3 }))
    await music.put('Disc 1/b sides/deep.mp3', mp3({ title: 'Deep' }))
    await music.put('Disc 1 b/near.mp3', mp3({ title: 'Near' }))
    for (const n of [1, 2, 10]) await music.put(`${n}.mp3`, mp3({ title: `Top ${n}`, audio: `top ${n}` }))
    await music.put(within(ODD, 'x.mp3'), mp3({ title: 'Odd' }))
    await music.put('copies/a.mp3', mp3({ title: 'Copy A', audio: 'same', seconds: 3 }))
    await music.put('copies/b.mp3', mp3({ title: 'Copy B', audio: 'same', seconds: 3 }))
    await music.put('copies/c.mp3', mp3({ title: 'Little A', audio: 'little', seconds: 1 }))
    await other.put('d.mp3', mp3({ title: 'Little B', audio: 'little', seconds: 1, artist: 'Else' }))
    c = await startCatalog({ musicDirs: [music.root, other.root] })
    user = await c.app.as('user')
    folder = (await c.status()).folders.find((f) => f.path === music.root) as LibraryFolder
  })
  after(async () => {
    await c?.app.stop()
    await music?.remove()
    await other?.remove()
  })

  test('begins with the music folders by name', async () => {
    const found = await tree(user, '')
    assert.deepEqual(
      found.folders.map((f) => [f.name, f.path, f.songCount]).toSorted(),
      [
        [basename(music.root), '', 12],
        [basename(other.root), '', 1],
      ].toSorted(),
    )
    assert.deepEqual([found.songs, found.nextCursor], [[], null])
  })

  test('shows directories with all that is below them, then the songs inside, as people count', async () => {
    assert.deepEqual(names(await tree(user, top())), [
      [
        ['50% odd ��', 1],
        ['copies', 3],
        ['Disc 1', 2],
        ['Disc 1 b', 1],
        ['Disc 2', 1],
        ['Disc 10', 1],
      ],
      ['Top 1', 'Top 2', 'Top 10'],
    ])
    assert.deepEqual(names(await tree(user, at('Disc 1'))), [[['b sides', 1]], ['On 1']])
    assert.deepEqual(names(await tree(user, at('Disc 1/b sides'))), [[], ['Deep']])
  })

  test('reaches a directory whose name is no text by the path it was told', async () => {
    const odd = (await tree(user, top())).folders[0]
    assert.equal(odd?.path, '50%25 odd %FF%E9')
    assert.deepEqual(names(await tree(user, at(odd?.path ?? ''))), [[], ['Odd']])
  })

  test('comes in pages that hold everything once, in order', async () => {
    for (const limit of [1, 2, 4, 6, 7, 9]) {
      const found: string[] = []
      let cursor = ''
      for (let i = 0; i < 20 && cursor !== 'end'; i++) {
        const page = await tree(user, top(`&limit=${limit}${cursor}`))
        assert.ok(page.folders.length + page.songs.length <= limit)
        found.push(...page.folders.map((f) => f.name), ...page.songs.map((s) => s.title))
        cursor = page.nextCursor === null ? 'end' : `&cursor=${page.nextCursor}`
      }
      const whole = ['50% odd ��', 'copies', 'Disc 1', 'Disc 1 b', 'Disc 2', 'Disc 10', 'Top 1', 'Top 2', 'Top 10']
      assert.deepEqual(found, whole, `pages of ${limit}`)
    }
  })

  test('has no directory that holds no song, and takes no cursor of another list', async () => {
    for (const path of ['nowhere', 'Disc', '../etc', 'Disc 1/'])
      assert.equal((await user.get(`/library/tree${at(path)}`)).status, 404, path)
    const { status, body } = await user.get(`/library/tree${top('&cursor=abc')}`)
    assert.deepEqual([status, body['code']], [400, 'bad_cursor'])
    assert.equal((await c.app.nobody.get('/library/tree')).status, 401)
  })

  test('hides what an admin hid, and folders that are not for the caller', async () => {
    const deep = await c.song('Deep')
    const show = async (isVisible: boolean) => {
      const { db, cache } = c.app.app.ports
      await db.pool.query('update catalog.songs set is_visible = $2 where id = $1', [deep.id, isVisible])
      await cache.invalidate(['catalog'])
    }
    await show(false)
    assert.deepEqual(names(await tree(user, at('Disc 1'))), [[], ['On 1']])
    assert.equal((await tree(user, top())).folders.find((f) => f.name === 'Disc 1')?.songCount, 1)
    assert.equal((await tree(c.admin, top())).folders.find((f) => f.name === 'Disc 1')?.songCount, 2)
    await show(true)
    await c.admin.put(`/library/folders/${folder.id}/access`, { isRestricted: true })
    assert.deepEqual(
      (await tree(user, '')).folders.map((f) => f.name),
      [basename(other.root)],
    )
    assert.equal((await user.get(`/library/tree${top()}`)).status, 404)
    assert.equal((await c.admin.get(`/library/tree${top()}`)).status, 200)
    await c.admin.put(`/library/folders/${folder.id}/access`, { isRestricted: false })
  })

  test('songs that hold the same audio are told, those that waste most first', async () => {
    const all = (await c.admin.get('/library/duplicates?count=true')).body
    const items = all['items'] as Duplicate[]
    assert.deepEqual(
      items.map((d) => [d.songCount, d.songs.map((s) => s.song.title).toSorted()]),
      [
        [2, ['Copy A', 'Copy B']],
        [2, ['Little A', 'Little B']],
      ],
    )
    assert.equal(all['total'], 2)
    for (const d of items) {
      const sizes = d.songs.map((s) => s.song.sizeBytes)
      assert.equal(d.wastedBytes, Math.min(...sizes))
      assert.ok(d.songs.every((s) => s.path?.startsWith('/')))
    }
    const first = (await c.admin.get('/library/duplicates?limit=1')).body
    const second = (await c.admin.get(`/library/duplicates?limit=1&cursor=${first['nextCursor']}`)).body
    assert.deepEqual([...(first['items'] as Duplicate[]), ...(second['items'] as Duplicate[])], items)
    assert.equal(second['nextCursor'], null)
    assert.equal((await user.get('/library/duplicates')).status, 403)
  })

  test('uploads of the same audio are among them; those that share their bytes waste nothing', async () => {
    const db = c.app.app.ports.db.pool
    const of = (await c.song('Near')).id
    const hash = 'a'.repeat(64)
    await db.query(
      `insert into catalog.assets (hash, size_bytes, content_id, probe)
      select $1, size_bytes, content_id, '{}' from catalog.songs where id = $2`,
      [hash, of],
    )
    for (let n = 0; n < 2; n++)
      await db.query(
        `insert into catalog.songs (id, title, artist, duration_ms, sort_key, artist_order, album_order, search,
          owner_id, asset_hash, content_id, codec, container, mime_type, lossless, size_bytes)
        select $1, 'Upload', 'a', 1, 'u', 'a', 'a', '', $3, $4, content_id, codec, container, mime_type, lossless, size_bytes
        from catalog.songs where id = $2`,
        [`01900000-0000-7000-8000-00000000000${n}`, of, user.userId, hash],
      )
    const found = ((await c.admin.get('/library/duplicates')).body['items'] as Duplicate[]).find((d) =>
      d.songs.some((s) => s.song.id === of),
    )
    assert.deepEqual([found?.songCount, found?.wastedBytes], [3, found?.songs[0]?.song.sizeBytes])
    assert.deepEqual(found?.songs.map((s) => s.path === null).toSorted(), [false, true, true])
    await db.query("delete from catalog.songs where title = 'Upload'")
    const left = (await c.admin.get('/library/duplicates')).body['items'] as Duplicate[]
    assert.equal(left.length, 2)
  })

  test('missing songs say since when, why, and when they are forgotten', async () => {
    await rm(music.at('Disc 2/2.mp3'))
    await c.scan()
    await other.remove()
    await c.scan()
    const { body } = await c.admin.get('/library/missing?count=true')
    const items = body['items'] as MissingSong[]
    assert.deepEqual(
      items.map((m) => [m.song.title, m.reason, m.forgottenAt !== null]),
      [
        ['On 2', 'deleted', true],
        ['Little B', 'folder_unreachable', false],
      ],
    )
    assert.equal(body['total'], 2)
    const [deleted, away] = items
    assert.equal(Date.parse(deleted?.forgottenAt ?? '') - Date.parse(deleted?.missingSince ?? ''), 30 * 86_400_000)
    assert.ok(Math.abs(Date.now() - Date.parse(away?.missingSince ?? '')) < 60_000)
    assert.deepEqual([deleted?.path, away?.path], [`${music.root}/Disc 2/2.mp3`, `${other.root}/d.mp3`])
    const first = (await c.admin.get('/library/missing?limit=1')).body
    const second = (await c.admin.get(`/library/missing?limit=1&cursor=${first['nextCursor']}`)).body
    assert.deepEqual([...(first['items'] as MissingSong[]), ...(second['items'] as MissingSong[])], items)
    assert.equal(second['nextCursor'], null)
    assert.deepEqual(
      (await c.songs()).filter((s: Song) => s.title === 'On 2'),
      [],
    )
    assert.equal(
      (await tree(user, top())).folders.some((f) => f.name === 'Disc 2'),
      false,
    )
  })
})
