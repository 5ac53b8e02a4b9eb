import { createHash } from 'node:crypto'
import type { Static } from '#kernel/schema.ts'
import { removeFolderJob, scanJob } from '#modules/catalog/events.ts'
import type { Wish } from '#modules/catalog/scan/runner.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { folders, retiredFolders, unmarkConfigured, upsertFolder } from '#modules/catalog/store/folders.ts'
import { placeFault } from './places.ts'

/** Scans waiting go before other quick jobs: they are what a newcomer looks at. */
const SCAN_PRIORITY = -10

type ScanWish = Static<typeof scanJob.payload>
/** The same wish twice waits once. */
export async function requestScan(ctx: CatalogCtx, o: ScanWish): Promise<void> {
  const key = `scan:${o.full ? 'full' : 'changes'}:${o.folderIds?.join(',') ?? 'all'}:${keyOfDir(o.dirHex)}`
  await ctx.write((_tx, _emit, enqueue) => enqueue(scanJob, o, { key, priority: SCAN_PRIORITY }))
}
/** Paths are long, keys are short. */
const keyOfDir = (dirHex: string | undefined): string =>
  dirHex === undefined ? '' : createHash('sha256').update(dirHex).digest('hex')

export const wishOf = ({ full, folderIds, dirHex }: ScanWish): Wish => ({
  depth: full ? 'full' : 'changes',
  folderIds,
  start: dirHex === undefined ? undefined : Buffer.from(dirHex, 'hex'),
})

/** At start: all folders but those that are scanned when somebody asks only. */
export async function requestFirstScan(ctx: CatalogCtx): Promise<void> {
  const all = await folders(ctx.db)
  const unasked = all.filter((f) => f.watch !== 'off')
  const isAll = unasked.length === all.length
  await requestScan(ctx, { full: false, ...(isAll ? {} : { folderIds: unasked.map((f) => f.id) }) })
}

/** The folders of TUTTI_MUSIC, also such as are not there now; removals that a crash interrupted are taken up again. */
export async function adoptConfigured(ctx: CatalogCtx): Promise<void> {
  for (const path of ctx.config.musicDirs) {
    const bytes = Buffer.from(path)
    const others = (await folders(ctx.db)).filter((f) => !f.path.equals(bytes))
    const fault = await placeFault(path, { dataDir: ctx.config.dataDir, folders: others })
    if (fault) {
      ctx.log.warn(`TUTTI_MUSIC: ${fault.message}`)
      continue
    }
    await ctx.write((tx) => upsertFolder(tx, { id: ctx.newId(), path: bytes, pathText: path, fromConfig: true }))
  }
  const paths = ctx.config.musicDirs.map((d) => Buffer.from(d))
  await ctx.write((tx) => unmarkConfigured(tx, paths))
  for (const folderId of await retiredFolders(ctx.db))
    await ctx.write((_tx, _emit, enqueue) =>
      enqueue(removeFolderJob, { folderId }, { key: `remove-folder:${folderId}` }),
    )
}
