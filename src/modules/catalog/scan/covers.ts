import { createHash } from 'node:crypto'
import { AppError, messageOf } from '#kernel/errors.ts'
import { keepCover, refuseCover, type WantedCover, wantedCovers } from '#modules/catalog/store/covers.ts'
import { DiskStalled, disks } from './disk.ts'
import { looksOf } from './looks.ts'
import { keyOf } from './names.ts'
import { COVER_MAX_BYTES } from './read.ts'
import type { CatalogCtx } from './types.ts'

const COVERS_AT_ONCE = 8
/** All of them count as one disk: where one is stuck, the others wait for the next scan. */
const PICTURES = 'pictures'
const LOOK_EVERY_MS = 500

export const coverKey = (hash: string): string => `catalog/covers/${hash}`

/** A sentence in words that fit the table. */
class CoverRefused extends Error {}

async function pictureOf(ctx: CatalogCtx, c: WantedCover, signal: AbortSignal): Promise<Uint8Array> {
  if (c.kind === 'embedded') {
    const picture = await ctx.media.picture(c.path)
    if (!picture) throw new CoverRefused('The picture is no longer in the file.')
    return picture.bytes
  }
  const bytes = await disks.ask(PICTURES, { kind: 'bytes', path: keyOf(c.path), sizeMaxBytes: COVER_MAX_BYTES }, signal)
  if (bytes === undefined) throw new CoverRefused('The picture is gone, too large, or may not be read.')
  return bytes
}

/** Looking at it also proves that the picture can be decoded: what cannot is refused. */
async function keepOne(ctx: CatalogCtx, c: WantedCover, signal: AbortSignal): Promise<void> {
  try {
    const bytes = await pictureOf(ctx, c, signal)
    // The source may have changed since it was seen; the next scan sees that, too.
    if (createHash('sha256').update(bytes).digest('hex') !== c.hash) throw new CoverRefused('The picture has changed.')
    const look = await ctx.media.look({ bytes })
    await ctx.blobs.put(coverKey(c.hash), bytes, { sizeMaxBytes: COVER_MAX_BYTES })
    await keepCover(ctx.db, { hash: c.hash, sizeBytes: bytes.length, ...looksOf(look) })
  } catch (thrown) {
    const isOurs = thrown instanceof AppError && thrown.status >= 500
    // A full disk, one that does not answer or a stop of the server says nothing about the picture: it stays wanted.
    if (isOurs || signal.aborted || thrown instanceof DiskStalled || isStorageFault(thrown)) throw thrown
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
    await Promise.all(wanted.map((c) => keepOne(ctx, c, signal)))
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
