import { knownDirs, knownFiles, markFilesMissing } from '#modules/catalog/store/files.ts'
import { hasFiles, setFolderState, type Folder } from '#modules/catalog/store/folders.ts'
import { markFolderMissing, markFolderPresent, shelveSongs } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, noteChanges, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { keyOf } from './names.ts'
import type { CatalogCtx, Tally } from './types.ts'

/** Files marked in one transaction. */
const MARK_AT_ONCE = 500
const DIRS_AT_ONCE = 500

/** Takes the songs of files (by id) that are no longer there off the shelf. They are kept, and come back with the file. */
export async function markGone(ctx: CatalogCtx, gone: readonly number[], tally: Tally): Promise<void> {
  for (let i = 0; i < gone.length; i += MARK_AT_ONCE) {
    const part = gone.slice(i, i + MARK_AT_ONCE)
    tally.removed += await ctx.write(async (tx) => {
      await lockShelf(tx)
      const songs = await markFilesMissing(tx, part)
      const shelved = await shelveSongs(tx, songs)
      await recount(tx, [await touchedBy(tx, shelved)])
      await noteChanges(tx, 'song', 'changed', shelved)
      return shelved.length
    })
  }
}

/**
 * After a walk: files in folders that the walk did not come to. Folders that could not be read say nothing of what is
 * in and below them, so `isUnknown` keeps those out.
 */
export async function sweep(
  ctx: CatalogCtx,
  folder: Folder,
  o: {
    start: Buffer
    visited: ReadonlySet<string>
    isUnknown: (dir: Buffer) => boolean
    tally: Tally
    signal: AbortSignal
  },
): Promise<void> {
  let after: Buffer | undefined
  for (;;) {
    o.signal.throwIfAborted()
    const dirs = await knownDirs(ctx.db, folder.id, { below: o.start, after, limit: DIRS_AT_ONCE })
    const vanished = dirs.filter((d) => !o.visited.has(keyOf(d)) && !o.isUnknown(d))
    if (vanished.length > 0) {
      const files = await knownFiles(ctx.db, folder.id, vanished)
      const gone = files.filter((f) => f.state !== 'missing').map((f) => f.id)
      await markGone(ctx, gone, o.tally)
    }
    if (dirs.length < DIRS_AT_ONCE) return
    after = dirs.at(-1)
  }
}

/** An unplugged disk must not cost anybody a library: nothing is removed, songs are marked and stay in the lists. */
export async function setUnreachable(ctx: CatalogCtx, folder: Folder, detail: string): Promise<boolean> {
  return ctx.write(async (tx) => {
    await lockShelf(tx)
    await setFolderState(tx, folder.id, { state: 'unreachable', detail })
    return (await markFolderMissing(tx, folder.id)) > 0
  })
}
export async function setReachable(ctx: CatalogCtx, folder: Folder, detail: string | null): Promise<boolean> {
  return ctx.write(async (tx) => {
    await lockShelf(tx)
    await setFolderState(tx, folder.id, { state: 'ok', detail })
    return folder.state === 'unreachable' && (await markFolderPresent(tx, folder.id)) > 0
  })
}

export const holdsFiles = (ctx: CatalogCtx, folder: Folder): Promise<boolean> => hasFiles(ctx.db, folder.id)
