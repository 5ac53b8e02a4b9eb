import { AppError, messageOf } from '#kernel/errors.ts'
import type { JobRun } from '#kernel/module.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import { lockShelf } from '#modules/catalog/store/recount.ts'
import { createSongIn, type Maker } from '#modules/catalog/studio/create.ts'
import { partPath, removePart } from './files.ts'
import { keepAudio } from './keep.ts'
import { assertPictureFile, keepPicture } from './pictures.ts'
import { releaseAssets } from './release.ts'
import { progressAt, RECEIVED, type UploadRow, VERIFIED } from './shapes.ts'
import { fail, finish, type Finished, holdUpload, setProgress, songOfAsset, uploadById } from './store.ts'
import { tell } from './tell.ts'

/** The row of an upload that became a song stays as long, as history. */
export const KEPT_SEC = 30 * 24 * 3600
const PROGRESS_EVERY_MS = 500
const DETAIL_MAX_CHARS = 500
const FAILED = new AppError(
  500,
  'processing_failed',
  'The file could not be processed by a fault of this server: upload it again.',
)

type Run = Pick<JobRun, 'signal' | 'lastAttempt'>

/** The row with progress of the decoding now and then. */
function progressWriter(ctx: CatalogCtx, id: string): (share: number) => void {
  let writtenAtMs = 0
  return (share) => {
    if (performance.now() - writtenAtMs < PROGRESS_EVERY_MS) return
    writtenAtMs = performance.now()
    setProgress(ctx.db, id, progressAt(RECEIVED, VERIFIED, share)).then(
      (row) => tell(ctx, row),
      (err: unknown) => ctx.log.warn({ err }, 'the progress of an upload could not be noted'),
    )
  }
}

const makerOf = (row: UploadRow): Maker => ({
  kind: 'user',
  userId: row.ownerId,
  // Whether its owner may publish was settled when it began.
  role: row.fields.isPublic ? 'artist' : 'user',
  requestId: row.id,
})

type Ending = Pick<Finished, 'songId' | 'isDuplicate'> & { isAnalyzed: boolean; isMade: boolean }

/** The song of an upload: the one that its owner made of the same bytes, else a new one where one is wanted. */
async function finishAudio(ctx: CatalogCtx, id: string, hash: string): Promise<void> {
  const done = await ctx.write(async (tx, emit) => {
    // Before anything else is held: every maker of songs takes it first. It also keeps twins apart.
    await lockShelf(tx)
    const row = await holdUpload(tx, id)
    if (row?.state !== 'processing') return undefined
    const end = await songFor(row)
    const isOver = end.songId === null || end.isAnalyzed || !ctx.config.enableAnalysis
    const finished = await finish(tx, {
      id,
      state: isOver ? 'completed' : 'analyzing',
      progress: isOver ? 1 : VERIFIED,
      songId: end.songId,
      isDuplicate: end.isDuplicate,
      expiresSec: end.songId === null ? ctx.config.uploadExpiresSec : KEPT_SEC,
    })
    return { finished, isMade: end.isMade }

    async function songFor(of: UploadRow): Promise<Ending> {
      const known = await songOfAsset(tx, of.ownerId, hash)
      if (known) return { songId: known.id, isDuplicate: true, isAnalyzed: known.isAnalyzed, isMade: false }
      if (of.fields.createSong === false) return { songId: null, isDuplicate: false, isAnalyzed: false, isMade: false }
      const { title, artist, album, isPublic } = of.fields
      const song = { assetHash: hash, fileName: of.fileName, fields: { title, artist, album, isPublic } }
      const songId = await createSongIn(ctx, tx, emit, makerOf(of), song)
      return { songId, isDuplicate: false, isAnalyzed: false, isMade: true }
    }
  })
  // Cancelled in the meantime: nobody holds the bytes.
  if (!done) return releaseAssets(ctx, [hash])
  if (done.isMade) await tellChanged(ctx)
  tell(ctx, done.finished)
}

async function processAudio(ctx: CatalogCtx, row: UploadRow, signal: AbortSignal): Promise<void> {
  const path = partPath(ctx.config, row.id)
  const hash = await keepAudio(ctx, row, path, { signal, onShare: progressWriter(ctx, row.id) })
  if (hash !== undefined) await finishAudio(ctx, row.id, hash)
}

async function processImage(ctx: CatalogCtx, row: UploadRow): Promise<void> {
  const path = partPath(ctx.config, row.id)
  await assertPictureFile(path)
  await keepPicture(ctx, row.id, { file: path })
  const { uploadExpiresSec: expiresSec } = ctx.config
  const end = { state: 'completed', progress: 1, songId: null, isDuplicate: false, expiresSec } as const
  tell(ctx, await finish(ctx.db, { id: row.id, ...end }))
}

/** The upload failed for good; what came of it is told, its bytes go. */
export async function failUpload(ctx: CatalogCtx, id: string, fault: AppError): Promise<void> {
  const detail = fault.message.slice(0, DETAIL_MAX_CHARS)
  const row = await fail(ctx.db, { id, code: fault.code, detail, expiresSec: ctx.config.uploadExpiresSec })
  await removePart(ctx.config, id)
  tell(ctx, row)
}

/** What is the file's fault ends the upload; what is ours is tried again, and ends it at the last try. */
async function settleFault(ctx: CatalogCtx, id: string, thrown: unknown, run: Run): Promise<void> {
  run.signal.throwIfAborted()
  if (thrown instanceof AppError && (thrown.status < 500 || thrown.code === 'media_tools_missing'))
    return failUpload(ctx, id, thrown)
  if (!run.lastAttempt) throw thrown
  ctx.log.error({ err: thrown, uploadId: id }, `an upload could not be processed: ${messageOf(thrown)}`)
  await failUpload(ctx, id, thrown instanceof AppError ? thrown : FAILED)
}

/** Everything that happens to an upload after its bytes are here; begun anew after a kill. */
export async function processUpload(ctx: CatalogCtx, id: string, run: Run): Promise<void> {
  const row = await uploadById(ctx.db, id)
  if (row?.state !== 'processing') return removePart(ctx.config, id)
  try {
    await (row.kind === 'image' ? processImage(ctx, row) : processAudio(ctx, row, run.signal))
    await removePart(ctx.config, id)
  } catch (thrown) {
    await settleFault(ctx, id, thrown, run)
  }
}
