import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { AppError, messageOf } from '#kernel/errors.ts'
import { keepCover, refuseCover, type WantedCover, wantedCovers } from '#modules/catalog/store/covers.ts'
import { COVER_MAX_BYTES } from './read.ts'
import type { CatalogCtx } from './types.ts'

const COVERS_AT_ONCE = 8
const LOOK_EVERY_MS = 500
/** Small enough to be quick, large enough for an honest colour. */
const COLOR_WIDTH_PX = 64

export const coverKey = (hash: string): string => `catalog/covers/${hash}`

/** A sentence in words that fit the table. */
class CoverRefused extends Error {}

async function bytesOf(ctx: CatalogCtx, c: WantedCover): Promise<Uint8Array> {
  if (c.kind === 'embedded') {
    const picture = await ctx.media.picture(c.path)
    if (!picture) throw new CoverRefused('The picture is no longer in the file.')
    return picture.bytes
  }
  if ((await stat(c.path)).size > COVER_MAX_BYTES) throw new CoverRefused('The picture is too large.')
  return readFile(c.path)
}

/** The dominant colour also proves that the picture can be decoded: what cannot is refused. */
async function keepOne(ctx: CatalogCtx, c: WantedCover): Promise<void> {
  try {
    const bytes = await bytesOf(ctx, c)
    // The source may have changed since it was seen; the next scan sees that, too.
    if (createHash('sha256').update(bytes).digest('hex') !== c.hash) throw new CoverRefused('The picture has changed.')
    const { dominantColor } = await ctx.media.image({ bytes }, { widthPx: COLOR_WIDTH_PX, format: 'jpeg' })
    await ctx.blobs.put(coverKey(c.hash), bytes, { sizeMaxBytes: COVER_MAX_BYTES })
    await keepCover(ctx.db, { hash: c.hash, sizeBytes: bytes.length, color: dominantColor })
  } catch (thrown) {
    const isOurs = thrown instanceof AppError && thrown.status >= 500
    // A full disk or a stop of the server says nothing about the picture: it stays wanted.
    if (isOurs || isStorageFault(thrown)) throw thrown
    await refuseCover(ctx.db, c.hash, messageOf(thrown).slice(0, 500))
  }
}
const isStorageFault = (thrown: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE'].includes((thrown as NodeJS.ErrnoException).code ?? '')

/** Keeps every wanted picture once; they are few, because one picture serves an album. */
async function keepAll(ctx: CatalogCtx, signal: AbortSignal, kept: () => void): Promise<void> {
  for (;;) {
    if (signal.aborted) return
    const wanted = await wantedCovers(ctx.db, COVERS_AT_ONCE)
    if (wanted.length === 0) return
    await Promise.all(wanted.map((c) => keepOne(ctx, c)))
    kept()
  }
}

/** Keeps covers beside a scan, so that they appear with their songs and slow nothing down. */
export function keepCovers(ctx: CatalogCtx, signal: AbortSignal, kept: () => void): { end(): Promise<void> } {
  const warn = (err: unknown): void =>
    ctx.log.warn({ err }, 'covers could not be stored now; the next scan tries again')
  let work: Promise<void> | undefined
  const look = (): void => {
    work ??= keepAll(ctx, signal, kept)
      .catch(warn)
      .finally(() => {
        work = undefined
      })
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  return {
    async end() {
      clearInterval(timer)
      await work
      await keepAll(ctx, signal, kept).catch(warn)
    },
  }
}
