import type { BlobEntry, Blobs } from '#kernel/blob/index.ts'
import type { Ctx } from '#kernel/module.ts'
import type { GrowingFile } from './growing.ts'
import * as store from '../store.ts'

const ROOM = 'streaming/renditions/'
/** A use is noted at most this often: listening must not turn into writing. */
const USE_NOTED_EVERY_MS = 60_000
/** A blob without a row is swept only when it is older: another process may be about to write the row. */
const ORPHAN_AGE_MS = 10 * 60_000
const SWEEP_BATCH = 200

export type Kept = { readonly blobKey: string; readonly sizeBytes: number }
type KeptCtx = Pick<Ctx<store.StreamingTables>, 'db' | 'blobs' | 'config' | 'log' | 'now'>

export const blobKeyOf = (id: store.RenditionId): string =>
  `${ROOM}${id.contentId.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_')}/${id.profile}`

/** The kept transcodes: blobs for the bytes, rows for their age. Losing any of it costs only time. */
export function createKept(ctx: KeptCtx) {
  const { db, blobs } = ctx
  return {
    /** Undefined also when the blob is gone or has another length than it had. */
    async find(id: store.RenditionId): Promise<Kept | undefined> {
      const row = await store.findRendition(db, id)
      if (!row) return undefined
      const blob = await blobs.stat(row.blobKey)
      if (blob?.sizeBytes !== row.sizeBytes) return undefined
      if (ctx.now().getTime() - row.lastUsedAt.getTime() > USE_NOTED_EVERY_MS) await store.touchRendition(db, id)
      return row
    },
    /** Blob first: a crash in between leaves an orphan for the sweep, never a row that promises nothing. */
    async keep(id: store.RenditionId, file: GrowingFile, sizeBytes: number): Promise<void> {
      const blobKey = blobKeyOf(id)
      await blobs.put(blobKey, file.reader(0, sizeBytes))
      await store.keepRendition(db, id, { blobKey, sizeBytes })
      await giveUp(ctx, await store.overLimit(db, ctx.config.transcodeCacheBytes))
    },
    /** The audio is that of no song any more, as far as anybody knows; if of another, it is made again. */
    async forget(id: store.RenditionId): Promise<void> {
      await giveUp(ctx, [blobKeyOf(id)])
    },
    /** Blobs of this room that no row knows (a crash between blob and row). Resolves how many were deleted. */
    async sweep(): Promise<number> {
      let count = 0
      for await (const batch of batches(blobs, ROOM)) count += await sweepBatch(ctx, batch)
      return count
    },
  }
}
export type KeptRenditions = ReturnType<typeof createKept>

async function giveUp(ctx: KeptCtx, blobKeys: readonly string[]): Promise<void> {
  for (const key of blobKeys) {
    await ctx.blobs.delete(key)
    await store.forgetRendition(ctx.db, key)
  }
}

async function sweepBatch(ctx: KeptCtx, batch: readonly BlobEntry[]): Promise<number> {
  const known = await store.knownKeys(
    ctx.db,
    batch.map((blob) => blob.key),
  )
  const oldest = ctx.now().getTime() - ORPHAN_AGE_MS
  const orphans = batch.filter((blob) => !known.has(blob.key) && blob.modifiedAt.getTime() < oldest)
  for (const blob of orphans) await ctx.blobs.delete(blob.key)
  return orphans.length
}

async function* batches(blobs: Blobs, prefix: string): AsyncGenerator<BlobEntry[]> {
  let batch: BlobEntry[] = []
  for await (const blob of blobs.list(prefix)) {
    batch.push(blob)
    if (batch.length < SWEEP_BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
