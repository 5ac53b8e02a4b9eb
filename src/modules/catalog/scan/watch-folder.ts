import { realpath } from 'node:fs/promises'
import watcher from '@parcel/watcher'
import { messageOf } from '#kernel/errors.ts'
import { type Folder, replaceDetail } from '#modules/catalog/store/folders.ts'
import type { Touched } from './folder.ts'
import { createDue, touchedBy } from './touched.ts'
import type { CatalogCtx } from './types.ts'
import { identityOf } from './walk.ts'

/** Where watching does not work (network drives, too many folders) the whole folder is compared so often. */
export const RESCAN_EVERY_MS = 15 * 60_000
/** A folder that a scan has lost, but that is there, is tried again so often: it may have been away for a moment only. */
const RETRY_LOST_MS = 3000
/** Watching fails for good, or because something moved just then: it is begun so often at once, then with each rescan. */
const WATCH_TRIES = 3

const NO_WATCH = `Changes are looked for every ${RESCAN_EVERY_MS / 60_000} minutes, because watching failed`

export type WatchedFolder = {
  /** Directories that changed and are quiet now. */
  take(): Touched[]
  /** Have these looked at again. */
  touch(parts: readonly Touched[]): void
  /**
   * To be called again and again with what is stored of the folder. Invariant: while that says other than the disk does
   * (here, gone), every call asks for a comparison, whatever was seen of the way there: a disk may come, be scanned and
   * go between two calls. Begins the watch anew when it is on another folder, or dead.
   */
  check(stored: Pick<Folder, 'state' | 'detail'>): Promise<void>
  /** Have all of it compared. */
  touchAll(): void
  end(): Promise<void>
}

type Watch = { end(): Promise<void> }

/** What tests put in the place of the real ones. */
export type Tools = { subscribe: typeof watcher.subscribe; nowMs(): number }
const REAL: Tools = { subscribe: watcher.subscribe, nowMs: () => performance.now() }

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

/** Watches one folder, also one that is not there yet. */
export async function watchFolder(
  ctx: Pick<CatalogCtx, 'db' | 'log'>,
  folder: Folder,
  { subscribe, nowMs }: Tools = REAL,
): Promise<WatchedFolder> {
  const due = createDue(nowMs)
  /** Of the folder that was there when the watch was begun. */
  let identity: string | undefined
  let current: Watch | undefined
  let isDead = false
  let failures = 0
  let detail: string | null = null
  let comparedMs = nowMs()

  async function begin(): Promise<void> {
    try {
      current = await watch(folder.path.toString(), {
        subscribe,
        seen(root, path) {
          const touched = touchedBy(root, path)
          if (touched) due.add(touched)
        },
        died: () => void (isDead = true),
      })
      detail = null
    } catch (thrown) {
      failures++
      detail = `${NO_WATCH}: ${messageOf(thrown)}.`
      ctx.log.warn({ folder: folder.pathText }, detail)
    }
  }
  async function end(): Promise<void> {
    const ending = current
    current = undefined
    await ending?.end()
  }
  /** Ends the watch and begins one on what is there now. */
  async function renew(found: string | undefined): Promise<void> {
    if (found !== identity) failures = 0
    identity = found
    isDead = false
    await end()
    if (found !== undefined) await begin()
  }
  function compareAll(): void {
    comparedMs = nowMs()
    due.addEverything()
  }
  function isCompareDue(found: string | undefined, state: Folder['state'], sinceMs: number): boolean {
    if (found === undefined) return state !== 'unreachable'
    if (state === 'unreachable') return sinceMs > RETRY_LOST_MS
    return current === undefined && sinceMs > RESCAN_EVERY_MS
  }
  /** Whether the watch works is told where nothing else is, and never changes the state: that is for scans to say. */
  async function tell(stored: Pick<Folder, 'state' | 'detail'>): Promise<void> {
    const isOurs = stored.detail === null || stored.detail.startsWith(NO_WATCH)
    if (stored.state !== 'ok' || !isOurs || identity === undefined || stored.detail === detail) return
    await replaceDetail(ctx.db, folder.id, { from: stored.detail, to: detail })
  }
  async function check(stored: Pick<Folder, 'state' | 'detail'>): Promise<void> {
    const found = await identityOf(folder.path)
    const sinceMs = nowMs() - comparedMs
    const isOther = found !== identity || isDead
    const isBlind = found !== undefined && current === undefined
    const isTry = isBlind && (failures < WATCH_TRIES || sinceMs > RESCAN_EVERY_MS)
    if (isOther || isTry) await renew(found)
    // Nobody saw what changed before a watch began.
    const isFresh = isTry && current !== undefined
    if (isOther || isFresh || isCompareDue(found, stored.state, sinceMs)) compareAll()
    await tell(stored)
  }
  await renew(await identityOf(folder.path))
  return { take: due.take, touch: (parts) => parts.forEach(due.add), check, touchAll: due.addEverything, end }
}
