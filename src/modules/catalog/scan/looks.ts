import type { ImageLook } from '#kernel/media/index.ts'
import { AppError } from '#kernel/errors.ts'
import { lookAtCoversJob } from '#modules/catalog/events.ts'
import { coversToLookAt, type Looks, passCover, saveLooks } from '#modules/catalog/store/covers.ts'
import { coverKey } from './covers.ts'
import type { CatalogCtx } from './types.ts'

/** Grows whenever `media.look` answers otherwise than before: pictures are looked at again then. */
const LOOK_VERSION = 1
/** Pictures between two looks at whether this shall end. */
const PART_SIZE = 16

/** What of a look is kept. */
export const looksOf = ({ blurhash, palette }: ImageLook): Looks => ({
  color: palette.dominant,
  blurhash,
  palette,
  look: LOOK_VERSION,
})

async function lookAt(ctx: CatalogCtx, hash: string): Promise<void> {
  try {
    const bytes = await ctx.blobs.bytes(coverKey(hash))
    if (bytes) await saveLooks(ctx.db, hash, looksOf(await ctx.media.look({ bytes })))
    else await passCover(ctx.db, hash, LOOK_VERSION)
  } catch (thrown) {
    // What says nothing about the picture is tried again with the job.
    if (!(thrown instanceof AppError) || thrown.status >= 500) throw thrown
    await passCover(ctx.db, hash, LOOK_VERSION)
  }
}

/** Looks at every picture that an older program kept. One at a time; a kill anywhere loses one look. */
export async function lookAtCovers(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  let seen = 0
  for (;;) {
    const hashes = await coversToLookAt(ctx.db, LOOK_VERSION, PART_SIZE)
    if (hashes.length === 0) break
    for (const hash of hashes) {
      signal.throwIfAborted()
      await lookAt(ctx, hash)
      seen++
    }
  }
  if (seen > 0) await ctx.cache.invalidate(['catalog'])
}

/** Asks for {@link lookAtCovers} where there is something to look at. */
export async function requestLooks(ctx: CatalogCtx): Promise<void> {
  if ((await coversToLookAt(ctx.db, LOOK_VERSION, 1)).length === 0) return
  await ctx.write((_tx, _emit, enqueue) => enqueue(lookAtCoversJob, {}, { key: 'look-at-covers' }))
}
