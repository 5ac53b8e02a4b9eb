import { basename } from 'node:path'
import { type Caller, isAdmin } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { conflict, notFound } from '#kernel/errors.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { decodeCursor, encodeCursor } from '#modules/catalog/cursor.ts'
import { libraryChanged, removeFolderJob } from '#modules/catalog/events.ts'
import type { PeopleAmong } from '#modules/catalog/library/access.ts'
import { askScan, updateFolder } from '#modules/catalog/library/folders.ts'
import { EVERYTHING } from '#modules/catalog/library/everything.ts'
import { createReading } from '#modules/catalog/library/reading.ts'
import { openFolders } from '#modules/catalog/library/tree.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { LibraryFolder, library, ScanState } from '#modules/catalog/schema.ts'
import { faultCount, faults } from '#modules/catalog/store/files.ts'
import {
  type Folder,
  folderById,
  folders,
  retireFolder,
  setFolderPublic,
  shownName,
  upsertFolder,
} from '#modules/catalog/store/folders.ts'
import { storedScan } from '#modules/catalog/store/scan-state.ts'
import { songsPerFolder, totals } from '#modules/catalog/store/totals.ts'
import { requestScan } from './folders.ts'
import { browse, placeFault, readableFolder } from './places.ts'
import { setFolderSongsPublic } from './publish.ts'
import { keptThing } from './kept.ts'
import { viewFor } from './view.ts'

const NO_ID = '00000000-0000-0000-0000-000000000000'
const NEVER: ScanState = {
  state: 'idle',
  startedAt: null,
  finishedAt: null,
  foundFiles: 0,
  doneFiles: 0,
  added: 0,
  changed: 0,
  moved: 0,
  removed: 0,
  faulty: 0,
  currentFolder: null,
}

const toFolder = (f: Folder, counts: ReadonlyMap<string, number>): LibraryFolder => ({
  id: f.id,
  path: f.pathText,
  state: f.state,
  detail: f.detail,
  songCount: counts.get(f.id) ?? 0,
  isPublic: f.isPublic,
  isRestricted: f.isRestricted,
  name: shownName(f),
  ignore: f.ignore,
  watch: f.watch,
  isPolled: f.watch === 'poll' || (f.watch === 'auto' && f.isPolled),
  fromConfig: f.fromConfig,
})

/** Where the folders of the server lie, and why one is unreachable, is for admins; others see its name. */
const seenBy = (who: Caller, folder: LibraryFolder): LibraryFolder =>
  isAdmin(who) ? folder : { ...folder, path: basename(folder.path), detail: null, ignore: '' }

/** What is stored says what was; whether a scan is at work now, its claim says: a killed scan left "scanning" behind. */
async function scanNow(ctx: CatalogCtx): Promise<ScanState> {
  const { state, isHeld, isWatched } = await storedScan(ctx.db)
  const now = isHeld && state?.state === 'scanning' ? 'scanning' : isWatched ? 'watching' : 'idle'
  return { ...(state ?? NEVER), state: now }
}

async function oneFolder(ctx: CatalogCtx, id: string): Promise<Folder> {
  const folder = await folderById(ctx.db, id)
  if (!folder) throw notFound('music folder')
  return folder
}
const shown = async (ctx: CatalogCtx, id: string): Promise<LibraryFolder> =>
  toFolder(await oneFolder(ctx, id), await songsPerFolder(ctx.db, EVERYTHING))

async function addFolder(ctx: CatalogCtx, given: string): Promise<LibraryFolder> {
  const path = await readableFolder(given)
  const fault = await placeFault(path, { dataDir: ctx.config.dataDir, folders: await folders(ctx.db) })
  if (fault) throw fault
  const bytes = Buffer.from(path)
  await ctx.write((tx) => upsertFolder(tx, { id: ctx.newId(), path: bytes, pathText: path, fromConfig: false }))
  const added = (await folders(ctx.db)).find((f) => f.path.equals(bytes))
  if (!added) throw notFound('music folder')
  await requestScan(ctx, { full: false, folderIds: [added.id] })
  ctx.realtime.toAll(libraryChanged, { kind: 'folders' })
  return shown(ctx, added.id)
}

async function removeFolder(ctx: CatalogCtx, id: string): Promise<Record<string, never>> {
  const folder = await oneFolder(ctx, id)
  if (folder.fromConfig)
    throw conflict('folder_from_config', 'This folder is named in TUTTI_MUSIC: take it out there and start again.')
  await ctx.write(async (tx, _emit, enqueue) => {
    await retireFolder(tx, id)
    await enqueue(removeFolderJob, { folderId: id }, { key: `remove-folder:${id}` })
  })
  ctx.realtime.toAll(libraryChanged, { kind: 'folders' })
  return {}
}

async function listFaults(ctx: CatalogCtx, input: { limit?: number; cursor?: string; count?: boolean }) {
  const limit = input.limit ?? PAGE_DEFAULT
  const cursor = decodeCursor(input.cursor, 'faults', 'bigint')
  const before = cursor && { atUs: String(cursor.value), id: cursor.seed }
  const rows = await faults(ctx.db, before, limit + 1)
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    items: rows.slice(0, limit).map((r) => ({
      path: r.path,
      reasonCode: r.reasonCode,
      reason: r.reason,
      at: r.at.toISOString(),
    })),
    // Rows of this list are numbered, not named by UUID: the number stands in the cursor's seed.
    nextCursor: last ? encodeCursor('faults', { value: last.atUs, id: NO_ID, seed: last.id }) : null,
    ...(input.count ? { total: await faultCount(ctx.db) } : {}),
  }
}

/** Counting a large library takes its time; the end of a scan is in the key because its word may be slow to come here. */
const figures = (ctx: CatalogCtx, view: View, { finishedAt }: ScanState) =>
  keptThing(ctx, { name: 'figures', view, input: { finishedAt } }, async () => {
    const [counts, sums] = await Promise.all([songsPerFolder(ctx.db, view), totals(ctx.db, view)])
    return { counts: [...counts], ...sums }
  })

export function createLibrary(ctx: CatalogCtx, peopleAmong: PeopleAmong): Api<typeof library> {
  return {
    ...createReading(ctx, peopleAmong),
    async getLibraryStatus(who) {
      // Read first: what is read after the end of a scan is at least as new as that end.
      const scan = await scanNow(ctx)
      const view = await viewFor(ctx, who)
      const [open, { counts, ...sums }] = await Promise.all([openFolders(ctx, view), figures(ctx, view, scan)])
      return { scan, folders: open.map((f) => seenBy(who, toFolder(f, new Map(counts)))), ...sums }
    },
    listFaults: (_who, input) => listFaults(ctx, input),
    async scanLibrary(_who, wish) {
      await askScan(ctx, wish)
      return { ...(await scanNow(ctx)), state: 'scanning' }
    },
    addFolder: (_who, { path }) => addFolder(ctx, path),
    async updateFolder(_who, wish) {
      await updateFolder(ctx, wish)
      return shown(ctx, wish.id)
    },
    removeFolder: (_who, { id }) => removeFolder(ctx, id),
    browseFolders: (_who, { path }) => browse(path),
    async setFolderVisibility(_who, { id, isPublic }) {
      await oneFolder(ctx, id)
      await ctx.write((tx) => setFolderPublic(tx, id, isPublic))
      await setFolderSongsPublic(ctx, id, isPublic)
      return shown(ctx, id)
    },
  }
}
