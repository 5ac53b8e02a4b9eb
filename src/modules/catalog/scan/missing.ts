import type { Emit } from '#kernel/module.ts'
import { songsRemoved } from '#modules/catalog/events.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { knownDirs, livingFiles, markFilesMissing } from '#modules/catalog/store/files.ts'
import { hasFiles, setFolderState, type Folder } from '#modules/catalog/store/folders.ts'
import { markFolderMissing, markFolderPresent, shelveSongs } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { mergeTwin, twinsOf } from '#modules/catalog/store/twins.ts'
import { keyOf } from './names.ts'
import type { CatalogCtx, Tally } from './types.ts'

/** Files marked in one transaction; an event names no more songs (see `EVENT_SONGS_MAX`). */
const MARK_AT_ONCE = 200
const DIRS_AT_ONCE = 500

/** File managers move to another disk by copying first: the copy becomes a song, and within this time the old one. */
const COPIED_WITHIN_MIN = 60

/**
 * Takes the songs of files (by id) that are no longer there off the shelf. They are kept, and come back with the file:
 * at once where a fresh copy of it is there already.
 */
export async function markGone(ctx: CatalogCtx, gone: readonly number[], tally: Tally): Promise<void> {
  for (let i = 0; i < gone.length; i += MARK_AT_ONCE) {
    const part = gone.slice(i, i + MARK_AT_ONCE)
    const { removed, moved } = await ctx.write((tx, emit) => markPart(tx, part, emit))
    tally.removed += removed
    tally.moved += moved
  }
}

async function markPart(tx: Db, fileIds: readonly number[], emit: Emit): Promise<{ removed: number; moved: number }> {
  await lockShelf(tx)
  const songs = await markFilesMissing(tx, fileIds)
  const twins = await twinsOf(tx, songs, COPIED_WITHIN_MIN)
  const fresh = twins.map((t) => t.fresh)
  const before = await touchedBy(tx, [...songs, ...fresh])
  for (const twin of twins) await mergeTwin(tx, twin)
  const shelved = await shelveSongs(tx, songs)
  await recount(tx, [before, await touchedBy(tx, songs)])
  if (fresh.length > 0) await emit(songsRemoved, { songIds: fresh })
  return { removed: shelved.length, moved: twins.length }
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
    isUnknown: (dir: string) => boolean
    tally: Tally
    signal: AbortSignal
  },
): Promise<void> {
  let after: Buffer | undefined
  for (;;) {
    o.signal.throwIfAborted()
    const dirs = await knownDirs(ctx.db, folder.id, { below: o.start, after, limit: DIRS_AT_ONCE })
    const vanished = dirs.filter((d) => !o.visited.has(keyOf(d)) && !o.isUnknown(keyOf(d)))
    if (vanished.length > 0) await markGone(ctx, await livingFiles(ctx.db, folder.id, vanished), o.tally)
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
