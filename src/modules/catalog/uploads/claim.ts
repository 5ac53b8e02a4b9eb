import type { SignedIn } from '#kernel/caller.ts'
import { AppError, conflict, notFound } from '#kernel/errors.ts'
import type { SpooledFile } from '#kernel/http/forms.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { KEPT_SEC } from './process.ts'
import type { Kind, UploadRow } from './shapes.ts'
import { setSong, uploadById } from './store.ts'
import { takeImage } from './take.ts'

const notReady = () => conflict('upload_not_ready', 'This upload is not completed yet: wait until its status says so.')
const failed = (row: UploadRow) =>
  conflict('upload_failed', `This upload failed: ${row.faultDetail ?? 'upload the file again.'}`)

async function claimed(ctx: CatalogCtx, who: SignedIn, id: string, kind: Kind): Promise<UploadRow> {
  const row = await uploadById(ctx.db, id)
  if (!row || row.ownerId !== who.userId) throw notFound('upload')
  if (row.kind !== kind) throw new AppError(422, 'upload_wrong_kind', `This upload is no ${kind}.`)
  if (row.state === 'failed') throw failed(row)
  return row
}

export type Claim = {
  assetHash: string
  fileName: string | null
  /** The song that was made of these bytes before. */
  songId: string | null
  isDuplicate: boolean
}

/**
 * The bytes of an upload, to make a song of them. They are held until the upload expires. Throws 404 to everybody but
 * its owner, 409 `upload_not_ready` and `upload_failed`, 422 `upload_wrong_kind`.
 */
export async function claimUpload(ctx: CatalogCtx, who: SignedIn, uploadId: string): Promise<Claim> {
  const row = await claimed(ctx, who, uploadId, 'audio')
  if (row.hash === null || (row.state !== 'completed' && row.state !== 'analyzing')) throw notReady()
  return { assetHash: row.hash, fileName: row.fileName, songId: row.songId, isDuplicate: row.isDuplicate }
}

/** Within the transaction that made the song. Throws 409 `upload_used` when another song was made of it meanwhile. */
export async function useUpload(tx: Db, uploadId: string, songId: string): Promise<void> {
  if (await setSong(tx, uploadId, songId, KEPT_SEC)) return
  throw conflict('upload_used', 'A song was made of this upload already, or it was removed.')
}

/** The picture of an upload, to show it. Throws as {@link claimUpload} does. */
export async function claimImage(ctx: CatalogCtx, who: SignedIn, uploadId: string): Promise<string> {
  const row = await claimed(ctx, who, uploadId, 'image')
  if (row.state !== 'completed' || row.imageHash === null) throw notReady()
  return row.imageHash
}

/**
 * Keeps the picture of a form and answers the hash of the cover. It is held for as long as an upload: show it by then.
 * Throws 415 `image_unsupported`, 422, 413 `quota_exceeded`.
 */
export async function keepImage(ctx: CatalogCtx, who: SignedIn, file: SpooledFile): Promise<string> {
  const { imageHash } = await takeImage(ctx, who, file)
  if (imageHash === null) throw notFound('upload')
  return imageHash
}
