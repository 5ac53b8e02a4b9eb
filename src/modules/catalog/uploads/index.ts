import type { Cron, JobHandler } from '#kernel/module.ts'
import { runs } from '#kernel/module.ts'
import { processUploadJob } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { processUpload } from './process.ts'
import { resumeProcessing } from './receive.ts'
import type { UploadRow } from './shapes.ts'
import { completeOf, inProcessing } from './store.ts'
import { sweepUploads } from './sweep.ts'
import { tell } from './tell.ts'

export { releaseAssets, releaseCovers } from './release.ts'
export { claimImage, claimUpload, keepImage, useUpload } from './claim.ts'
export { takeAudioNow } from './take.ts'

const SWEEP_EVERY_MS = 3_600_000

type UploadDuties = {
  readonly jobs: JobHandler[]
  readonly cron: Cron[]
  start(): Promise<void>
  stop(): Promise<void>
  /** The analysis of a song is over: so are its uploads, which are to be told of after the commit. */
  analyzed(tx: Db, facets: { songId: string; state: string }): Promise<UploadRow[]>
  tellAll(rows: readonly UploadRow[]): void
}

/** What uploads do when nobody asks: jobs, the clock, and what a killed process left undone. */
export function uploadDuties(ctx: CatalogCtx): UploadDuties {
  const ending = new AbortController()
  let sweeping: Promise<void> | undefined
  return {
    jobs: [runs(processUploadJob, ({ uploadId }, run) => processUpload(ctx, uploadId, run))],
    cron: [{ name: 'catalog.sweep-uploads', everyMs: SWEEP_EVERY_MS, run: (signal) => sweepUploads(ctx, signal) }],
    analyzed: async (tx, { songId, state }) =>
      state === 'completed' || state === 'failed' ? completeOf(tx, songId) : [],
    tellAll: (rows) => {
      for (const row of rows) tell(ctx, row)
    },
    async start() {
      await resumeProcessing(ctx, await inProcessing(ctx.db))
      if (!ctx.duties.has('cron')) return
      sweeping = sweepUploads(ctx, ending.signal).catch((err: unknown) => {
        if (!ending.signal.aborted) ctx.log.error({ err }, 'what uploads left behind could not be swept')
      })
    },
    async stop() {
      ending.abort()
      await sweeping
    },
  }
}
