import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { imageRank, isAudioName, isHidden, isLyricsName, joinBytes, keyOf } from './names.ts'

/** Deeper folders are not entered: real libraries have a handful of levels. */
export const DEPTH_MAX = 64
const TOO_DEEP = `more than ${DEPTH_MAX} levels deep`
/** Entries of one folder that are looked at. */
const ENTRIES_MAX = 200_000
/** Folders read at once. */
const FOLDERS_AT_ONCE = 16
/** `stat` calls at once; the thread pool of Node serves four at a time anyway. */
const STATS_AT_ONCE = 64

export type FoundFile = { name: Buffer; sizeBytes: number; mtimeUs: number }
/** One folder as it is on the disk: audio files, the lyrics beside them and the best folder picture. */
export type Listing = {
  /** Relative to the music folder; empty for itself. */
  dir: Buffer
  audio: FoundFile[]
  lyrics: FoundFile[]
  image: FoundFile | undefined
}
/** A folder that could not be read: nothing is known of what is in and below it. */
export type Unread = { dir: Buffer; code: string }
export type Step = { listings: Listing[]; unread: Unread[] }

type Place = { dir: Buffer; depth: number }
type Visited = Set<string>

const codeOf = (thrown: unknown): string => (thrown as NodeJS.ErrnoException).code ?? 'EIO'

/** `work` over `items`, `atOnce` at a time, results in order. */
export async function mapAtOnce<A, B>(items: readonly A[], atOnce: number, work: (a: A) => Promise<B>): Promise<B[]> {
  const results: B[] = Array.from({ length: items.length })
  let next = 0
  const lane = async () => {
    while (next < items.length) {
      const i = next++
      results[i] = await work(items[i] as A)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane))
  return results
}

/** Undefined for what is gone by now, a dangling link, or no regular file. */
async function statFile(folder: Buffer, name: Buffer): Promise<FoundFile | undefined> {
  try {
    const s = await stat(joinBytes(folder, name))
    return s.isFile() ? { name, sizeBytes: s.size, mtimeUs: Math.floor(s.mtimeMs * 1000) } : undefined
  } catch {
    return undefined
  }
}

/** Pipes, devices and links in a circle stay in the list: they are told as faults, and never opened. */
async function statAudio(folder: Buffer, name: Buffer): Promise<FoundFile | undefined> {
  try {
    const s = await stat(joinBytes(folder, name))
    if (s.isDirectory()) return undefined
    return { name, sizeBytes: s.isFile() ? s.size : 0, mtimeUs: Math.floor(s.mtimeMs * 1000) }
  } catch (thrown) {
    return codeOf(thrown) === 'ELOOP' ? { name, sizeBytes: 0, mtimeUs: 0 } : undefined
  }
}

const byName = (a: Dirent<Buffer>, b: Dirent<Buffer>): number => Buffer.compare(a.name, b.name)
const isWanted = (name: Buffer): boolean => isAudioName(name) || isLyricsName(name) || imageRank(name) !== undefined

/** A link may lead to a folder or a file; only `stat` can tell. */
async function linkedFolders(folder: Buffer, links: readonly Dirent<Buffer>[]): Promise<Buffer[]> {
  const found = await mapAtOnce(links, STATS_AT_ONCE, async ({ name }) => {
    const s = await stat(joinBytes(folder, name)).catch(() => undefined)
    return s?.isDirectory() ? [name] : []
  })
  return found.flat()
}

type Read = { listing: Listing; folders: Buffer[]; links: Buffer[] }

async function readFolder(root: Buffer, dir: Buffer): Promise<Read> {
  const path = joinBytes(root, dir)
  const all = await readdir(path, { encoding: 'buffer', withFileTypes: true })
  const entries = all
    .slice(0, ENTRIES_MAX)
    .filter((e) => !isHidden(e.name))
    .sort(byName)
  const files = entries.filter((e) => !e.isDirectory() && isWanted(e.name))
  const stats = (
    await mapAtOnce(files, STATS_AT_ONCE, (e) => (isAudioName(e.name) ? statAudio : statFile)(path, e.name))
  ).filter((f) => f !== undefined)
  const images = stats.filter((f) => imageRank(f.name) !== undefined)
  images.sort((a, b) => (imageRank(a.name) ?? 0) - (imageRank(b.name) ?? 0))
  return {
    listing: {
      dir,
      audio: stats.filter((f) => isAudioName(f.name)),
      lyrics: stats.filter((f) => isLyricsName(f.name)),
      image: images[0],
    },
    folders: entries.filter((e) => e.isDirectory()).map((e) => e.name),
    links: await linkedFolders(
      path,
      entries.filter((e) => e.isSymbolicLink()),
    ),
  }
}

/** Marks a folder as visited by device and inode; false when it was already. Throws what `stat` throws. */
async function enter(root: Buffer, dir: Buffer, visited: Visited): Promise<boolean> {
  const s = await stat(joinBytes(root, dir), { bigint: true })
  const identity = `${s.dev}:${s.ino}`
  if (visited.has(identity)) return false
  visited.add(identity)
  return true
}

/**
 * All folders below `start` (relative to `root`), some at a time. Links to folders are followed after everything real,
 * so that a real path wins, and no folder is read twice: loops end. Hidden files and folders are left out. What cannot
 * be read is told in `unread` and never ends the walk. `skip`: identity of a folder to leave out.
 */
export async function* walk(
  root: Buffer,
  start: Buffer,
  o: { signal: AbortSignal; skip?: string | undefined },
): AsyncGenerator<Step> {
  const visited: Visited = new Set(o.skip === undefined ? [] : [o.skip])
  const real: Place[] = [{ dir: start, depth: 0 }]
  const linked: Place[] = []
  for (;;) {
    o.signal.throwIfAborted()
    // One link at a time: what it leads to is walked before the next is followed.
    const places = real.length > 0 ? real.splice(-FOLDERS_AT_ONCE) : linked.splice(0, 1)
    if (places.length === 0) return
    const step: Step = { listings: [], unread: [] }
    const found = await Promise.all(places.map((p) => readPlace(root, p, visited, step)))
    for (const { place, read } of found.filter((f) => f !== undefined).toReversed()) {
      const below = (name: Buffer) => ({ dir: joinBytes(place.dir, name), depth: place.depth + 1 })
      if (place.depth >= DEPTH_MAX) {
        step.unread.push(...read.folders.map((name) => ({ dir: below(name).dir, code: TOO_DEEP })))
        continue
      }
      real.push(...read.folders.map(below).toReversed())
      linked.push(...read.links.map(below))
    }
    yield step
  }
}

async function readPlace(
  root: Buffer,
  place: Place,
  visited: Visited,
  step: Step,
): Promise<{ place: Place; read: Read } | undefined> {
  try {
    if (!(await enter(root, place.dir, visited))) return undefined
    const read = await readFolder(root, place.dir)
    step.listings.push(read.listing)
    return { place, read }
  } catch (thrown) {
    step.unread.push({ dir: place.dir, code: codeOf(thrown) })
    return undefined
  }
}

/** One folder without what is below it, for the watcher. Throws when it cannot be read. */
export const listFolder = async (root: Buffer, dir: Buffer): Promise<Listing> => (await readFolder(root, dir)).listing

/** Device and inode of a folder, or undefined when it cannot be reached. */
export async function identityOf(path: Buffer): Promise<string | undefined> {
  const s = await stat(path, { bigint: true }).catch(() => undefined)
  return s?.isDirectory() ? `${s.dev}:${s.ino}` : undefined
}

export const dirKey = (folderId: string, dir: Buffer): string => `${folderId}/${keyOf(dir)}`
