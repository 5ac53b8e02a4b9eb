import { type Disks, disks } from './disk.ts'
import type { Place, PlaceAnswer, Portrait, ReadFolder } from './disk-read.ts'
import { keyOf } from './names.ts'
import { emptyListing, unpack } from './pack.ts'
import type { Rules } from './rules.ts'
import type { Listing } from './sidecars.ts'

/** Deeper folders are not entered: real libraries have a handful of levels. */
export const DEPTH_MAX = 64
const TOO_DEEP = `more than ${DEPTH_MAX} levels deep`
/** Folders asked for at once: few enough that a thread is not long away, many enough that asking costs nothing. */
const PLACES_MAX = 128
const PLACES_MIN = 16

/** One folder the walk came to. Keys are paths below the music folder, one character a byte. */
export type Visit = {
  dir: string
  /** Of all that a comparison looks at; see `signatureOf`. */
  signature: string
  audioFiles: number
  portrait: Portrait | undefined
  listing(): Listing
}
/** A folder that could not be read: nothing is known of what is in and below it. */
export type Unread = { dir: string; code: string }
export type Step = { visits: Visit[]; unread: Unread[] }
export type Walk = {
  /** The music folder, which names the disk. */
  root: Buffer
  /** Where to begin, below `root`. */
  start: Buffer
  /** Of the music folder. */
  rules: Rules
  /** Threads that read at once: several hide the latency of network drives. */
  lanes: number
  /** Device and inode of a folder to leave out. */
  skip?: string | undefined
  signal: AbortSignal
  disks?: Disks
}

type Found = Place & { depth: number }

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

const visitOf = (dir: string, read: ReadFolder): Visit => ({
  dir,
  signature: read.signature,
  audioFiles: read.audioFiles,
  portrait: read.portrait,
  listing: () => unpack(dir, read.packed),
})
const joined = (dir: string, name: string): string => (dir === '' ? name : `${dir}/${name}`)
const startOf = (dir: string, rules: Rules): Place => (dir === '' ? { dir, rules } : { dir, rules, inherit: true })

/** What is still to be walked. Links are followed after everything real, one at a time, so that a real path wins. */
function createFrontier(start: Place, lanes: number) {
  const real: Found[] = [{ ...start, depth: 0 }]
  const linked: Found[] = []
  return {
    /** The next places to ask for; none when `isBusy` and only links are left. */
    take(isBusy: boolean): Found[] {
      const share = Math.max(PLACES_MIN, Math.min(PLACES_MAX, Math.ceil(real.length / lanes)))
      return real.length > 0 ? real.splice(-share) : isBusy ? [] : linked.splice(0, 1)
    },
    /** What is in a folder that was read; those that are too deep are told in `step`. */
    add({ dir, depth }: Found, { folders, links, rules }: ReadFolder, step: Step): void {
      const below = (name: string): Found => ({ dir: joined(dir, name), rules, depth: depth + 1 })
      if (depth >= DEPTH_MAX) {
        step.unread.push(...folders.map((name) => ({ dir: joined(dir, name), code: TOO_DEEP })))
        return
      }
      real.push(...folders.map(below).toReversed())
      linked.push(...links.map(below))
    },
  }
}

/**
 * All folders below `start`, some at a time. No folder is read into the list twice, by device and inode: loops end.
 * Hidden files and folders and those that rules leave out do not appear. What cannot be read is told in `unread` and
 * never ends the walk. Throws `DiskStalled` when the disk does not answer.
 */
export async function* walk({ root, start, rules, lanes, skip, signal, disks: d = disks }: Walk): AsyncGenerator<Step> {
  const disk = keyOf(root)
  const visited = new Set(skip === undefined ? [] : [skip])
  const frontier = createFrontier(startOf(keyOf(start), rules), lanes)
  const ending = new AbortController()
  const either = AbortSignal.any([signal, ending.signal])
  type Read = { no: number; places: Found[]; answers: PlaceAnswer[] }
  const reading = new Map<number, Promise<Read>>()
  let asked = 0
  async function read(no: number, places: Found[]): Promise<Read> {
    return { no, places, answers: await d.ask(disk, { kind: 'read', root: disk, places }, either) }
  }
  function begin(): void {
    while (reading.size < lanes) {
      const places = frontier.take(reading.size > 0)
      if (places.length === 0) return
      const work = read(asked, places)
      // Met below, or nobody waits any more.
      work.catch(() => {})
      reading.set(asked++, work)
    }
  }
  try {
    for (;;) {
      signal.throwIfAborted()
      begin()
      if (reading.size === 0) return
      const { no, places, answers } = await Promise.race(reading.values())
      reading.delete(no)
      yield stepOf(places, answers)
    }
  } finally {
    ending.abort(new Error('The walk ended.'))
  }

  function stepOf(places: readonly Found[], answers: readonly PlaceAnswer[]): Step {
    const step: Step = { visits: [], unread: [] }
    // From the last: the frontier is a stack, and the first shall be on top.
    const read: [Found, ReadFolder][] = []
    places.forEach((place, i) => {
      const a = answers[i] as PlaceAnswer
      if ('unread' in a) step.unread.push({ dir: place.dir, code: a.unread })
      else if ('identity' in a && !visited.has(a.identity)) {
        visited.add(a.identity)
        step.visits.push(visitOf(place.dir, a))
        read.push([place, a])
      }
    })
    for (const [place, a] of read.toReversed()) frontier.add(place, a, step)
    begin()
    return step
  }
}

/**
 * Folders without what is below them, for the watcher. One that is gone or left out by a rule is listed as empty, so
 * that its files are seen to be gone too; one that cannot be read is not listed.
 */
export async function listFolders(
  root: Buffer,
  dirs: readonly Buffer[],
  o: { rules: Rules; signal: AbortSignal },
): Promise<Visit[]> {
  const disk = keyOf(root)
  const visits: Visit[] = []
  for (let i = 0; i < dirs.length; i += PLACES_MAX) {
    const places = dirs.slice(i, i + PLACES_MAX).map((dir) => startOf(keyOf(dir), o.rules))
    const answers = await disks.ask(disk, { kind: 'read', root: disk, places }, o.signal)
    places.forEach(({ dir }, j) => {
      const a = answers[j] as PlaceAnswer
      if ('identity' in a) visits.push(visitOf(dir, a))
      else if ('ignored' in a || isGoneCode(a.unread)) visits.push(noVisit(dir))
    })
  }
  return visits
}
export const isGoneCode = (code: string): boolean => code === 'ENOENT' || code === 'ENOTDIR'
const noVisit = (dir: string): Visit => ({
  dir,
  signature: '',
  audioFiles: 0,
  portrait: undefined,
  listing: () => emptyListing(dir),
})

/** One folder as it is, whatever rules say. Throws when it cannot be read. */
export async function listFolder(root: Buffer, dir: Buffer): Promise<Listing> {
  const place: Place = { dir: keyOf(dir), rules: [] }
  const [a] = await disks.ask(keyOf(root), { kind: 'read', root: keyOf(root), places: [place] })
  if (!a || !('identity' in a)) throw new Error('The folder cannot be read now.')
  return visitOf(place.dir, a).listing()
}

/** Device and inode of a folder, or undefined when it cannot be reached. Throws `DiskStalled`. */
export const identityOf = async (path: Buffer): Promise<string | undefined> =>
  (await disks.ask(keyOf(path), { kind: 'look', path: keyOf(path) }))?.identity
