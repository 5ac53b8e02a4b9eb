import assert from 'node:assert/strict'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import type { LibraryFolder } from '#modules/catalog/schema.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from '#modules/catalog/testing.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

describe('what is left out, and scans of a part', () => {
  let music: MusicFolder
  let c: Catalog
  let id: string
  const titles = async (): Promise<string> =>
    (await c.songs())
      .map((s) => s.title)
      .sort()
      .join(' ')
  const update = (body: object) => c.admin.patch(`/library/folders/${id}`, body)
  const scanned = async (body: object): Promise<LibraryFolder> => {
    const before = (await c.status()).scan.finishedAt
    const answer = await update(body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    await c.app.eventually(async () => {
      const { scan } = await c.status()
      return scan.state !== 'scanning' && scan.finishedAt !== before
    }, 'the scan that follows')
    return answer.body as LibraryFolder
  }
  before(async () => {
    music = await musicFolder()
    for (const name of ['One', 'Two', 'Three']) await music.put(`a/${name}.mp3`, mp3({ title: name }))
    await music.put('a/deep/Four.mp3', mp3({ title: 'Four' }))
    await music.put('Podcasts/Talk.mp3', mp3({ title: 'Talk' }))
    await music.put(latin1('B\xf6se/Evil.mp3'), mp3({ title: 'Evil' }))
    c = await startCatalog({ musicDirs: [music.root] })
    id = (await c.status()).folders[0]?.id ?? ''
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
  })

  test('rules of a folder take songs from the lists as deleted files do, and give them back with their ids', async () => {
    const talk = await c.song('Talk')
    const folder = await scanned({ ignore: 'Podcasts/\nT*.mp3\n!Two.mp3\nB?se/', name: 'Records' })
    assert.deepEqual([folder.ignore, folder.name], ['Podcasts/\nT*.mp3\n!Two.mp3\nB?se/', 'Records'])
    assert.equal(await titles(), 'Four One Two')
    const kept = await c.admin.get(`/songs/${talk.id}`)
    assert.deepEqual([kept.status, kept.body['isMissing']], [200, true])
    await scanned({ ignore: '' })
    assert.equal(await titles(), 'Evil Four One Talk Three Two')
    assert.equal((await c.song('Talk')).id, talk.id)
    assert.equal((await c.status()).folders[0]?.name, 'Records')
    assert.deepEqual(await c.events('catalog.songs-removed.v1'), [])
  })

  test('directories that are left out are not even read', async () => {
    await music.put('Podcasts/broken.mp3', 'no audio')
    await symlink('.', music.at('Podcasts/loop'))
    const before = await c.status()
    await scanned({ ignore: 'Podcasts/' })
    const { scan, faultCount } = await c.status()
    assert.deepEqual([scan.foundFiles, faultCount, before.faultCount], [5, 0, 0])
    await rm(music.at('Podcasts/broken.mp3'))
    await rm(music.at('Podcasts/loop'))
    await scanned({ ignore: '' })
  })

  test('lines that can be no rules are refused, and nothing changes', async () => {
    const refused = await update({ ignore: 'fine\n[open', name: 'Other' })
    assert.deepEqual([refused.status, refused.body['code']], [400, 'ignore_invalid'])
    assert.match(String(refused.body['detail']), /^Line 2 .*"\[open"/)
    const [folder] = (await c.status()).folders
    assert.deepEqual([folder?.name, folder?.ignore], ['Records', ''])
  })

  test('files in the tree speak of what is below them; an empty one leaves out its whole directory', async () => {
    await music.put('a/.tuttiignore', 'deep/\nT*.mp3\n')
    await music.put('Podcasts/.ndignore', '')
    await c.scan()
    assert.equal(await titles(), 'Evil One')
    await music.put('a/.ndignore', '!Two.mp3')
    await c.scan()
    assert.equal(await titles(), 'Evil One Two')
    await music.put('Podcasts/.ndignore', '# nothing but words\n')
    await c.scan()
    assert.equal(await titles(), 'Evil One Two', 'no rule at all is as good as empty')
    await rm(music.at('a/.ndignore'))
    await rm(music.at('Podcasts/.ndignore'))
    await c.scan()
    assert.equal(await titles(), 'Evil One Talk')
  })

  test('a part of a folder is scanned by the rules that hold there; nothing else is looked at', async () => {
    await music.put('a/deep/Five.mp3', mp3({ title: 'Five' }))
    await music.put('b/Six.mp3', mp3({ title: 'Six' }))
    await music.put('b/in/Seven.mp3', mp3({ title: 'Seven' }))
    await c.scan({ folderId: id, path: 'a/deep' })
    assert.equal(await titles(), 'Evil One Talk', 'left out from above')
    await rm(music.at('a/.tuttiignore'))
    const { scan } = await c.scan({ folderId: id, path: 'a/deep/' })
    assert.deepEqual([scan.foundFiles, scan.added], [2, 1])
    assert.equal(await titles(), 'Evil Five Four One Talk')
    await c.scan({ folderId: id, path: 'b' })
    assert.equal(await titles(), 'Evil Five Four One Seven Six Talk')
    await rm(music.at('b/in'), { recursive: true })
    await rm(music.at('a/One.mp3'))
    assert.equal((await c.scan({ folderId: id, path: 'b' })).scan.removed, 1)
    await rename(music.at('b'), music.at('gone-b'))
    assert.equal((await c.scan({ folderId: id, path: 'b' })).scan.removed, 1, 'a directory that is gone')
    assert.equal(await titles(), 'Evil Five Four One Talk', 'what changed elsewhere waits')
    assert.equal((await c.scan({ folderId: id })).scan.moved, 1)
    assert.equal(await titles(), 'Evil Five Four Six Talk Three Two')
  })

  test('a path through a link means the directory it leads to', async () => {
    await mkdir(music.at('links'))
    await symlink('../a/deep', music.at('links/here'))
    await music.put('a/deep/Eight.mp3', mp3({ title: 'Eight' }))
    assert.equal((await c.scan({ folderId: id, path: 'links/here' })).scan.added, 1)
    assert.equal((await c.scan()).scan.added, 0)
    await rm(music.at('links'), { recursive: true })
  })

  test('names that are no text are reached as the tree names them', async () => {
    await music.put(latin1('B\xf6se/Worse.mp3'), mp3({ title: 'Worse' }))
    assert.equal((await c.scan({ folderId: id, path: 'B%F6se' })).scan.added, 1)
  })

  test('paths out of the folder, unknown folders and a path without folder are refused', async () => {
    const refused = async (body: object) => {
      const answer = await c.admin.post('/library/scan', body)
      return [answer.status, answer.body['code']]
    }
    for (const path of ['..', 'a/../..', '/etc', 'a/./b', 'a%00b', '%2E%2E/x'])
      assert.deepEqual(await refused({ folderId: id, path }), [400, 'path_invalid'], path)
    assert.deepEqual(await refused({ path: 'a' }), [400, 'path_invalid'])
    assert.deepEqual(await refused({ folderId: '01900000-0000-7000-8000-000000000001' }), [404, 'not_found'])
    assert.equal((await update({ watch: 'sometimes' })).status, 400)
    assert.equal((await (await c.app.as('user')).patch(`/library/folders/${id}`, { name: 'x' })).status, 403)
  })

  test('a file of rules that cannot be read says nothing: songs stay as they are', async () => {
    const was = await titles()
    await music.put('a/.tuttiignore', 'x'.repeat(30_000))
    await music.put('a/Nine.mp3', mp3({ title: 'Nine' }))
    const { scan, folders } = await c.scan()
    assert.deepEqual([scan.added, scan.removed], [0, 0])
    assert.equal(await titles(), was)
    assert.match(folders[0]?.detail ?? '', /1 folder\(s\) inside could not be read \(its ignore file is too large\)/)
    await rm(music.at('a/.tuttiignore'))
    const mended = await c.scan()
    assert.deepEqual([mended.scan.added, mended.folders[0]?.detail], [1, null])
  })
})
