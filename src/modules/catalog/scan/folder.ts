import { readdir } from 'node:fs/promises'
import { knownFiles } from '#modules/catalog/store/files.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import { compare, type Depth } from './compare.ts'
import { createIntake, type ScanDeps } from './intake.ts'
import { holdsFiles, markGone, setReachable, setUnreachable, sweep } from './missing.ts'
import { isHidden, keyOf } from './names.ts'
import type { CatalogCtx, Wanted } from './types.ts'
import { identityOf, type Listing, listFolder, type Unread, walk } from './walk.ts'

type Walk = { folder: Folder; start: Buffer; identity: string; depth: Depth }
/** `gone` are ids of files that are no longer in a folder the walk came to. */
type Walked = { visited: Set<string>; unread: Unread[]; gone: number[] }

/** The whole folder step by step: compare with what is known, read what differs. */
async function scanSteps(d: ScanDeps, { folder, start, depth }: Walk): Promise<Walked> {
  const intake = createIntake(d)
  const walked: Walked = { visited: new Set(), unread: [], gone: [] }
  try {
    for await (const { listings, unread } of walk(folder.path, start, { signal: d.signal, skip: d.dataFolder })) {
      walked.unread.push(...unread)
      for (const l of listings) walked.visited.add(keyOf(l.dir))
      if (listings.length > 0) walked.gone.push(...(await compareStep(d, folder, listings, depth, intake.push)))
    }
    await intake.end()
    return walked
  } finally {
    await intake.settle()
  }
}

async function compareStep(
  d: ScanDeps,
  folder: Folder,
  listings: readonly Listing[],
  depth: Depth,
  push: (wanted: readonly Wanted[]) => Promise<void>,
): Promise<number[]> {
  const known = await knownFiles(
    d.ctx.db,
    folder.id,
    listings.map((l) => l.dir),
  )
  const byDir = Map.groupBy(known, (k) => keyOf(k.dir))
  const gone: number[] = []
  for (const listing of listings) {
    const difference = compare(folder, listing, byDir.get(keyOf(listing.dir)) ?? [], depth)
    d.tally.foundFiles += listing.audio.length
    d.tally.doneFiles += listing.audio.length - difference.wanted.length
    gone.push(...difference.gone.map((f) => f.id))
    await push(difference.wanted)
  }
  return gone
}

const isGoneCode = (code: string): boolean => code === 'ENOENT' || code === 'ENOTDIR'
const isBelow = (dir: Buffer, top: Buffer): boolean => {
  const [d, t] = [keyOf(dir), keyOf(top)]
  return t === '' || d === t || d.startsWith(`${t}/`)
}

const isEmptyFolder = async (path: Buffer): Promise<boolean> =>
  (await readdir(path, { encoding: 'buffer' }).catch(() => [])).every((name) => isHidden(name))

/** Why the folder cannot be scanned now, or undefined when it can. */
async function obstacle(ctx: CatalogCtx, folder: Folder, identity: string | undefined): Promise<string | undefined> {
  if (identity === undefined) return 'The folder cannot be reached: is the disk connected?'
  if ((await isEmptyFolder(folder.path)) && (await holdsFiles(ctx, folder)))
    return 'The folder is empty, but had music: is the disk connected?'
  return undefined
}

const UNREAD = 'folder(s) inside could not be read'
const unreadDetail = (unread: readonly Unread[]): string | null =>
  unread.length === 0 ? null : `${unread.length} ${UNREAD} (${unread[0]?.code}).`

const ROOT = Buffer.alloc(0)
const LOST = 'The folder disappeared while it was scanned: is the disk connected?'

/** The second half of a scan: marks what is gone. Run when everything new was taken, so that moved files are moves. */
export type Finish = () => Promise<void>
const NOTHING: Finish = async () => {}

/**
 * Scans one music folder and answers how to finish. A folder that is not there, or disappears meanwhile, is marked so
 * and loses nothing.
 */
export async function scanFolder(d: ScanDeps, folder: Folder, depth: Depth): Promise<Finish> {
  const identity = await reach(d, folder)
  if (identity === undefined) return NOTHING
  const walk = { folder, start: ROOT, identity, depth }
  const walked = await scanSteps(d, walk)
  return async () => {
    const lasting = walked.unread.filter((u) => !isGoneCode(u.code))
    if (!walked.visited.has('') || !(await finish(d, walk, walked))) return lose(d, folder, LOST)
    const wasUnread = folder.detail?.includes(UNREAD) ?? false
    if (lasting.length > 0 || wasUnread) await setReachable(d.ctx, { ...folder, state: 'ok' }, unreadDetail(lasting))
  }
}

/** The folder's identity while it can be scanned; else undefined, and it is marked so. */
async function reach(d: ScanDeps, folder: Folder): Promise<string | undefined> {
  const identity = await identityOf(folder.path)
  const reason = await obstacle(d.ctx, folder, identity)
  if (reason !== undefined) {
    await lose(d, folder, reason)
    return undefined
  }
  if (folder.state === 'unreachable' && (await setReachable(d.ctx, folder, null))) d.changed()
  return identity
}
async function lose(d: ScanDeps, folder: Folder, reason: string): Promise<void> {
  if (await setUnreachable(d.ctx, folder, reason)) d.changed()
}

/**
 * Marks the files a walk missed. Invariant: files are marked gone only while the folder is still the one whose walk
 * began; false when it is not.
 */
async function finish(d: ScanDeps, { folder, start, identity }: Walk, walked: Walked): Promise<boolean> {
  const isThere = async () =>
    (await identityOf(folder.path)) === identity && (await obstacle(d.ctx, folder, identity)) === undefined
  if (!(await isThere())) return false
  const lasting = walked.unread.filter((u) => !isGoneCode(u.code))
  const isUnknown = (dir: Buffer): boolean => lasting.some((u) => isBelow(dir, u.dir))
  const removedBefore = d.tally.removed
  await markGone(d.ctx, walked.gone, d.tally)
  await sweep(d.ctx, folder, { start, visited: walked.visited, isUnknown, tally: d.tally, signal: d.signal })
  if (d.tally.removed !== removedBefore) d.changed()
  return true
}

/** A directory to look at again: alone, or with all that is below it. */
export type Touched = { dir: Buffer; extent: 'alone' | 'below' }

/** Some directories of a folder, for the watcher. What cannot be read now is left to the next scan. */
export async function scanParts(d: ScanDeps, folder: Folder, parts: readonly Touched[]): Promise<void> {
  const identity = await reach(d, folder)
  if (identity === undefined) return
  const walks: { walk: Walk; walked: Walked }[] = []
  for (const { dir } of parts.filter((p) => p.extent === 'below')) {
    const walk = { folder, start: dir, identity, depth: 'changes' as const }
    walks.push({ walk, walked: await scanSteps(d, walk) })
  }
  const alone = parts.filter((p) => p.extent === 'alone').map((p) => p.dir)
  const gone = await scanAlone(d, folder, alone)
  for (const { walk, walked } of walks) if (!(await finish(d, walk, walked))) return lose(d, folder, LOST)
  if (gone.length === 0) return
  if ((await identityOf(folder.path)) !== identity) return lose(d, folder, LOST)
  await markGone(d.ctx, gone, d.tally)
  d.changed()
}

async function scanAlone(d: ScanDeps, folder: Folder, dirs: readonly Buffer[]): Promise<number[]> {
  if (dirs.length === 0) return []
  const intake = createIntake(d)
  const listings = (await Promise.all(dirs.map((dir) => listOrNothing(folder, dir)))).filter((l) => l !== undefined)
  const gone = await compareStep(d, folder, listings, 'changes', intake.push)
  await intake.end()
  return gone
}

/** A directory that is gone is listed as empty, so that its files are seen to be gone too. */
async function listOrNothing(folder: Folder, dir: Buffer): Promise<Listing | undefined> {
  try {
    return await listFolder(folder.path, dir)
  } catch (thrown) {
    const isGone = isGoneCode((thrown as NodeJS.ErrnoException).code ?? '')
    return isGone ? { dir, audio: [], lyrics: [], image: undefined } : undefined
  }
}
