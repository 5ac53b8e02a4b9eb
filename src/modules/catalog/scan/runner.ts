import { setTimeout as sleep } from 'node:timers/promises'
import { folderById, folders } from '#modules/catalog/store/folders.ts'
import { claimScan, releaseScan, storedScan } from '#modules/catalog/store/scan-state.ts'
import type { Depth } from './compare.ts'
import { keepCovers } from './covers.ts'
import { type Finish, lookAt, scanFolder, scanParts, type Touched } from './folder.ts'
import type { ScanDeps } from './intake.ts'
import { createProgress, type Progress, type ScanKind } from './progress.ts'
import { createSaver } from './save.ts'
import { type CatalogCtx, emptyTally } from './types.ts'

const CLAIM_RETRY_MS = 500

export type Wish = { depth: Depth; folderIds?: readonly string[] | undefined; start?: Buffer | undefined }
/** What a scan did to the library, and how long it took once it began. */
export type Done = { tookMs: number; changes: number }
type Work = (d: ScanDeps, progress: Progress) => Promise<void>

/** One scan at a time: in this process by a queue, between processes by a claim in the database. */
export function createRunner(ctx: CatalogCtx) {
  const holder = ctx.newId()
  let last: Promise<unknown> = Promise.resolve()

  async function claimed<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    while (!(await claimScan(ctx.db, holder))) await sleep(CLAIM_RETRY_MS, undefined, { signal })
    try {
      return await work()
    } finally {
      await releaseScan(ctx.db, holder)
    }
  }

  async function scan(kind: ScanKind, signal: AbortSignal, work: Work): Promise<Done> {
    const beganMs = performance.now()
    signal.throwIfAborted()
    const tally = emptyTally()
    const progress = createProgress(ctx, { holder, tally, kind })
    const dataFolder = (await lookAt(Buffer.from(ctx.config.dataDir)))?.identity
    const deps: ScanDeps = { ctx, save: createSaver(ctx), tally, signal, dataFolder, changed: progress.changed }
    const covers = keepCovers(ctx, signal, progress.changed)
    try {
      await work(deps, progress)
    } finally {
      await covers.end()
      const { isWatched } = await storedScan(ctx.db)
      await progress.end(isWatched ? 'watching' : 'idle')
    }
    return { tookMs: performance.now() - beganMs, changes: tally.added + tally.changed + tally.moved + tally.removed }
  }

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }
  const run = (kind: ScanKind, signal: AbortSignal, work: Work): Promise<Done> =>
    inTurn(() => claimed(signal, () => scan(kind, signal, work)))

  return {
    /** Every folder, or those named; of them what is at and below `start`. */
    all: async (o: Wish, signal: AbortSignal): Promise<void> => {
      await run('scan', signal, async (d, progress) => {
        const finishes: Finish[] = []
        for (const folder of await folders(ctx.db)) {
          if (o.folderIds && !o.folderIds.includes(folder.id)) continue
          progress.folder(folder.pathText)
          finishes.push(await scanFolder(d, folder, o))
        }
        for (const finish of finishes) await finish()
      })
    },
    /** Directories that the watcher saw change. */
    parts: (folderId: string, touched: readonly Touched[], signal: AbortSignal): Promise<Done> =>
      run('touch-up', signal, async (d, progress) => {
        const folder = await folderById(ctx.db, folderId)
        if (!folder) return
        progress.folder(folder.pathText)
        await scanParts(d, folder, touched)
      }),
  }
}
export type Runner = ReturnType<typeof createRunner>
