import { removeFolderJob, scanJob } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { folders, retiredFolders, unmarkConfigured, upsertFolder } from '#modules/catalog/store/folders.ts'
import { placeFault } from './places.ts'

/** Scans waiting go before other quick jobs: they are what a newcomer looks at. */
const SCAN_PRIORITY = -10

/** The same wish twice waits once. */
export async function requestScan(ctx: CatalogCtx, o: { full: boolean; folderIds?: string[] }): Promise<void> {
  const key = `scan:${o.full ? 'full' : 'changes'}:${o.folderIds?.join(',') ?? 'all'}`
  await ctx.write((_tx, _emit, enqueue) => enqueue(scanJob, o, { key, priority: SCAN_PRIORITY }))
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
