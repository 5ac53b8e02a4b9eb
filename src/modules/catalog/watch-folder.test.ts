import assert from 'node:assert/strict'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { after, before, beforeEach, describe, test } from 'node:test'
import watcher from '@parcel/watcher'
import { silent } from '#kernel/testing-database.ts'
import { lookAt } from './scan/folder.ts'
import { COMPARE_WATCHED_EVERY_MS, type Tools, type WatchedFolder, watchFolder } from './scan/watch-folder.ts'
import type { Db } from './store/db.ts'
import { type Folder, folders, setFolderPolled, setFolderState } from './store/folders.ts'
import { type Catalog, mp3, type MusicFolder, musicFolder, startCatalog } from './testing.ts'

/** Longer than anything has to be quiet or waits to be tried again, and no rescan. */
const LATER_MS = 60_000
const POLL_SEC = 15 * 60
const OK = { state: 'ok', detail: null, isPolled: false } as const
const GONE = { state: 'unreachable', detail: 'gone', isPolled: false } as const
const NFS = 0x6969
const QUICK = { tookMs: 10, changes: 0 }

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
  /** Of the file system, when it shall be another than it is. */
  let fsType: number | undefined
  const begin = (): Promise<WatchedFolder> => watchFolderAs('auto')
  const watchFolderAs = (mode: Folder['watch']): Promise<WatchedFolder> =>
    watchFolder(
      { db, log: silent, config: { libraryPollSec: POLL_SEC } },
      { ...folder, watch: mode },
      {
        nowMs: () => now,
        look: async (path) => {
          const look = await lookAt(path)
          return look && { ...look, fsType: fsType ?? look.fsType }
        },
        subscribe: (...args) => {
          tries++
          return subscribe(...args)
        },
      },
    )
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
    fsType = undefined
    subscribe = watcher.subscribe
    await setFolderPolled(db, folder.id, false)
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
    assert.equal(told.isPolled, true)
    assert.match(told.detail ?? '', /^Changes are looked for from time to time, .*: no space left on device\.$/)
    now += POLL_SEC * 1000
    await w.check(told)
    assert.deepEqual([tries, isDue(w)], [4, true])
    subscribe = watcher.subscribe
    now += POLL_SEC * 1000
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

  test('on a network drive is not watched but compared from time to time, the more seldom the longer that takes', async () => {
    fsType = NFS
    const w = await begin()
    await w.check(await stored())
    const { isPolled, detail } = await stored()
    assert.deepEqual([tries, isPolled, detail, isDue(w)], [0, true, null, false])
    const dueAfter = async (ms: number): Promise<boolean> => {
      now += ms
      await w.check(await stored())
      return isDue(w)
    }
    assert.equal(await dueAfter(POLL_SEC * 1000), true)
    w.scanned({ tookMs: 10 * 60_000, changes: 0 })
    assert.equal(await dueAfter(POLL_SEC * 1000), false)
    assert.equal(await dueAfter(200 * 60_000), true)
    w.scanned(QUICK)
    await w.end()
  })

  test('is compared from time to time as asked, watched as asked, or never', async () => {
    const poll = await watchFolderAs('poll')
    assert.equal(tries, 0)
    now += POLL_SEC * 1000 + 1
    await poll.check(OK)
    assert.equal(isDue(poll), true)
    await poll.end()
    const off = await watchFolderAs('off')
    now += COMPARE_WATCHED_EVERY_MS * 2
    await off.check(GONE)
    off.touchAll()
    assert.deepEqual([tries, isDue(off)], [0, false])
    await off.end()
  })

  test('that is watched is compared now and then; when that finds what nobody told of, the watch is begun anew', async () => {
    const w = await begin()
    const wait = async (): Promise<boolean> => {
      now += COMPARE_WATCHED_EVERY_MS
      await w.check(OK)
      return isDue(w)
    }
    assert.equal(await wait(), true)
    w.scanned(QUICK)
    await w.check(OK)
    assert.deepEqual([tries, isDue(w)], [1, false])
    assert.equal(await wait(), true)
    w.scanned({ tookMs: 10, changes: 1 })
    await w.check(OK)
    assert.deepEqual([tries, isDue(w)], [2, true])
    w.scanned({ tookMs: 10, changes: 1 })
    await w.check(OK)
    assert.equal(tries, 2, 'what a comparison finds that had a reason says nothing')
    await w.end()
  })

  test('whose watching fails stays unreachable until a scan has reached it', async () => {
    await setFolderState(db, folder.id, GONE)
    subscribe = noRoom
    const w = await begin()
    await w.check(await stored())
    const { state, detail, isPolled } = await stored()
    assert.deepEqual({ state, detail, isPolled }, { ...GONE, isPolled: true })
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
