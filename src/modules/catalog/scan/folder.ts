import { knownFiles, knownSignatures } from '#modules/catalog/store/files.ts'
import type { Folder } from '#modules/catalog/store/folders.ts'
import { compare, type Depth, PASSING_FAULTS } from './compare.ts'
import { DiskStalled, disks } from './disk.ts'
import type { Look } from './disk-read.ts'
import { createIntake, type ScanDeps } from './intake.ts'
import { holdsFiles, markGone, setReachable, setUnreachable, sweep } from './missing.ts'
import { bytesOf, keyOf } from './names.ts'
import { untoldName } from './network.ts'
import { keepPortraits, type Portraits } from './portraits.ts'
import { rulesIn } from './rules.ts'
import type { Wanted } from './types.ts'
import { isGoneCode, listFolders, type Unread, type Visit, walk } from './walk.ts'

/** Threads that read one folder. Those of a network drive mostly wait. */
const LANES = 2
const LANES_NETWORK = 6

type Part = { folder: Folder; start: Buffer; look: Look; depth: Depth }
/** `gone` are ids of files that are no longer in a folder the walk came to. */
type Walked = { visited: Set<string>; unread: Unread[]; gone: number[]; portraits: Portraits }

/** The whole folder step by step: compare with what is known, read what differs. */
async function scanSteps(d: ScanDeps, { folder, start, look, depth }: Part): Promise<Walked> {
  const intake = createIntake(d)
  const walked: Walked = { visited: new Set(), unread: [], gone: [], portraits: new Map() }
  const steps = walk({
    root: folder.path,
    start,
    rules: rulesIn(folder.ignore),
    lanes: untoldName(look.fsType) ? LANES_NETWORK : LANES,
    skip: d.dataFolder,
    signal: d.signal,
  })
  try {
    for await (const { visits, unread } of steps) {
      walked.unread.push(...unread)
      for (const v of visits) {
        walked.visited.add(v.dir)
        if (v.portrait) walked.portraits.set(v.dir, v.portrait)
      }
      if (visits.length > 0) walked.gone.push(...(await compareStep(d, folder, visits, { depth, push: intake.push })))
    }
    await intake.end()
    return walked
  } finally {
    await intake.settle()
  }
}

/** Folders that agree with what is known of them as a whole are passed by; of the others every file is looked at. */
async function differing(d: ScanDeps, folder: Folder, visits: readonly Visit[], depth: Depth): Promise<Visit[]> {
  if (depth === 'full') return [...visits]
  const dirs = visits.map((v) => bytesOf(v.dir))
  const known = await knownSignatures(d.ctx.db, folder.id, dirs, PASSING_FAULTS)
  return visits.filter((v) => (known.has(v.dir) ? known.get(v.dir) !== v.signature : v.audioFiles > 0))
}

type Intake = { depth: Depth; push: (wanted: readonly Wanted[]) => Promise<void> }
async function compareStep(d: ScanDeps, folder: Folder, visits: readonly Visit[], o: Intake): Promise<number[]> {
  const other = await differing(d, folder, visits, o.depth)
  const dirs = other.map((v) => bytesOf(v.dir))
  const known = other.length > 0 ? await knownFiles(d.ctx.db, folder.id, dirs) : []
  const byDir = Map.groupBy(known, (k) => keyOf(k.dir))
  const audioFiles = visits.reduce((sum, v) => sum + v.audioFiles, 0)
  d.tally.foundFiles += audioFiles
  d.tally.doneFiles += audioFiles
  const gone: number[] = []
  for (const visit of other) {
    const difference = compare(folder, visit.listing(), byDir.get(visit.dir) ?? [], o.depth)
    d.tally.doneFiles -= difference.wanted.length
    gone.push(...difference.gone.map((f) => f.id))
    await o.push(difference.wanted)
  }
  return gone
}

const isBelow = (dir: string, top: string): boolean => top === '' || dir === top || dir.startsWith(`${top}/`)

/** The music folder itself, undefined when it cannot be reached. Throws `DiskStalled`. */
export const lookAt = (path: Buffer, signal?: AbortSignal): Promise<Look | undefined> =>
  disks.ask(keyOf(path), { kind: 'look', path: keyOf(path) }, signal)
const isEmpty = (path: Buffer): Promise<boolean> => disks.ask(keyOf(path), { kind: 'empty', path: keyOf(path) })

/** Why the folder cannot be scanned now, or undefined when it can. */
async function obstacle(d: ScanDeps, folder: Folder, look: Look | undefined): Promise<string | undefined> {
  if (look === undefined) return 'The folder cannot be reached: is the disk connected?'
  if ((await isEmpty(folder.path)) && (await holdsFiles(d.ctx, folder)))
    return 'The folder is empty, but had music: is the disk connected?'
  return undefined
}

const UNREAD = 'folder(s) inside could not be read'
const unreadDetail = (unread: readonly Unread[]): string | null =>
  unread.length === 0 ? null : `${unread.length} ${UNREAD} (${unread[0]?.code}).`

const ROOT = Buffer.alloc(0)
const LOST = 'The folder disappeared while it was scanned: is the disk connected?'
const STALLED = 'The disk does not answer: is the network drive connected?'

/** The second half of a scan: marks what is gone. Run when everything new was taken, so that moved files are moves. */
export type Finish = () => Promise<void>
const NOTHING: Finish = async () => {}

/** A disk that does not answer is as good as one that is not there: it loses nothing, and nobody waits for it. */
async function unlessStalled<T>(d: ScanDeps, folder: Folder, work: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof DiskStalled)) throw thrown
    await lose(d, folder, STALLED)
    return otherwise
  }
}

/**
 * Scans one music folder, or what is at and below `start` in it, and answers how to finish. A folder that is not there,
 * or disappears meanwhile, is marked so and loses nothing.
 */
export function scanFolder(
  d: ScanDeps,
  folder: Folder,
  { depth, start = ROOT }: { depth: Depth; start?: Buffer | undefined },
): Promise<Finish> {
  const scan = async (): Promise<Finish> => {
    const look = await reach(d, folder)
    if (look === undefined) return NOTHING
    const part = { folder, start, look, depth }
    const walked = await scanSteps(d, part)
    return () => unlessStalled(d, folder, () => conclude(d, part, walked), undefined)
  }
  return unlessStalled(d, folder, scan, NOTHING)
}

async function conclude(d: ScanDeps, part: Part, walked: Walked): Promise<void> {
  const { folder, start } = part
  const isWhole = start.length === 0
  if ((isWhole && !walked.visited.has('')) || !(await finish(d, part, walked))) return lose(d, folder, LOST)
  const lasting = walked.unread.filter((u) => !isGoneCode(u.code))
  const wasUnread = folder.detail?.includes(UNREAD) ?? false
  // A part says nothing of the faults elsewhere.
  if (lasting.length > 0 || (wasUnread && isWhole))
    await setReachable(d.ctx, { ...folder, state: 'ok' }, unreadDetail(lasting))
}

/** The folder while it can be scanned; else undefined, and it is marked so. */
async function reach(d: ScanDeps, folder: Folder): Promise<Look | undefined> {
  const look = await lookAt(folder.path)
  const reason = await obstacle(d, folder, look)
  if (reason !== undefined) {
    await lose(d, folder, reason)
    return undefined
  }
  if (folder.state === 'unreachable' && (await setReachable(d.ctx, folder, null))) d.changed()
  return look
}
async function lose(d: ScanDeps, folder: Folder, reason: string): Promise<void> {
  if (await setUnreachable(d.ctx, folder, reason)) d.changed()
}

/**
 * Marks the files a walk missed. Invariant: files are marked gone only while the folder is still the one whose walk
 * began; false when it is not.
 */
async function finish(d: ScanDeps, { folder, start, look }: Part, walked: Walked): Promise<boolean> {
  const now = await lookAt(folder.path)
  if (now?.identity !== look.identity || (await obstacle(d, folder, now)) !== undefined) return false
  const lasting = walked.unread.filter((u) => !isGoneCode(u.code))
  const isUnknown = (dir: string): boolean => lasting.some((u) => isBelow(dir, u.dir))
  const removedBefore = d.tally.removed
  await markGone(d.ctx, walked.gone, d.tally)
  await sweep(d.ctx, folder, { start, visited: walked.visited, isUnknown, tally: d.tally, signal: d.signal })
  if (d.tally.removed !== removedBefore) d.changed()
  const isGone = (dir: string) => walked.visited.has(dir) || (isBelow(dir, keyOf(start)) && !isUnknown(dir))
  await keepPortraits(d, folder, { found: walked.portraits, isGone })
  return true
}

/** A directory to look at again: alone, or with all that is below it. */
export type Touched = { dir: Buffer; extent: 'alone' | 'below' }

/** Some directories of a folder, for the watcher. What cannot be read now is left to the next scan. */
export const scanParts = (d: ScanDeps, folder: Folder, parts: readonly Touched[]): Promise<void> =>
  unlessStalled(d, folder, () => scanReached(d, folder, parts), undefined)

async function scanReached(d: ScanDeps, folder: Folder, parts: readonly Touched[]): Promise<void> {
  const look = await reach(d, folder)
  if (look === undefined) return
  const walks: { part: Part; walked: Walked }[] = []
  for (const { dir } of parts.filter((p) => p.extent === 'below')) {
    const part: Part = { folder, start: dir, look, depth: 'changes' }
    walks.push({ part, walked: await scanSteps(d, part) })
  }
  const alone = parts.filter((p) => p.extent === 'alone').map((p) => p.dir)
  const gone = await scanAlone(d, folder, alone)
  for (const { part, walked } of walks) if (!(await finish(d, part, walked))) return lose(d, folder, LOST)
  if (gone.length === 0) return
  if ((await lookAt(folder.path))?.identity !== look.identity) return lose(d, folder, LOST)
  await markGone(d.ctx, gone, d.tally)
  d.changed()
}

async function scanAlone(d: ScanDeps, folder: Folder, dirs: readonly Buffer[]): Promise<number[]> {
  if (dirs.length === 0) return []
  const intake = createIntake(d)
  const visits = await listFolders(folder.path, dirs, { rules: rulesIn(folder.ignore), signal: d.signal })
  const gone = await compareStep(d, folder, visits, { depth: 'changes', push: intake.push })
  await intake.end()
  const seen = new Set(visits.map((v) => v.dir))
  const found: Portraits = new Map(visits.flatMap((v) => (v.portrait ? [[v.dir, v.portrait]] : [])))
  await keepPortraits(d, folder, { found, isGone: (dir) => seen.has(dir) })
  return gone
}
