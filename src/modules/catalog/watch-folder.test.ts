import assert from 'node:assert/strict'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { after, before, beforeEach, describe, test } from 'node:test'
import watcher from '@parcel/watcher'
import { silent } from '#kernel/testing-database.ts'
import { RESCAN_EVERY_MS, type Tools, type WatchedFolder, watchFolder } from './scan/watch-folder.ts'
import type { Db } from './store/db.ts'
import { type Folder, folders, setFolderState } from './store/folders.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

/** Longer than anything has to be quiet or waits to be tried again, and no rescan. */
const LATER_MS = 60_000
const OK = { state: 'ok', detail: null } as const
const GONE = { state: 'unreachable', detail: 'gone' } as const

const noRoom: Tools['subscribe'] = async () => {
  throw new Error('no space left on device')
}

describe('a watched folder', () => {
  let music: MusicFolder
  let away: string
  let c: Catalog
  let db: Db
  let folder: Folder
  let now = 0
  /** The real one, or one that finds no room. */
  let subscribe: Tools['subscribe']
  let tries = 0
  const begin = async (): Promise<WatchedFolder> =>
    watchFolder({ db, log: silent }, folder, {
      nowMs: () => now,
      subscribe: (...args) => {
        tries++
        return subscribe(...args)
      },
    })
  /** Whether all of it is to be compared by now. */
  const isDue = (w: WatchedFolder): boolean => {
    now += LATER_MS
    return w.take().some((t) => t.extent === 'below' && t.dir.length === 0)
  }
  const stored = async (): Promise<Folder> => (await folders(db))[0] as Folder
  before(async () => {
    music = await musicFolder()
    away = `${music.root}-away`
    c = await startCatalog({ musicDirs: [music.root] })
    db = c.app.app.ports.db.kysely as unknown as Db
    folder = await stored()
  })
  beforeEach(async () => {
    tries = 0
    subscribe = watcher.subscribe
    await setFolderState(db, folder.id, OK)
  })
  after(async () => {
    await c?.app.stop()
    await music.remove()
    await rm(away, { recursive: true, force: true })
  })

  test('is compared when it went and when it came', async () => {
    const w = await begin()
    await w.check(OK)
    assert.equal(isDue(w), false)
    await rename(music.root, away)
    await w.check(OK)
    assert.equal(isDue(w), true)
    await w.check(GONE)
    assert.equal(isDue(w), false, 'known by now')
    await rename(away, music.root)
    await w.check(GONE)
    assert.equal(isDue(w), true)
    await w.end()
  })

  test('is compared when it came, was scanned and went again between two looks', async () => {
    const w = await begin()
    await rename(music.root, away)
    await w.check(OK)
    assert.equal(isDue(w), true)
    // Here it comes back, somebody else's scan finds it, and it goes: nobody was told.
    await w.check(OK)
    assert.equal(isDue(w), true)
    await w.check(OK)
    assert.equal(isDue(w), true, 'as long as what is stored is wrong')
    await rename(away, music.root)
    await w.check(OK)
    assert.equal(isDue(w), true)
    await w.end()
  })

  test('is watched anew when it went and came back between two looks', async () => {
    const w = await begin()
    await rename(music.root, away)
    await rename(away, music.root)
    await c.app.eventually(async () => {
      await w.check(OK)
      return tries === 2
    }, 'the watcher to tell')
    assert.equal(isDue(w), true)
    await music.put('new/song.mp3', mp3({ title: 'New' }))
    await c.app.eventually(async () => {
      now += LATER_MS
      return w.take().length > 0
    }, 'the new file')
    await w.end()
  })

  test('is watched anew when the watcher gives up', async () => {
    let tell: watcher.SubscribeCallback | undefined
    subscribe = (root, heard) => {
      tell ??= heard
      return watcher.subscribe(root, heard)
    }
    const w = await begin()
    tell?.(new Error('interrupted'), [])
    await w.check(OK)
    assert.equal(tries, 2)
    assert.equal(isDue(w), true)
    await w.check(OK)
    assert.equal(tries, 2)
    await w.end()
  })

  test('whose watching fails is tried again, then compared now and then, and says so', async () => {
    subscribe = noRoom
    const w = await begin()
    for (let i = 0; i < 5; i++) await w.check(await stored())
    assert.equal(tries, 3)
    assert.equal(isDue(w), false)
    const told = await stored()
    assert.equal(told.state, 'ok')
    assert.match(told.detail ?? '', /^Changes are looked for every 15 minutes, .*: no space left on device\.$/)
    now += RESCAN_EVERY_MS
    await w.check(told)
    assert.deepEqual([tries, isDue(w)], [4, true])
    subscribe = watcher.subscribe
    now += RESCAN_EVERY_MS
    await w.check(told)
    assert.deepEqual([tries, isDue(w)], [5, true])
    assert.deepEqual(await stored(), folder, 'nothing to tell any more')
    await w.end()
  })

  test('whose watching failed for a moment is watched at the next look, and compared', async () => {
    subscribe = noRoom
    const w = await begin()
    subscribe = watcher.subscribe
    await w.check(OK)
    assert.equal(isDue(w), true)
    await w.check(OK)
    assert.deepEqual([tries, isDue(w)], [2, false])
    await w.end()
  })

  test('whose watching fails stays unreachable until a scan has reached it', async () => {
    await setFolderState(db, folder.id, GONE)
    subscribe = noRoom
    const w = await begin()
    await w.check(await stored())
    const { state, detail } = await stored()
    assert.deepEqual({ state, detail }, GONE)
    assert.equal(isDue(w), false)
    await w.check(await stored())
    assert.equal(isDue(w), true)
    await w.end()
  })
})

test('a music folder that is a link is watched where it leads', async (t) => {
  const [music, links] = [await musicFolder(), await musicFolder()]
  await mkdir(music.at('sub'))
  await symlink(music.root, links.at('link'))
  const c = await startCatalog({ musicDirs: [`${links.root}/link`], isWatching: true })
  t.after(async () => {
    await c.app.stop()
    await Promise.all([music.remove(), links.remove()])
  })
  await music.put('sub/song.mp3', mp3({ title: 'Linked' }))
  await c.app.eventually(async () => (await c.songs()).some((s) => s.title === 'Linked'), 'the new file')
  assert.equal((await c.status()).folders[0]?.detail, null)
})
