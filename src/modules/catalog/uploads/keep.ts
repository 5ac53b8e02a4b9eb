import { createReadStream } from 'node:fs'
import { AppError } from '#kernel/errors.ts'
import type { ProbeFault, ProbeOk } from '#kernel/media/types.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { assetKey } from '#modules/catalog/service/shapes.ts'
import { hashOf } from './files.ts'
import { keepPicture } from './pictures.ts'
import type { UploadRow } from './shapes.ts'
import { hasAsset, insertAsset, lockHash } from './store-kept.ts'
import { setHash, setImageHash } from './store.ts'

/** Decoding takes so long at most, and a part of the time the music plays: slow machines decode tenfold, too. */
const VERIFY_LEAST_MS = 2 * 60_000
const VERIFY_MOST_MS = 10 * 60_000
const VERIFY_SHARE = 0.25
const NICE = 10

const unsupported = (reason: string) => new AppError(415, 'audio_unsupported', reason)
const FAULTS: Readonly<Record<ProbeFault, (reason: string) => AppError>> = {
  not_audio: unsupported,
  not_a_file: unsupported,
  empty: (reason) => new AppError(422, 'media_empty', reason),
  truncated: (reason) => new AppError(422, 'media_unreadable', reason),
  unreadable: (reason) => new AppError(422, 'media_unreadable', reason),
  too_large: (reason) => new AppError(422, 'media_too_large', reason),
  timeout: (reason) => new AppError(422, 'media_timeout', reason),
  crashed: (reason) => new AppError(422, 'media_crashed', reason),
  not_found: (reason) => new AppError(410, 'upload_gone', reason),
  busy: (reason) => new AppError(503, 'media_busy', reason),
}

/** What a file says by its content; its name and what was said of its type count nothing. Throws 415, 422, 503. */
export async function probeAudio(ctx: CatalogCtx, path: string): Promise<ProbeOk> {
  const probe = await ctx.media.probe(path)
  if (!probe.ok) throw FAULTS[probe.reasonCode](probe.reason)
  return probe
}

type Work = { signal: AbortSignal; onShare: (share: number) => void }

const timeoutFor = ({ durationMs }: ProbeOk): number =>
  Math.min(VERIFY_MOST_MS, durationMs > 0 ? VERIFY_LEAST_MS + durationMs * VERIFY_SHARE : VERIFY_MOST_MS)

/** Decodes all of it. The length that was decoded counts where the file does not tell one. */
async function verified(ctx: CatalogCtx, path: string, probe: ProbeOk, w: Work): Promise<ProbeOk> {
  const { durationMs } = await ctx.media.verify(path, {
    signal: w.signal,
    timeoutMs: timeoutFor(probe),
    nice: NICE,
    onProgress: (ms) => w.onShare(probe.durationMs > 0 ? ms / probe.durationMs : 0),
  })
  return probe.durationMs > 0 ? probe : { ...probe, durationMs }
}

/** A picture that cannot be read is left out: the music is fine. */
async function coverOf(ctx: CatalogCtx, uploadId: string, path: string): Promise<string | null> {
  try {
    const picture = await ctx.media.picture(path)
    return picture ? ((await keepPicture(ctx, uploadId, { bytes: picture.bytes }))?.hash ?? null) : null
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.status < 500) return null
    throw thrown
  }
}

/** Whether the bytes are kept already, and still there. */
const isKept = async (ctx: CatalogCtx, hash: string): Promise<boolean> =>
  (await hasAsset(ctx.db, hash)) && (await ctx.blobs.stat(assetKey(hash))) !== undefined

/**
 * Keeps the bytes of an upload as an asset, once however often they come, and answers their SHA-256. The steps may be
 * cut off and begun anew anywhere: the upload holds the bytes from before they are stored. Throws as {@link probeAudio}
 * and `media.verify` do; undefined when the upload is gone meanwhile.
 */
export async function keepAudio(ctx: CatalogCtx, row: UploadRow, path: string, w: Work): Promise<string | undefined> {
  const probe = await probeAudio(ctx, path)
  const hash = row.hash ?? (await hashOf(path, w.signal))
  const isHeld = await ctx.write(async (tx) => {
    await lockHash(tx, hash)
    return setHash(tx, row.id, hash)
  })
  if (!isHeld) return undefined
  if (await isKept(ctx, hash)) return hash
  const whole = await verified(ctx, path, probe, w)
  const coverHash = await coverOf(ctx, row.id, path)
  const { sizeBytes, sha256 } = await ctx.blobs.put(assetKey(hash), createReadStream(path), { signal: w.signal })
  if (sha256 !== hash) throw new Error('the bytes of an upload changed while they were kept')
  await ctx.write(async (tx) => {
    await insertAsset(tx, { hash, sizeBytes, probe: whole, coverHash })
    await setImageHash(tx, row.id, null)
  })
  return hash
}
