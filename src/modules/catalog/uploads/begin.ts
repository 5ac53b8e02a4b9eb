import { hasRole, type SignedIn } from '#kernel/caller.ts'
import { AppError, tooMany } from '#kernel/errors.ts'
import { assertRoom } from '#kernel/http/room.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { assertNotErased } from '#modules/catalog/store/erased.ts'
import type { Fields, Kind, UploadRow } from './shapes.ts'
import { insertUpload, lockUploadsOf, usedBytes } from './store.ts'

/** Uploads of one person that are not at their end yet. */
export const OPEN_MAX = 200
const FILE_NAME_MAX_CHARS = 255
const RETRY_AFTER_SEC = 60

export const maxBytesOf = (ctx: CatalogCtx, kind: Kind): number =>
  kind === 'image' ? ctx.config.uploadImageMaxBytes : ctx.config.uploadMaxBytes

const inMiB = (bytes: number): string => `${Math.floor(Math.max(0, bytes) / 1024 ** 2)} MiB`
export const tooLarge = (sizeMaxBytes: number) =>
  new AppError(413, 'body_too_large', `The file is larger than the ${inMiB(sizeMaxBytes)} it may have.`)

/** A name that people may see: no path, nothing that breaks a line or turns the reading direction. */
export function shownName(name: string | null | undefined): string | null {
  const last = (name ?? '').split(/[\\/]/).at(-1) ?? ''
  // oxlint-disable-next-line no-control-regex -- a name may hold any of them
  const clean = last.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '').toWellFormed()
  return clean.trim().slice(0, FILE_NAME_MAX_CHARS).toWellFormed() || null
}

/** Throws 413 `quota_exceeded` when `bytes` more are more than the person may have. Only under `lockUploadsOf`. */
export async function assertQuota(
  ctx: CatalogCtx,
  tx: Db,
  ownerId: string,
  { bytes, isNew }: { bytes: number; isNew: boolean },
): Promise<void> {
  const quotaBytes = ctx.config.uploadQuotaBytes
  const used = await usedBytes(tx, ownerId)
  if (isNew && used.open >= OPEN_MAX)
    throw tooMany(
      `${OPEN_MAX} of your uploads are not finished yet: finish or delete some.`,
      RETRY_AFTER_SEC,
      'too_many_uploads',
    )
  if (quotaBytes === 0 || used.usedBytes + bytes <= quotaBytes) return
  throw new AppError(
    413,
    'quota_exceeded',
    `This would be more than you may upload: of ${inMiB(quotaBytes)} you have ${inMiB(quotaBytes - used.usedBytes)} left.`,
  )
}

export type Beginning = {
  kind: Kind
  fileName: string | null
  /** Null: it says later. */
  sizeBytes: number | null
  fields: Fields
}
/** What only artists may ask for is not remembered of others. */
const fieldsFor = (who: SignedIn, fields: Fields): Fields => ({
  ...fields,
  ...(fields.isPublic === undefined ? {} : { isPublic: fields.isPublic && hasRole(who, 'artist') }),
})

/**
 * Room is set aside for a new upload; its bytes come later. Throws 400 `upload_empty`, 413 `body_too_large` and
 * `quota_exceeded`, 429 `too_many_uploads`, 507 `storage_full`.
 */
export async function beginUpload(ctx: CatalogCtx, who: SignedIn, b: Beginning): Promise<UploadRow> {
  if (b.sizeBytes === 0) throw new AppError(400, 'upload_empty', 'The file is empty (zero bytes).')
  const most = maxBytesOf(ctx, b.kind)
  if ((b.sizeBytes ?? 0) > most) throw tooLarge(most)
  await assertRoom(ctx.config.dataDir, b.sizeBytes ?? 0)
  return ctx.write(async (tx) => {
    await lockUploadsOf(tx, who.userId)
    await assertNotErased(tx, who.userId)
    await assertQuota(ctx, tx, who.userId, { bytes: b.sizeBytes ?? 0, isNew: true })
    return insertUpload(tx, {
      id: ctx.newId(),
      ownerId: who.userId,
      kind: b.kind,
      fileName: shownName(b.fileName),
      sizeBytes: b.sizeBytes,
      fields: fieldsFor(who, b.fields),
      expiresSec: ctx.config.uploadExpiresSec,
    })
  })
}
