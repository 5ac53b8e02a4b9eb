import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { isUuid } from '#modules/catalog/cursor.ts'
import { coverKey } from '#modules/catalog/scan/covers.ts'
import { assetKey } from '#modules/catalog/service/shapes.ts'
import { partIds, removePart } from './files.ts'
import { releaseAssets, releaseCovers } from './release.ts'
import { deleteExpired, deleteSongless, deleteUploadsOf, needingFiles } from './store.ts'
import { knownAssets, knownCovers, lockHash, unusedAssets, unusedCovers } from './store-kept.ts'

/** Rows of one step. */
const PART = 500
/** A blob without a row may be one that is being kept right now. */
const ORPHAN_MS_MIN = 3_600_000

type Hold = { hash: string | null; imageHash: string | null }
const hashesOf = (rows: readonly Hold[]) => ({
  assets: rows.flatMap((r) => r.hash ?? []),
  covers: rows.flatMap((r) => r.imageHash ?? []),
})

async function release(ctx: CatalogCtx, rows: readonly Hold[]): Promise<void> {
  const { assets, covers } = hashesOf(rows)
  await releaseAssets(ctx, assets)
  await releaseCovers(ctx, covers)
}

async function sweepExpired(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const rows = await deleteExpired(ctx.db, PART)
    for (const { id } of rows) await removePart(ctx.config, id)
    await release(ctx, rows)
    if (rows.length < PART) break
  }
  while ((await deleteSongless(ctx.db, PART)) === PART) signal.throwIfAborted()
}

/** INVARIANT: a row comes before its file, so a file without one belongs to nobody. */
async function sweepParts(ctx: CatalogCtx): Promise<void> {
  const ids = await partIds(ctx.config)
  for (let i = 0; i < ids.length; i += PART) {
    const part = ids.slice(i, i + PART)
    const needed = await needingFiles(ctx.db, part.filter(isUuid))
    for (const id of part) if (!needed.has(id)) await removePart(ctx.config, id)
  }
}

/** Assets and uploaded pictures that nothing uses, whatever was cut off before it could remove them. */
export async function sweepUnused(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  const sweeps = [
    [unusedAssets, releaseAssets],
    [unusedCovers, releaseCovers],
  ] as const
  for (const [unused, remove] of sweeps)
    for (;;) {
      signal.throwIfAborted()
      const hashes = await unused(ctx.db, PART)
      await remove(ctx, hashes)
      if (hashes.length < PART) break
    }
}

/** Blobs that were stored by a process that was killed before it could write their row. */
async function sweepBlobs(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  const rooms = [
    [assetKey(''), knownAssets, releaseAssets],
    [coverKey(''), knownCovers, releaseOrphanCovers],
  ] as const
  const before = ctx.now().getTime() - ORPHAN_MS_MIN
  for (const [prefix, known, remove] of rooms) {
    let part: string[] = []
    const settle = async (): Promise<void> => {
      const kept = await known(ctx.db, part)
      await remove(
        ctx,
        part.filter((hash) => !kept.has(hash)),
      )
      part = []
    }
    for await (const { key, modifiedAt } of ctx.blobs.list(prefix)) {
      signal.throwIfAborted()
      if (modifiedAt.getTime() < before) part.push(key.slice(prefix.length))
      if (part.length === PART) await settle()
    }
    await settle()
  }
}
async function releaseOrphanCovers(ctx: CatalogCtx, hashes: readonly string[]): Promise<void> {
  for (const hash of hashes)
    await ctx.write(async (tx) => {
      await lockHash(tx, hash)
      if (!(await knownCovers(tx, [hash])).has(hash)) await ctx.blobs.delete(coverKey(hash))
    })
}

/** Removes what is expired, forgotten or half-done. */
export async function sweepUploads(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  await sweepExpired(ctx, signal)
  await sweepParts(ctx)
  await sweepUnused(ctx, signal)
  await sweepBlobs(ctx, signal)
}

/** Everything of a person that has not become a song; what their songs held is swept once those are gone. */
export async function removeUploadsOf(ctx: CatalogCtx, ownerId: string): Promise<void> {
  const rows = await deleteUploadsOf(ctx.db, ownerId)
  for (const { id } of rows) await removePart(ctx.config, id)
  await release(ctx, rows)
}
