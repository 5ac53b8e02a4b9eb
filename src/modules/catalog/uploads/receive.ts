import { AppError } from '#kernel/errors.ts'
import { processUploadJob } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { assertQuota } from './begin.ts'
import { RECEIVED, type UploadRow } from './shapes.ts'
import { lockUploadsOf, noteReceived } from './store.ts'
import { tell } from './tell.ts'

/** Before the analysis of a library: somebody waits for this. */
const PRIORITY = -10
export const jobKey = (id: string): string => `upload:${id}`

export const overtaken = () =>
  new AppError(409, 'upload_overtaken', 'This upload went on elsewhere, or was removed: ask where it stands.')

type Received = { from: number; to: number; begins: 'job' | 'nothing'; writer?: string }

/**
 * Notes bytes that are on the disk. With the last of them the processing begins, as a job of the same transaction,
 * unless the caller does it. Throws 409 `upload_overtaken`, and 413 `quota_exceeded` to one that never told its length.
 */
export async function received(ctx: CatalogCtx, row: UploadRow, r: Received): Promise<UploadRow> {
  const noted = await ctx.write(async (tx, _emit, enqueue) => {
    if (row.sizeBytes === null) {
      await lockUploadsOf(tx, row.ownerId)
      await assertQuota(ctx, tx, row.ownerId, { bytes: r.to - r.from, isNew: false })
    }
    const { uploadExpiresSec: expiresSec } = ctx.config
    const next = await noteReceived(tx, {
      id: row.id,
      writer: r.writer,
      from: r.from,
      to: r.to,
      expiresSec,
      receivedShare: RECEIVED,
    })
    if (!next) throw overtaken()
    if (next.state === 'processing' && r.begins === 'job')
      await enqueue(processUploadJob, { uploadId: row.id }, { key: jobKey(row.id), priority: PRIORITY })
    return next
  })
  tell(ctx, noted)
  return noted
}

/** The same for those that a killed process left in the middle. */
export async function resumeProcessing(ctx: CatalogCtx, ids: readonly string[]): Promise<void> {
  for (const id of ids)
    await ctx.write((_tx, _emit, enqueue) =>
      enqueue(processUploadJob, { uploadId: id }, { key: jobKey(id), priority: PRIORITY }),
    )
}
