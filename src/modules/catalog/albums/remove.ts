import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { lockShelf, recount } from '#modules/catalog/store/recount.ts'
import { releasePublished } from './publish.ts'
import * as store from './store.ts'

/** Albums of one transaction. */
const PART = 200

/** Deletes albums of people; their songs stay, as public as they are. The caller holds `lockShelf`. */
export async function deleteAlbumsIn(tx: Db, ids: readonly string[]): Promise<void> {
  const { artistIds } = await store.touchedByAlbums(tx, ids)
  await store.leaveHome(tx, ids)
  await releasePublished(tx, ids)
  await store.deleteAlbums(tx, ids)
  await recount(tx, [{ albumIds: [], artistIds }])
}

/** Forgets the albums of a person who is gone; begun anew after a crash. */
export async function removeOwnedAlbums(ctx: CatalogCtx, ownerId: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const ids = await store.albumsOfOwner(ctx.db, ownerId, PART)
    if (ids.length === 0) break
    await ctx.write(async (tx) => {
      await lockShelf(tx)
      await deleteAlbumsIn(tx, ids)
    })
  }
  await tellChanged(ctx)
}
