import { type Caller, isSignedIn, type SignedIn } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { filesOf, type SpooledFile } from '#kernel/http/forms.ts'
import { signedIn } from '#kernel/policy.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { decodeCursor, encodeCursor } from '#modules/catalog/cursor.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Upload, uploads } from './contract.ts'
import { removeUpload } from './remove.ts'
import { type Fields, type State, toUpload, type UploadRow } from './shapes.ts'
import { countUploads, uploadById, uploadsOf, usedBytes } from './store.ts'
import { refusedUpload, takeAudio, takeImage } from './take.ts'

const fileOf = (input: object, field: string): SpooledFile => {
  const file = filesOf(input)[field]?.[0]
  if (!file)
    throw new AppError(400, 'upload_missing', `Send the file as the field "${field}" of a form (multipart/form-data).`)
  return file
}

async function oneUpload(ctx: CatalogCtx, who: Caller, id: string): Promise<UploadRow> {
  const row = await uploadById(ctx.db, id)
  if (!row || !isSignedIn(who) || row.ownerId !== who.userId) throw notFound('upload')
  return row
}

/** What is a file's fault refuses that file alone; what is ours, or the quota's, refuses what is left of them, too. */
async function takeOne(ctx: CatalogCtx, who: SignedIn, file: SpooledFile, fields: Fields): Promise<Upload> {
  try {
    return toUpload(await takeAudio(ctx, who, file, fields))
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.status < 500) return toUpload(refusedUpload(ctx, file, thrown))
    throw thrown
  }
}

type Listing = { limit?: number; cursor?: string; count?: boolean; status?: State }
async function listFor(ctx: CatalogCtx, who: SignedIn, q: Listing) {
  const limit = q.limit ?? PAGE_DEFAULT
  const before = decodeCursor(q.cursor, 'uploads', 'id')?.id
  const rows = await uploadsOf(ctx.db, { ownerId: who.userId, state: q.status, before, limit: limit + 1 })
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    items: rows.slice(0, limit).map(toUpload),
    nextCursor: last ? encodeCursor('uploads', { value: '', id: last.id, seed: 0 }) : null,
    ...(q.count ? { total: await countUploads(ctx.db, who.userId, q.status) } : {}),
  }
}

const EXPORT_MAX = 10_000

export function createUploads(ctx: CatalogCtx): Api<typeof uploads> {
  return {
    async uploadAudio(who, input) {
      signedIn(who)
      return toUpload(await takeAudio(ctx, who, fileOf(input, 'audio'), input))
    },
    async uploadBatch(who, input) {
      signedIn(who)
      const items: Upload[] = []
      for (const file of filesOf(input)['audio'] ?? [])
        items.push(await takeOne(ctx, who, file, { createSong: input.createSong, isPublic: input.isPublic }))
      return { items }
    },
    async uploadImage(who, input) {
      signedIn(who)
      return toUpload(await takeImage(ctx, who, fileOf(input, 'image')))
    },
    async listUploads(who, input) {
      signedIn(who)
      return listFor(ctx, who, input)
    },
    getUpload: async (who, { id }) => toUpload(await oneUpload(ctx, who, id)),
    async deleteUpload(who, { id }) {
      await oneUpload(ctx, who, id)
      await removeUpload(ctx, id)
      return {}
    },
    async getQuota(who) {
      signedIn(who)
      const { uploadQuotaBytes, uploadMaxBytes, uploadImageMaxBytes } = ctx.config
      const used = await usedBytes(ctx.db, who.userId)
      return {
        usedBytes: used.usedBytes,
        quotaBytes: uploadQuotaBytes === 0 ? null : uploadQuotaBytes,
        fileMaxBytes: uploadMaxBytes,
        imageMaxBytes: uploadImageMaxBytes,
      }
    },
    async exportOfUser(_who, { userId }) {
      const rows = await uploadsOf(ctx.db, { ownerId: userId, state: undefined, before: undefined, limit: EXPORT_MAX })
      return { uploads: rows.map(toUpload) }
    },
  }
}
