import { libraryChanged, songsRemoved } from '#modules/catalog/events.ts'
import { EVENT_SONGS_MAX } from '#modules/catalog/scan/save.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { forgetInLibrary } from '#modules/catalog/store/folder-access.ts'
import { deleteFolder, folderSongs, isRetired } from '#modules/catalog/store/folders.ts'
import { deleteSongs, expiredSongs, publishSongs } from '#modules/catalog/store/lifecycle.ts'
import { broughtBy, deleteUploadsOf, ownedSongs, withoutSong } from '#modules/catalog/store/owned.ts'
import { settlePortraits } from '#modules/catalog/store/portraits.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { releaseAssets, releaseCovers } from '#modules/catalog/uploads/release.ts'
import { removeUploadsOf, sweepUnused } from '#modules/catalog/uploads/sweep.ts'
import { ACCESS_TAG } from './view.ts'

const NO_ID = '00000000-0000-0000-0000-000000000000'
/** Songs of one transaction. */
const PART = 500
/** How long the song of a deleted file waits for the file to come back: plays and likes hang on it. */
export const GONE_KEPT_DAYS = 30

/** What anybody may have kept of the library is out of date. */
export async function tellChanged(ctx: CatalogCtx): Promise<void> {
  await ctx.cache.invalidate(['catalog'])
  ctx.realtime.toAll(libraryChanged, { kind: 'songs' })
}

async function publishPart(ctx: CatalogCtx, ids: readonly string[], isPublic: boolean): Promise<void> {
  await ctx.write(async (tx) => {
    await lockShelf(tx)
    const changed = await publishSongs(tx, ids, isPublic)
    await recount(tx, [await touchedBy(tx, changed)])
  })
}

/** Makes songs visible to anyone, or private again; effective for the next read. */
export async function setSongsPublic(ctx: CatalogCtx, ids: readonly string[], isPublic: boolean): Promise<void> {
  await publishPart(ctx, ids, isPublic)
  await tellChanged(ctx)
}

/** The same for all songs of a folder, part by part in the order of their ids. */
export async function setFolderSongsPublic(ctx: CatalogCtx, folderId: string, isPublic: boolean): Promise<void> {
  let after = NO_ID
  for (;;) {
    const ids = await folderSongs(ctx.db, folderId, after, PART)
    if (ids.length === 0) break
    await publishPart(ctx, ids, isPublic)
    after = ids.at(-1) ?? after
  }
  await tellChanged(ctx)
}

/**
 * Forgets songs for good and tells every module that keeps something of them. Uploaded bytes and pictures go after the
 * last song that has them; what a crash leaves of those, a sweep removes.
 */
export async function removeSongs(ctx: CatalogCtx, ids: readonly string[]): Promise<void> {
  const kept = await ctx.write(async (tx, emit) => {
    await lockShelf(tx)
    const touched = await touchedBy(tx, ids)
    const brought = await broughtBy(tx, ids)
    await deleteUploadsOf(tx, ids)
    await deleteSongs(tx, ids)
    const silent = await withoutSong(tx, brought.contents)
    await recount(tx, [touched])
    for (let i = 0; i < ids.length; i += EVENT_SONGS_MAX) {
      const [songIds, contentIds] = [ids, silent].map((all) => all.slice(i, i + EVENT_SONGS_MAX))
      await emit(songsRemoved, { songIds: songIds ?? [], contentIds: contentIds ?? [] })
    }
    return brought
  })
  await releaseAssets(ctx, kept.assets)
  await releaseCovers(ctx, kept.covers)
}

/** Deletes a retired folder with its songs; begun anew after a crash. Does nothing to a folder that came back. */
export async function removeRetired(ctx: CatalogCtx, folderId: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    if (!(await isRetired(ctx.db, folderId))) return
    const ids = await folderSongs(ctx.db, folderId, NO_ID, PART)
    if (ids.length === 0) break
    await removeSongs(ctx, ids)
  }
  await ctx.write(async (tx) => {
    await lockShelf(tx)
    await deleteFolder(tx, folderId)
    await settlePortraits(tx)
  })
  await tellChanged(ctx)
}

/** Forgets the songs of a person who is gone; begun anew after a crash. */
export async function removeOwned(ctx: CatalogCtx, ownerId: string, signal: AbortSignal): Promise<void> {
  // First: what is still being made of an upload ends with its row.
  await removeUploadsOf(ctx, ownerId)
  for (;;) {
    signal.throwIfAborted()
    const ids = await ownedSongs(ctx.db, ownerId, PART)
    if (ids.length === 0) break
    await removeSongs(ctx, ids)
  }
  await sweepUnused(ctx, signal)
  // Last: what was removed above is noted as theirs.
  await ctx.write((tx) => forgetInLibrary(tx, ownerId))
  await ctx.cache.invalidate([ACCESS_TAG])
  await tellChanged(ctx)
}

/** Forgets songs whose file has been gone for {@link GONE_KEPT_DAYS}. */
export async function forgetGone(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const ids = await expiredSongs(ctx.db, GONE_KEPT_DAYS, PART)
    if (ids.length === 0) return
    await removeSongs(ctx, ids)
  }
}
