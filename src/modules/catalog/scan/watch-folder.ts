import watcher from '@parcel/watcher'
import { messageOf } from '#kernel/errors.ts'
import { type Folder, setFolderState } from '#modules/catalog/store/folders.ts'
import type { Touched } from './folder.ts'
import { createDue, touchedBy } from './touched.ts'
import type { CatalogCtx } from './types.ts'
import { identityOf } from './walk.ts'

/** Where watching does not work (network drives, too many folders) the whole folder is compared so often. */
export const RESCAN_EVERY_MS = 15 * 60_000
/** A folder that a scan has lost, but that is there, is tried again so often: it may have been away for a moment only. */
const RETRY_LOST_MS = 3000

const NO_WATCH = `Changes are looked for every ${RESCAN_EVERY_MS / 60_000} minutes, because watching failed`

export type WatchedFolder = {
  /** Directories that changed and are quiet now. */
  take(): Touched[]
  /** Notices that the disk came or went; where watching failed or a scan did, asks for a comparison when it is time. */
  check(state: Folder['state']): Promise<void>
  /** Have all of it compared. */
  touchAll(): void
  end(): Promise<void>
}

/** Watches one folder, also one that is not there yet. */
export async function watchFolder(ctx: CatalogCtx, folder: Folder): Promise<WatchedFolder> {
  const root = folder.path.toString()
  const due = createDue()
  let identity = await identityOf(folder.path)
  let subscription: watcher.AsyncSubscription | undefined
  let comparedMs = performance.now()
  /** The folder itself went: it may be back before anybody looks, but the watch on it is dead. */
  let isMoved = false

  const seen: watcher.SubscribeCallback = (err, events) => {
    // The watcher lost count: everything may have changed.
    if (err) due.addEverything()
    for (const e of events ?? []) {
      if (e.path === root) isMoved = true
      const touched = touchedBy(root, e.path)
      if (touched) due.add(touched)
    }
  }
  async function subscribe(): Promise<void> {
    try {
      subscription = await watcher.subscribe(root, seen)
    } catch (thrown) {
      const detail = `${NO_WATCH}: ${messageOf(thrown)}.`
      ctx.log.warn({ folder: folder.pathText }, detail)
      await setFolderState(ctx.db, folder.id, { state: 'ok', detail })
    }
  }
  async function end(): Promise<void> {
    const ending = subscription
    subscription = undefined
    // The folder may be gone, and the watch with it.
    await ending?.unsubscribe().catch(() => {})
  }
  async function check(state: Folder['state']): Promise<void> {
    const found = await identityOf(folder.path)
    const sinceMs = performance.now() - comparedMs
    const isLost = state === 'unreachable' && found !== undefined && sinceMs > RETRY_LOST_MS
    if (found !== identity || isLost || isMoved) {
      identity = found
      isMoved = false
      comparedMs = performance.now()
      await end()
      if (found !== undefined) await subscribe()
      due.addEverything()
    } else if (subscription === undefined && sinceMs > RESCAN_EVERY_MS) {
      comparedMs = performance.now()
      due.addEverything()
    }
  }
  if (identity !== undefined) await subscribe()
  return { take: due.take, check, touchAll: due.addEverything, end }
}
