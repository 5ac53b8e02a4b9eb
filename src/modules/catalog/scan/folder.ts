import { readdir } from 'node:fs/promises'
import { knownFiles, type KnownFile } from '#modules/catalog/store/files.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import { compare, type Depth } from './compare.ts'
import { createIntake, type ScanDeps } from './intake.ts'
import { holdsFiles, markGone, setReachable, setUnreachable, sweep } from './missing.ts'
import { isHidden, keyOf } from './names.ts'
import type { CatalogCtx, Wanted } from './types.ts'
import { identityOf, type Listing, listFolder, type Unread, walk } from './walk.ts'

/** The root vanished while it was read: an unplugged disk. */
class RootLost extends Error {}

type Walk = { folder: Folder; start: Buffer; identity: string; depth: Depth }
type Walked = { visited: Set<string>; unread: Unread[] }

/** The whole folder step by step: compare with what is known, read what differs, mark what is gone. */
async function scanSteps(d: ScanDeps, { folder, start, identity, depth }: Walk): Promise<Walked> {
  const intake = createIntake(d)
  const walked: Walked = { visited: new Set(), unread: [] }
  for await (const { listings, unread } of walk(folder.path, start, d.signal)) {
    walked.unread.push(...unread)
    if (listings.length === 0) continue
    for (const l of listings) walked.visited.add(keyOf(l.dir))
    const gone = await compareStep(d, folder, listings, depth, intake.push)
    if (gone.length === 0) continue
    // Invariant: files are marked gone only while the folder is still the one whose walk began.
    if ((await identityOf(folder.path)) !== identity) throw new RootLost()
    await markGone(d.ctx, gone, d.tally)
    d.changed()
  }
  await intake.end()
  return walked
}

async function compareStep(
  d: ScanDeps,
  folder: Folder,
  listings: readonly Listing[],
  depth: Depth,
  push: (wanted: readonly Wanted[]) => Promise<void>,
): Promise<KnownFile[]> {
  const known = await knownFiles(
    d.ctx.db,
    folder.id,
    listings.map((l) => l.dir),
  )
  const byDir = Map.groupBy(known, (k) => keyOf(k.dir))
  const gone: KnownFile[] = []
  for (const listing of listings) {
    const difference = compare(folder, listing, byDir.get(keyOf(listing.dir)) ?? [], depth)
    d.tally.foundFiles += listing.audio.length
    d.tally.doneFiles += listing.audio.length - difference.wanted.length
    gone.push(...difference.gone)
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

const unreadDetail = (unread: readonly Unread[]): string | null =>
  unread.length === 0 ? null : `${unread.length} folder(s) inside could not be read (${unread[0]?.code}).`

const ROOT = Buffer.alloc(0)
const LOST = 'The folder disappeared while it was scanned: is the disk connected?'

/** Scans one music folder. A folder that is not there, or disappears meanwhile, is marked so and loses nothing. */
export const scanFolder = (d: ScanDeps, folder: Folder, depth: Depth): Promise<void> =>
  whileReachable(d, folder, async (identity) => {
    const walk = { folder, start: ROOT, identity, depth }
    const walked = await scanSteps(d, walk)
    if (!walked.visited.has('')) throw new RootLost()
    await finish(d, walk, walked)
    const lasting = walked.unread.filter((u) => !isGoneCode(u.code))
    if (lasting.length > 0) await setReachable(d.ctx, { ...folder, state: 'ok' }, unreadDetail(lasting))
  })

async function whileReachable(d: ScanDeps, folder: Folder, work: (identity: string) => Promise<void>): Promise<void> {
  const identity = await identityOf(folder.path)
  const reason = await obstacle(d.ctx, folder, identity)
  if (identity === undefined || reason !== undefined) {
    if (await setUnreachable(d.ctx, folder, reason ?? LOST)) d.changed()
    return
  }
  if (folder.state === 'unreachable' && (await setReachable(d.ctx, folder, null))) d.changed()
  try {
    await work(identity)
  } catch (thrown) {
    if (!(thrown instanceof RootLost)) throw thrown
    await setUnreachable(d.ctx, folder, LOST)
    d.changed()
  }
}

/** After a walk: what it should have come to and did not is gone. */
async function finish(d: ScanDeps, { folder, start, identity }: Walk, { visited, unread }: Walked): Promise<void> {
  if ((await identityOf(folder.path)) !== identity || (await obstacle(d.ctx, folder, identity))) throw new RootLost()
  const lasting = unread.filter((u) => !isGoneCode(u.code))
  const isUnknown = (dir: Buffer): boolean => lasting.some((u) => isBelow(dir, u.dir))
  const removedBefore = d.tally.removed
  await sweep(d.ctx, folder, { start, visited, isUnknown, tally: d.tally, signal: d.signal })
  if (d.tally.removed !== removedBefore) d.changed()
}

/** A directory to look at again: alone, or with all that is below it. */
export type Touched = { dir: Buffer; extent: 'alone' | 'below' }

/** Some directories of a folder, for the watcher. What cannot be read now is left to the next scan. */
export const scanParts = (d: ScanDeps, folder: Folder, parts: readonly Touched[]): Promise<void> =>
  whileReachable(d, folder, async (identity) => {
    for (const { dir } of parts.filter((p) => p.extent === 'below')) {
      const walk = { folder, start: dir, identity, depth: 'changes' as const }
      await finish(d, walk, await scanSteps(d, walk))
    }
    const alone = parts.filter((p) => p.extent === 'alone').map((p) => p.dir)
    await scanAlone(d, folder, identity, alone)
  })

async function scanAlone(d: ScanDeps, folder: Folder, identity: string, dirs: readonly Buffer[]): Promise<void> {
  if (dirs.length === 0) return
  const intake = createIntake(d)
  const listings = (await Promise.all(dirs.map((dir) => listOrNothing(folder, dir)))).filter((l) => l !== undefined)
  const gone = await compareStep(d, folder, listings, 'changes', intake.push)
  await intake.end()
  if (gone.length === 0) return
  if ((await identityOf(folder.path)) !== identity) throw new RootLost()
  await markGone(d.ctx, gone, d.tally)
  d.changed()
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
