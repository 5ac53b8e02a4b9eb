import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { removePart } from './files.ts'
import { releaseAssets, releaseCovers } from './release.ts'
import { deleteUpload } from './store.ts'

/** Cancels or forgets an upload: its bytes go unless a song has them. */
export async function removeUpload(ctx: CatalogCtx, id: string): Promise<void> {
  const row = await deleteUpload(ctx.db, id)
  // As it is stored: files are named by that spelling alone.
  await removePart(ctx.config, row?.id ?? id)
  if (row?.hash) await releaseAssets(ctx, [row.hash])
  if (row?.imageHash) await releaseCovers(ctx, [row.imageHash])
}
