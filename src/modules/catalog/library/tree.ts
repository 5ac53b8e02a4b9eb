import { type Caller } from '#kernel/caller.ts'
import { badRequest, notFound } from '#kernel/errors.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { shownPath } from '#modules/catalog/scan/names.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { View } from '#modules/catalog/policy.ts'
import { keptThing } from '#modules/catalog/service/kept.ts'
import { toSong } from '#modules/catalog/service/shapes.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { type Folder, folders, shownName } from '#modules/catalog/store/folders.ts'
import { songsById } from '#modules/catalog/store/songs.ts'
import { songsPerFolder } from '#modules/catalog/store/totals.ts'
import type { LibraryTree } from './contract.ts'
import { naturally } from './natural.ts'
import { pathBytes, pathText } from './paths.ts'
import { NATURAL_MAX, songsInside, type Subdir, subdirs, type TreeSong } from './tree-store.ts'

type Ask = { limit?: number; cursor?: string; folderId?: string; path?: string }
/** Where the page before ended: in the folders or in the songs, at a name. */
type Place = { part: 'folders' | 'songs'; after: Buffer | undefined }
type At = { folderId: string; dir: Buffer }

const START: Place = { part: 'folders', after: undefined }
const encode = ({ part, after }: Place): string =>
  Buffer.from(JSON.stringify(['tree', part, after?.toString('base64') ?? null])).toString('base64url')

/** @throws 400 `bad_cursor` */
function decode(cursor: string | undefined): Place {
  if (cursor === undefined) return START
  const bad = badRequest('bad_cursor', 'The cursor is not one of this list: pass nextCursor as it was answered.')
  try {
    const [of, part, after] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[]
    if (of !== 'tree' || (part !== 'folders' && part !== 'songs')) throw bad
    return { part, after: typeof after === 'string' ? Buffer.from(after, 'base64') : undefined }
  } catch {
    throw bad
  }
}

/** Folders that are open to the caller. */
export const openFolders = async (ctx: CatalogCtx, view: View): Promise<Folder[]> =>
  (await folders(ctx.db)).filter((f) => !view.withheld.includes(f.no))

/** Counting all songs of a large library takes its time. */
async function folderCounts(ctx: CatalogCtx, view: View): Promise<Map<string, number>> {
  const kept = { name: 'folder-counts', view, input: {} }
  return new Map(await keptThing(ctx, kept, async () => [...(await songsPerFolder(ctx.db, view))]))
}

async function musicFolders(ctx: CatalogCtx, view: View): Promise<LibraryTree> {
  const [open, counts] = await Promise.all([openFolders(ctx, view), folderCounts(ctx, view)])
  const named = open.map((f) => ({ folderId: f.id, name: shownName(f), path: '', songCount: counts.get(f.id) ?? 0 }))
  named.sort((a, b) => naturally({ name: Buffer.from(a.name) }, { name: Buffer.from(b.name) }))
  return { folderId: null, path: '', folders: named, songs: [], nextCursor: null }
}

/** Those behind a name, whether it is still there or not; found by halving. */
function following<T extends { name: Buffer }>(sorted: readonly T[], after: Buffer | undefined): readonly T[] {
  if (after === undefined) return sorted
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (naturally(sorted[middle] as T, { name: after }) > 0) high = middle
    else low = middle + 1
  }
  return sorted.slice(low)
}

/** Directories directly inside, as people count. */
async function sortedSubdirs(ctx: CatalogCtx, view: View, at: At): Promise<Subdir[]> {
  const kept = { name: 'subdirs', view, input: { folderId: at.folderId, dir: at.dir.toString('latin1') } }
  const found = await keptThing(ctx, kept, async () =>
    (await subdirs(ctx.db, view, at)).toSorted(naturally).map((d) => [d.name.toString('latin1'), d.songCount] as const),
  )
  return found.map(([name, songCount]) => ({ name: Buffer.from(name, 'latin1'), songCount }))
}

/** One more than `limit` tells that there are more. */
async function songPage(ctx: CatalogCtx, view: View, o: At & { after: Buffer | undefined; limit: number }) {
  const first = await songsInside(ctx.db, view, { ...o, after: undefined, limit: NATURAL_MAX + 1 })
  if (first.length <= NATURAL_MAX) return following(first.toSorted(naturally), o.after).slice(0, o.limit + 1)
  return songsInside(ctx.db, view, { ...o, limit: o.limit + 1 })
}

type Found = { folders: Subdir[]; songs: TreeSong[]; next: Place | undefined }
async function entries(ctx: CatalogCtx, view: View, at: At, place: Place, limit: number): Promise<Found> {
  const inside = place.part === 'folders' ? await sortedSubdirs(ctx, view, at) : []
  const left = following(inside, place.after)
  const shown = left.slice(0, limit)
  if (left.length > limit) return { folders: shown, songs: [], next: { part: 'folders', after: shown.at(-1)?.name } }
  const after = place.part === 'songs' ? place.after : undefined
  const room = limit - shown.length
  const songs = await songPage(ctx, view, { ...at, after, limit: room })
  const page = songs.slice(0, room)
  const isEnd = songs.length <= room
  if (place === START && inside.length === 0 && songs.length === 0 && at.dir.length > 0) throw notFound('directory')
  return { folders: shown, songs: page, next: isEnd ? undefined : { part: 'songs', after: page.at(-1)?.name ?? after } }
}

const SLASH = Buffer.from('/')
const joined = (dir: Buffer, name: Buffer): Buffer => (dir.length === 0 ? name : Buffer.concat([dir, SLASH, name]))

/** A folder that is not for the caller does not exist for them. */
async function openFolder(ctx: CatalogCtx, view: View, id: string): Promise<Folder> {
  const folder = (await openFolders(ctx, view)).find((f) => f.id === id)
  if (!folder) throw notFound('music folder')
  return folder
}

/** What lies in a directory of a music folder, as far as the caller may see it; without a folder, the music folders. */
export async function browseTree(ctx: CatalogCtx, who: Caller, ask: Ask): Promise<LibraryTree> {
  const view = await viewFor(ctx, who)
  if (ask.folderId === undefined) return musicFolders(ctx, view)
  const { id: folderId } = await openFolder(ctx, view, ask.folderId)
  const at = { folderId, dir: pathBytes(ask.path ?? '') }
  const found = await entries(ctx, view, at, decode(ask.cursor), ask.limit ?? PAGE_DEFAULT)
  const songs = await songsById(
    ctx.db,
    view,
    found.songs.map((s) => s.songId),
  )
  return {
    folderId,
    path: pathText(at.dir),
    folders: found.folders.map(({ name, songCount }) => ({
      folderId,
      name: shownPath(name),
      path: pathText(joined(at.dir, name)),
      songCount,
    })),
    songs: songs.map(toSong),
    nextCursor: found.next ? encode(found.next) : null,
  }
}
