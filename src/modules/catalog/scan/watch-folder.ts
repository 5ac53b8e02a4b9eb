import { realpath } from 'node:fs/promises'
import watcher from '@parcel/watcher'
import { messageOf } from '#kernel/errors.ts'
import { type Folder, replaceDetail, setFolderPolled } from '#modules/catalog/store/folders.ts'
import { DiskStalled } from './disk.ts'
import type { Look } from './disk-read.ts'
import { lookAt, type Touched } from './folder.ts'
import { untoldName } from './network.ts'
import type { Done } from './runner.ts'
import { createDue, touchedBy } from './touched.ts'
import type { CatalogCtx } from './types.ts'

/**
 * A folder that is watched is compared so often nevertheless: systems lose events when too many come at once, and tell
 * nothing of a disk that was mounted anew.
 */
export const COMPARE_WATCHED_EVERY_MS = 30 * 60_000
/** A comparison is followed by a rest of so many times its length at least, however large and slow the drive is. */
const REST_TIMES = 20
/** A folder that a scan has lost, but that is there, is tried again so often: it may have been away for a moment only. */
const RETRY_LOST_MS = 3000
/** Watching fails for good, or because something moved just then: it is begun so often at once, then with each rescan. */
const WATCH_TRIES = 3

const NO_WATCH = 'Changes are looked for from time to time, because watching failed'

type Stored = Pick<Folder, 'state' | 'detail' | 'isPolled'>
export type WatchedFolder = {
  readonly mode: Folder['watch']
  /** Directories that changed and are quiet now. */
  take(): Touched[]
  /** Have these looked at again. */
  touch(parts: readonly Touched[]): void
  /** What a scan of what was taken did. */
  scanned(done: Done): void
  /**
   * To be called again and again with what is stored of the folder. Invariant: while that says other than the disk does
   * (here, gone), every call asks for a comparison, whatever was seen of the way there: a disk may come, be scanned and
   * go between two calls. Begins the watch anew when it is on another folder, or dead.
   */
  check(stored: Stored): Promise<void>
  /** Have all of it compared. */
  touchAll(): void
  end(): Promise<void>
}

type Watch = { end(): Promise<void> }

/** What tests put in the place of the real ones. */
export type Tools = {
  subscribe: typeof watcher.subscribe
  nowMs(): number
  look(path: Buffer): Promise<Look | undefined>
}
const REAL: Tools = { subscribe: watcher.subscribe, nowMs: () => performance.now(), look: (path) => lookAt(path) }

/** Watches what is at `path` now. `seen` hears of events; `died` when the watch will tell no more, or not of all. */
async function watch(
  path: string,
  o: { subscribe: Tools['subscribe']; seen(root: string, path: string): void; died(): void },
): Promise<Watch> {
  // The watcher follows no link to its root, and some systems name what changed by its real path.
  const root = await realpath(path)
  let isEnded = false
  const subscription = await o.subscribe(root, (err, events) => {
    // What was on its way when the watch ended.
    if (isEnded) return
    // It gave up or lost count.
    if (err) o.died()
    for (const e of events ?? []) {
      // The folder itself went: it may be back before anybody looks, but the watch on it is dead.
      if (e.path === root) o.died()
      o.seen(root, e.path)
    }
  })
  return {
    async end() {
      isEnded = true
      // The folder may be gone, and the watch with it.
      await subscription.unsubscribe().catch(() => {})
    },
  }
}

const OFF: Omit<WatchedFolder, 'mode'> = {
  take: () => [],
  touch: () => {},
  scanned: () => {},
  check: async () => {},
  touchAll: () => {},
  end: async () => {},
}

/** When a folder is compared without anything having been seen to change. */
function createPace(nowMs: () => number, pollMs: number) {
  let comparedMs = nowMs()
  let tookMs = 0
  /** A comparison that only time asked for is under way: all that it finds, no event told of. */
  let isUnprompted = false
  return {
    sinceMs: () => nowMs() - comparedMs,
    isDue: (kind: 'watched' | 'blind'): boolean =>
      nowMs() - comparedMs >= Math.max(kind === 'watched' ? COMPARE_WATCHED_EVERY_MS : pollMs, tookMs * REST_TIMES),
    begin(why: 'prompted' | 'unprompted'): void {
      comparedMs = nowMs()
      isUnprompted = why === 'unprompted'
    },
    /** Whether the scan found what no event told of. */
    ended(done: Done): boolean {
      tookMs = Math.max(done.tookMs, tookMs / 2)
      const wasMissed = isUnprompted && done.changes > 0
      isUnprompted = false
      return wasMissed
    },
    prompted: (): void => void (isUnprompted = false),
  }
}

type WatchCtx = Pick<CatalogCtx, 'db' | 'log'> & { config: Pick<CatalogCtx['config'], 'libraryPollSec'> }

/** The watch on one folder: on what is there now, and only where watching tells of all changes. */
function createHold(ctx: WatchCtx, folder: Folder, tools: Tools, seen: (touched: Touched) => void) {
  /** Of the folder that was there when the watch was begun. */
  let identity: string | undefined
  let current: Watch | undefined
  let isDead = false
  let isEnded = false
  /** Nothing is expected to tell of changes: a network drive, or the wish of an admin. */
  let isUntold = folder.watch === 'poll'
  let failures = 0
  let detail: string | null = null

  async function begin(): Promise<void> {
    try {
      current = await watch(folder.path.toString(), {
        subscribe: tools.subscribe,
        seen(root, path) {
          const touched = touchedBy(root, path)
          if (touched) seen(touched)
        },
        died: () => void (isDead = true),
      })
      detail = null
      if (isEnded) await drop()
    } catch (thrown) {
      failures++
      detail = `${NO_WATCH}: ${messageOf(thrown)}.`
      ctx.log.warn({ folder: folder.pathText }, detail)
    }
  }
  async function drop(): Promise<void> {
    const ending = current
    current = undefined
    await ending?.end()
  }
  return {
    isThere: () => identity !== undefined,
    isWatched: () => current !== undefined,
    isEnded: () => isEnded,
    isOther: (found: Look | undefined): boolean => found?.identity !== identity || isDead,
    /** It should be watched and is not. */
    isBlind: (): boolean => identity !== undefined && current === undefined && !isUntold,
    mayTryAtOnce: () => failures < WATCH_TRIES,
    detail: () => detail,
    /** It missed something: it is begun anew at the next look. */
    doubt: () => void (isDead = current !== undefined),
    /** Ends the watch and begins one on what is there now. */
    async renew(found: Look | undefined): Promise<void> {
      if (found?.identity !== identity) failures = 0
      identity = found?.identity
      isUntold = folder.watch === 'poll' || (found !== undefined && untoldName(found.fsType) !== undefined)
      isDead = false
      await drop()
      if (found !== undefined && !isUntold) await begin()
    },
    async end(): Promise<void> {
      isEnded = true
      await drop()
    },
  }
}

/** The folder itself now; undefined when it is not there or does not answer. */
async function lookNow(tools: Tools, path: Buffer): Promise<Look | undefined> {
  try {
    return await tools.look(path)
  } catch (thrown) {
    if (thrown instanceof DiskStalled) return undefined
    throw thrown
  }
}

/** Watches one folder, also one that is not there yet, in the way it asks for. */
export async function watchFolder(ctx: WatchCtx, folder: Folder, tools: Tools = REAL): Promise<WatchedFolder> {
  if (folder.watch === 'off') return { mode: 'off', ...OFF }
  const due = createDue(tools.nowMs)
  const pace = createPace(tools.nowMs, ctx.config.libraryPollSec * 1000)
  const hold = createHold(ctx, folder, tools, (touched) => {
    pace.prompted()
    due.add(touched)
  })
  function compareAll(why: 'prompted' | 'unprompted'): void {
    pace.begin(why)
    due.addEverything()
  }
  /** Whether what is stored says other than the disk does. */
  function isWrong(state: Folder['state']): boolean {
    if (!hold.isThere()) return state !== 'unreachable'
    return state === 'unreachable' && pace.sinceMs() > RETRY_LOST_MS
  }
  /** Whether the watch works is told where nothing else is, and never changes the state: that is for scans to say. */
  async function tell(stored: Stored): Promise<void> {
    if (!hold.isThere()) return
    const isPolled = !hold.isWatched()
    if (stored.isPolled !== isPolled) await setFolderPolled(ctx.db, folder.id, isPolled)
    const [from, to] = [stored.detail, hold.detail()]
    const isOurs = from === null || from.startsWith(NO_WATCH)
    if (stored.state === 'ok' && isOurs && from !== to) await replaceDetail(ctx.db, folder.id, { from, to })
  }
  async function check(stored: Stored): Promise<void> {
    const found = await lookNow(tools, folder.path)
    if (hold.isEnded()) return
    const isOther = hold.isOther(found)
    const isTry = hold.isBlind() && (hold.mayTryAtOnce() || pace.isDue('blind'))
    const isTime = pace.isDue(hold.isWatched() ? 'watched' : 'blind')
    if (isOther || isTry) await hold.renew(found)
    // Nobody saw what changed before a watch began.
    const isFresh = isTry && hold.isWatched()
    if (isOther || isFresh || isWrong(stored.state)) compareAll('prompted')
    else if (isTime && hold.isThere()) compareAll('unprompted')
    await tell(stored)
  }
  await hold.renew(await lookNow(tools, folder.path))
  return {
    mode: folder.watch,
    take: due.take,
    touch: (parts) => parts.forEach(due.add),
    scanned(done) {
      if (pace.ended(done)) hold.doubt()
    },
    check,
    touchAll: due.addEverything,
    end: hold.end,
  }
}
