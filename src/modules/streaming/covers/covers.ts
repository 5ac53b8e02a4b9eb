import { createHash } from 'node:crypto'
import type { Blobs } from '#kernel/blob/index.ts'
import { AppError } from '#kernel/errors.ts'
import type { ImageFormat, Media } from '#kernel/media/index.ts'
import { COVER_SIZES_PX } from '../schema.ts'

const ROOM = 'streaming/covers/'
const SIZE_DEFAULT_PX = 512
/** Scans of long boxes are this much higher than wide; what is higher still becomes narrower. */
const TALL_MAX = 2
const JPEG_QUALITY = 82
const WEBP_QUALITY = 80
const AVIF_QUALITY = 55
const QUALITY: Record<ImageFormat, number> = { jpeg: JPEG_QUALITY, webp: WEBP_QUALITY, avif: AVIF_QUALITY }

/** One size and format of a cover. `tag` changes exactly when the picture does. */
export type CoverWish = { readonly coverKey: string; readonly sizePx: number; readonly format: ImageFormat }
export type Cover = { readonly blobKey: string; readonly sizeBytes: number; readonly tag: string }

export const noCover = () => new AppError(404, 'no_cover', 'There is no cover picture for this.')

/** The next larger of the sizes that are made, so that a few serve all screens. */
export const coverSize = (wishedPx: number | undefined): number =>
  COVER_SIZES_PX.find((px) => px >= (wishedPx ?? SIZE_DEFAULT_PX)) ?? (COVER_SIZES_PX.at(-1) as number)

/** Covers are made once per size and format, however many ask at the same time, and kept. */
export function createCovers({ blobs, media }: { blobs: Blobs; media: Media }) {
  const making = new Map<string, Promise<number>>()

  async function make(wish: CoverWish, blobKey: string): Promise<number> {
    const source = await blobs.bytes(wish.coverKey)
    if (!source) throw noCover()
    const image = await media.image(
      { bytes: source },
      {
        widthPx: wish.sizePx,
        heightMaxPx: wish.sizePx * TALL_MAX,
        format: wish.format,
        quality: QUALITY[wish.format],
      },
    )
    return (await blobs.put(blobKey, image.bytes)).sizeBytes
  }
  function makeOnce(wish: CoverWish, blobKey: string): Promise<number> {
    const running = making.get(blobKey)
    if (running) return running
    const started = make(wish, blobKey).finally(() => making.delete(blobKey))
    making.set(blobKey, started)
    return started
  }
  return {
    /** Throws 404 `no_cover`, and what the media port throws of a picture it refuses. */
    async get(wish: CoverWish): Promise<Cover> {
      const source = await blobs.stat(wish.coverKey)
      if (!source) throw noCover()
      const tag = createHash('sha256')
        .update(`${source.sha256}/${wish.sizePx}/${wish.format}`)
        .digest('hex')
        .slice(0, 32)
      const blobKey = `${ROOM}${source.sha256}/${wish.sizePx}.${wish.format}`
      const made = await blobs.stat(blobKey)
      return { blobKey, tag, sizeBytes: made?.sizeBytes ?? (await makeOnce(wish, blobKey)) }
    },
    /** Removes everything that was made of a picture, by the SHA-256 of its bytes. */
    async forget(sha256: string): Promise<void> {
      for await (const { key } of blobs.list(`${ROOM}${sha256}/`)) await blobs.delete(key)
    },
  }
}
export type Covers = ReturnType<typeof createCovers>
