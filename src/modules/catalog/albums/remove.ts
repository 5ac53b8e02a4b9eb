import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { lockShelf, recount } from '#modules/catalog/store/recount.ts'
import { releaseCovers } from '#modules/catalog/uploads/index.ts'
import { releasePublished } from './publish.ts'
import * as store from './store.ts'

/** Albums of one transaction. */
const PART = 200

/**
 * Deletes albums of people; their songs stay, as public as they are. Answers pictures to release after the commit. The
 * caller holds `lockShelf`.
 */
export async function deleteAlbumsIn(tx: Db, ids: readonly string[]): Promise<string[]> {
  const { artistIds } = await store.touchedByAlbums(tx, ids)
  await store.leaveHome(tx, ids)
  await releasePublished(tx, ids)
  const covers = await store.deleteAlbums(tx, ids)
  await recount(tx, [{ albumIds: [], artistIds }])
  return covers
}

/** Forgets the albums of a person who is gone; begun anew after a crash. */
export async function removeOwnedAlbums(ctx: CatalogCtx, ownerId: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const ids = await store.albumsOfOwner(ctx.db, ownerId, PART)
    if (ids.length === 0) break
    const covers = await ctx.write(async (tx) => {
      await lockShelf(tx)
      return deleteAlbumsIn(tx, ids)
    })
    await releaseCovers(ctx, covers)
  }
  await tellChanged(ctx)
}
