import { AsyncLocalStorage } from 'node:async_hooks'
import { DataStore, ERRORS, Metadata, Server, Upload } from '@tus/server'
import type { SignedIn } from '#kernel/caller.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { assertQuota, beginUpload, maxBytesOf, tooLarge } from '#modules/catalog/uploads/begin.ts'
import { TUS_HEADERS } from '#modules/catalog/uploads/contract.ts'
import { removeUpload } from '#modules/catalog/uploads/remove.ts'
import type { Kind, UploadRow } from '#modules/catalog/uploads/shapes.ts'
import { lockUploadsOf, setSize, uploadById } from '#modules/catalog/uploads/store.ts'
import type { Expected } from './checksum.ts'
import { createLocker } from './locker.ts'
import type { Described } from './metadata.ts'
import { writePart } from './write.ts'

const DRAIN_MS = 1

/** One request, for the hooks of the library. `id` is empty for one that begins an upload. */
export type Asked = {
  who: SignedIn
  id: string
  kind: Kind
  /** Where uploads are found: what `Location` begins with. */
  place: string
  described: Described | undefined
  checksum: Expected | undefined
  /** What went wrong, in our words. */
  fault: AppError | undefined
}

async function stored(db: Db, id: string): Promise<UploadRow> {
  const row = await uploadById(db, id)
  if (!row) throw notFound('upload')
  return row
}

/** The library counts from the creation; here every byte puts the end off. */
const toTus = (row: UploadRow, expiresSec: number): Upload =>
  new Upload({
    id: row.id,
    offset: row.receivedBytes,
    ...(row.sizeBytes === null ? {} : { size: row.sizeBytes }),
    ...(row.fields.metadata ? { metadata: Metadata.parse(row.fields.metadata) } : {}),
    creation_date: new Date((row.expiresAt?.getTime() ?? Date.now()) - expiresSec * 1000).toISOString(),
  })

async function declareSize(ctx: CatalogCtx, id: string, sizeBytes: number): Promise<void> {
  const row = await stored(ctx.db, id)
  const most = maxBytesOf(ctx, row.kind)
  if (sizeBytes > most) throw tooLarge(most)
  await ctx.write(async (tx) => {
    await lockUploadsOf(tx, row.ownerId)
    await assertQuota(ctx, tx, row.ownerId, { bytes: sizeBytes - row.receivedBytes, isNew: false })
    await setSize(tx, id, sizeBytes)
  })
}

/** The rows of `catalog.uploads` are the truth; files hold nothing but bytes. */
function storeOf(ctx: CatalogCtx, asked: AsyncLocalStorage<Asked>): DataStore {
  const { uploadExpiresSec: expiresSec } = ctx.config
  return Object.assign(new DataStore(), {
    extensions: TUS_HEADERS['tus-extension'].split(','),
    getExpiration: () => expiresSec * 1000,
    create: async (upload: Upload) => upload,
    getUpload: async (id: string) => toTus(await stored(ctx.db, id), expiresSec),
    declareUploadLength: (id: string, sizeBytes: number) => declareSize(ctx, id, sizeBytes),
    remove: (id: string) => removeUpload(ctx, id),
    async write(stream: Parameters<DataStore['write']>[0], id: string, offset: number): Promise<number> {
      const row = await stored(ctx.db, id)
      if (row.receivedBytes !== offset) throw ERRORS.INVALID_OFFSET
      return writePart(ctx, row, stream, asked.getStore()?.checksum)
    },
  })
}

/** The tus server over our own store, one for a process. */
export function createTusServer(ctx: CatalogCtx) {
  const asked = new AsyncLocalStorage<Asked>()
  const now = (): Asked => asked.getStore() as Asked
  const server = new Server({
    path: '/upload/files',
    datastore: storeOf(ctx, asked),
    locker: createLocker(),
    lockDrainTimeout: DRAIN_MS,
    // Which pages of other origins may ask is settled for all routes alike.
    allowedOrigins: () => false,
    maxSize: () => maxBytesOf(ctx, now().kind),
    getFileIdFromRequest: () => now().id,
    generateUrl: (_request, { id }) => `${now().place}/${id}`,
    namingFunction: () => ctx.newId(),
    async onUploadCreate(_request, upload) {
      const { who, described } = now()
      const d = described ?? { kind: 'audio', fileName: null, fields: {} }
      const row = await beginUpload(ctx, who, { ...d, sizeBytes: upload.size ?? null })
      upload.id = row.id
      upload.creation_date = row.createdAt.toISOString()
      return {}
    },
    onResponseError(_request, thrown) {
      const fault = thrown as unknown
      if (fault instanceof AppError) now().fault = fault
      else if (fault instanceof Error) ctx.log.error({ err: fault }, 'a resumable upload failed')
      return undefined
    },
  })
  return {
    answer: (request: Request, a: Asked): Promise<Response> => asked.run(a, () => server.handleWeb(request)),
  }
}
export type TusServer = ReturnType<typeof createTusServer>
