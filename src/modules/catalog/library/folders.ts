import { badRequest, notFound } from '#kernel/errors.ts'
import { libraryChanged } from '#modules/catalog/events.ts'
import { DiskStalled, disks } from '#modules/catalog/scan/disk.ts'
import { bytesOf, keyOf } from '#modules/catalog/scan/names.ts'
import { checkedRules } from '#modules/catalog/scan/rules.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { requestScan } from '#modules/catalog/service/folders.ts'
import { type Folder, folderById, updateFolderSettings } from '#modules/catalog/store/folders.ts'
import { pathBytes } from './paths.ts'

async function oneFolder(ctx: CatalogCtx, id: string): Promise<Folder> {
  const folder = await folderById(ctx.db, id)
  if (!folder) throw notFound('music folder')
  return folder
}

export type FolderSettings = { id: string; name?: string | null; ignore?: string; watch?: Folder['watch'] }

/**
 * Name, rules and way of watching. Rules that are another than before are followed by a scan of the folder: what they
 * leave out goes from the lists as deleted files do, what they no longer leave out comes back.
 */
export async function updateFolder(ctx: CatalogCtx, wish: FolderSettings): Promise<void> {
  const before = await oneFolder(ctx, wish.id)
  const ignore = wish.ignore === undefined ? before.ignore : checkedRules(wish.ignore)
  const { name = before.name, watch = before.watch } = wish
  await ctx.write((tx) => updateFolderSettings(tx, wish.id, { name: name?.trim() || null, ignore, watch }))
  if (ignore !== before.ignore) await requestScan(ctx, { full: false, folderIds: [wish.id] })
  ctx.realtime.toAll(libraryChanged, { kind: 'folders' })
}

const badPath = (detail: string) => badRequest('path_invalid', detail)

/** A path below a music folder, as text, in raw bytes. @throws 400 `path_invalid` */
export function dirOf(path: string): Buffer {
  const bytes = pathBytes(path)
  if (bytes.includes(0)) throw badPath('A path holds no character of code 0.')
  const parts = keyOf(bytes)
    .split('/')
    .filter((part) => part !== '')
  if (path.startsWith('/')) throw badPath('Name the path from the music folder on, without a slash at its beginning.')
  if (parts.some((part) => part === '.' || part === '..'))
    throw badPath('Name the path from the music folder on, without "." and "..".')
  return bytesOf(parts.join('/'))
}

/** The same directory without the links on the way to it, where it lies in the folder: walks prefer the real path. */
async function realDir(folder: Folder, dir: Buffer): Promise<Buffer> {
  const disk = keyOf(folder.path)
  try {
    const top = await disks.ask(disk, { kind: 'real', path: disk })
    const real = await disks.ask(disk, { kind: 'real', path: `${disk}/${keyOf(dir)}` })
    if (top === undefined || real === undefined) return dir
    if (real === top) return Buffer.alloc(0)
    return real.startsWith(`${top}/`) ? bytesOf(real.slice(top.length + 1)) : dir
  } catch (thrown) {
    // The scan tells that the disk does not answer.
    if (thrown instanceof DiskStalled) return dir
    throw thrown
  }
}

export type ScanAsked = { full?: boolean; folderId?: string; path?: string }
/** Asks for a scan of everything, of one folder, or of one directory in it with all that is below. */
export async function askScan(ctx: CatalogCtx, { full = false, folderId, path }: ScanAsked): Promise<void> {
  if (folderId === undefined) {
    if (path !== undefined) throw badPath('Name the music folder (`folderId`) that the path lies in.')
    return requestScan(ctx, { full })
  }
  const folder = await oneFolder(ctx, folderId)
  const dir = path === undefined ? undefined : await realDir(folder, dirOf(path))
  const below = dir && dir.length > 0 ? { dirHex: dir.toString('hex') } : {}
  await requestScan(ctx, { full, folderIds: [folderId], ...below })
}
