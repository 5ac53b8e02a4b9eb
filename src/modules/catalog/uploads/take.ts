import type { SignedIn } from '#kernel/caller.ts'
import { AppError } from '#kernel/errors.ts'
import type { SpooledFile } from '#kernel/http/forms.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { beginUpload, shownName } from './begin.ts'
import { adoptFile, removePart } from './files.ts'
import { probeAudio } from './keep.ts'
import { assertPictureFile } from './pictures.ts'
import { processUpload } from './process.ts'
import { received } from './receive.ts'
import type { Fields, Kind, UploadRow } from './shapes.ts'
import { deleteUpload, setHash, uploadById } from './store.ts'

type Taking = { kind: Kind; fields: Fields; begins: 'job' | 'nothing' }

/** Makes an upload of a file that is here already, whole. */
async function takeFile(ctx: CatalogCtx, who: SignedIn, file: SpooledFile, t: Taking): Promise<UploadRow> {
  const row = await beginUpload(ctx, who, { ...t, fileName: file.fileName, sizeBytes: file.sizeBytes })
  try {
    await adoptFile(ctx.config, file.path, row.id)
    const next = await received(ctx, row, { from: 0, to: file.sizeBytes, begins: t.begins })
    await setHash(ctx.db, row.id, file.sha256)
    return next
  } catch (thrown) {
    await deleteUpload(ctx.db, row.id)
    await removePart(ctx.config, row.id)
    throw thrown
  }
}

/** Throws 415 `audio_unsupported` and 422 for what is no music at the first look; the rest is found out by a job. */
export async function takeAudio(ctx: CatalogCtx, who: SignedIn, file: SpooledFile, fields: Fields): Promise<UploadRow> {
  await probeAudio(ctx, file.path)
  return takeFile(ctx, who, file, { kind: 'audio', fields, begins: 'job' })
}

/** A file that is refused is told of as an upload that failed, so that the others of its form are not lost. */
export function refusedUpload(ctx: CatalogCtx, file: SpooledFile, fault: AppError): UploadRow {
  const now = ctx.now()
  return {
    id: ctx.newId(),
    ownerId: '',
    kind: 'audio',
    state: 'failed',
    progress: 0,
    fileName: shownName(file.fileName),
    sizeBytes: file.sizeBytes,
    receivedBytes: file.sizeBytes,
    fields: {},
    hash: file.sha256,
    imageHash: null,
    songId: null,
    isDuplicate: false,
    faultCode: fault.code,
    faultDetail: fault.message,
    createdAt: now,
    updatedAt: now,
    expiresAt: null,
  }
}

/** Done while the caller waits. Throws what the processing found wrong; then nothing is kept. */
async function takeNow(
  ctx: CatalogCtx,
  who: SignedIn,
  file: SpooledFile,
  t: Omit<Taking, 'begins'>,
): Promise<UploadRow> {
  const { id } = await takeFile(ctx, who, file, { ...t, begins: 'nothing' })
  await processUpload(ctx, id, { signal: new AbortController().signal, lastAttempt: true })
  const row = await uploadById(ctx.db, id)
  if (row?.state === 'completed' || row?.state === 'analyzing') return row
  await deleteUpload(ctx.db, id)
  throw faultOf(row)
}
const STATUS: Readonly<Record<string, number>> = {
  audio_unsupported: 415,
  image_unsupported: 415,
  processing_failed: 500,
  media_tools_missing: 503,
  media_busy: 503,
  media_closed: 503,
  storage_full: 507,
}
const faultOf = (row: UploadRow | undefined): AppError => {
  const code = row?.faultCode ?? 'upload_gone'
  return new AppError(STATUS[code] ?? 422, code, row?.faultDetail ?? 'The upload was removed meanwhile.')
}

/** A picture is made anew at once. Throws 415 `image_unsupported`, 422. */
export async function takeImage(ctx: CatalogCtx, who: SignedIn, file: SpooledFile): Promise<UploadRow> {
  await assertPictureFile(file.path)
  return takeNow(ctx, who, file, { kind: 'image', fields: {} })
}

/**
 * Audio of a form whose song the caller makes itself: decoded and kept when this resolves, and held by an upload of its
 * own; see `claimUpload`. Throws as {@link takeAudio} does, and what the decoding found.
 */
export async function takeAudioNow(ctx: CatalogCtx, who: SignedIn, file: SpooledFile): Promise<UploadRow> {
  await probeAudio(ctx, file.path)
  return takeNow(ctx, who, file, { kind: 'audio', fields: { createSong: false } })
}
