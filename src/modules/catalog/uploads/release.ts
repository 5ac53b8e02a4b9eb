import { picturesRemoved } from '#modules/catalog/events.ts'
import { coverKey } from '#modules/catalog/scan/covers.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { assetKey } from '#modules/catalog/service/shapes.ts'
import { dropAsset, dropCover, lockHash } from './store-kept.ts'

/**
 * The blob goes before the lock does: who keeps the same bytes again comes after that, and finds that they are missing.
 * A kill in between leaves a row without a blob, which nobody holds and the next sweep removes.
 */
async function releaseAsset(ctx: CatalogCtx, hash: string): Promise<string | null> {
  return ctx.write(async (tx) => {
    await lockHash(tx, hash)
    const dropped = await dropAsset(tx, hash)
    if (dropped) await ctx.blobs.delete(assetKey(hash))
    return dropped?.coverHash ?? null
  })
}

/** Removes pictures that were uploaded and that nothing shows any more. */
export async function releaseCovers(ctx: CatalogCtx, hashes: readonly string[]): Promise<void> {
  for (const hash of new Set(hashes))
    await ctx.write(async (tx, emit) => {
      await lockHash(tx, hash)
      if (!(await dropCover(tx, hash))) return
      await ctx.blobs.delete(coverKey(hash))
      await emit(picturesRemoved, { hashes: [hash] })
    })
}

/**
 * Removes the bytes of assets, with their pictures, that no song has and no upload holds; the others stay. To be called
 * after the transaction that deleted songs. Safe against an upload of the same bytes at the same moment.
 */
export async function releaseAssets(ctx: CatalogCtx, hashes: readonly string[]): Promise<void> {
  const covers: string[] = []
  for (const hash of new Set(hashes)) {
    const cover = await releaseAsset(ctx, hash)
    if (cover) covers.push(cover)
  }
  await releaseCovers(ctx, covers)
}
