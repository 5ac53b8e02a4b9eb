import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { assertPicture, PICTURE_HEAD_BYTES } from '#kernel/media/index.ts'
import { coverKey } from '#modules/catalog/scan/covers.ts'
import { looksOf } from '#modules/catalog/scan/looks.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { insertCover, lockHash } from './store-kept.ts'
import { setImageHash } from './store.ts'

const SIDE_MAX_PX = 3000
const QUALITY = 90
const MADE_MAX_BYTES = 32 * 1024 ** 2

/** Throws 415 `image_unsupported` by the first bytes of a file; nothing is decoded. */
export async function assertPictureFile(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(PICTURE_HEAD_BYTES), 0, PICTURE_HEAD_BYTES, 0)
    assertPicture(buffer.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

export type Picture = { hash: string; color: string }

/**
 * Makes a picture anew, so that nothing of the camera or of whoever wrote into the file stays in it, and keeps what was
 * made as the cover `coverKey(hash)`, held by the upload. Throws what `media.image` throws of a picture it refuses.
 * Undefined when the upload is gone.
 */
export async function keepPicture(
  ctx: CatalogCtx,
  uploadId: string,
  source: { bytes: Uint8Array } | { file: string },
): Promise<Picture | undefined> {
  const size = { widthPx: SIDE_MAX_PX, heightMaxPx: SIDE_MAX_PX }
  const made = await ctx.media.image(source, { ...size, format: 'webp', quality: QUALITY })
  const looks = looksOf(await ctx.media.look({ bytes: made.bytes }))
  const hash = createHash('sha256').update(made.bytes).digest('hex')
  const put = () => ctx.blobs.put(coverKey(hash), made.bytes, { sizeMaxBytes: MADE_MAX_BYTES })
  await put()
  const isHeld = await ctx.write(async (tx) => {
    await lockHash(tx, hash)
    await insertCover(tx, { hash, sizeBytes: made.bytes.length, ...looks })
    return setImageHash(tx, uploadId, hash)
  })
  if (!isHeld) return undefined
  // Somebody may have removed the same picture before it was held; from here on nobody does.
  if (!(await ctx.blobs.stat(coverKey(hash)))) await put()
  return { hash, color: looks.palette?.dominant ?? made.dominantColor }
}
