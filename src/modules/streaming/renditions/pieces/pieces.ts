import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '#kernel/log.ts'
import type { RenditionId } from '../../store.ts'
import { LIMBO, rootOf, safeContent } from './paths.ts'
import { type KnownMaking, openShelf, type Shelf } from './shelf.ts'

/** What lies between being written and having its name for longer than this was left by a process that is gone. */
const LIMBO_AGE_MS = 10 * 60_000
/** Pieces of a rendition nobody has listened to for so long go: what is played often has become one blob by then. */
const UNUSED_MS_MAX = 24 * 3_600_000

/** Renditions of which nothing is made yet whose version is remembered, so that a GET has the ETag of the HEAD before it. */
const EMPTY_MAX = 1000

/** A shelf in use. It stays whole and in memory until `leave`. */
export type ShelfInUse = { readonly shelf: Shelf; readonly leave: () => void }
type Entry = { opening: Promise<Shelf>; shelf: Shelf | undefined; users: number }
type Deps = { readonly dir: string; readonly log: Log; readonly now: () => number }

const keyOf = (id: RenditionId): string => `${safeContent(id.contentId)}/${id.profile}`

type Cache = {
  readonly entries: Map<string, Entry>
  /** Those without a piece that nobody uses, the longest unused first. */
  readonly empty: Map<string, Entry>
  readonly open: (id: RenditionId, known?: KnownMaking) => Promise<Shelf>
}

/**
 * Pieces of renditions in a folder of this machine. Losing any of it costs only time: nothing here is flushed to the
 * disk, and whatever a killed process leaves is either a whole piece, found out to be none, or swept.
 */
export function createPieces(d: Deps) {
  const root = rootOf(d.dir)
  const ending = new AbortController()
  let bytes = 0
  const onBytes = (change: number): void => {
    bytes += change
  }
  const ready = tidy(d, root).catch((thrown: unknown) => d.log.warn({ err: thrown }, 'the cache of pieces is not tidy'))
  const open: Cache['open'] = async (id, known) => {
    await ready
    return openShelf({ root, now: d.now, onBytes }, id, known)
  }
  const c: Cache = { entries: new Map(), empty: new Map(), open }
  const indexed = ready
    .then(() => index(root, ending.signal, async (id) => void (await entryOf(c, id).opening)))
    .catch((thrown: unknown) => d.log.warn({ err: thrown }, 'the cache of pieces was not looked through'))
  return {
    sizeBytes: () => bytes,
    /** `known` counts only when the rendition is not in use yet. */
    enter: (id: RenditionId, known?: KnownMaking) => enter(c, id, known),
    /** Those in no use, the longest unused first. */
    unused: () => unused(c).sort((a, b) => a.lastUsedMs() - b.lastUsedMs()),
    /** Deletes the pieces of a rendition unless it is in use. */
    drop: (id: RenditionId) => drop(c, id),
    /** Deletes everything that was made of this audio, in use or not. */
    async forget(contentIds: readonly string[]): Promise<void> {
      const gone = new Set(contentIds.map(safeContent))
      for (const [key, entry] of c.entries) {
        if (!gone.has(key.slice(0, key.lastIndexOf('/')))) continue
        c.entries.delete(key)
        await (await entry.opening).clear()
      }
      for (const content of gone) await rm(join(root, content), { recursive: true, force: true })
    },
    /** What nobody has used for a day. */
    async sweep(): Promise<void> {
      const oldest = d.now() - UNUSED_MS_MAX
      for (const shelf of unused(c)) if (shelf.lastUsedMs() < oldest) await drop(c, shelf.id)
    },
    /** Resolves when all that an earlier process left is known. */
    indexed,
    async stop(): Promise<void> {
      ending.abort()
      await indexed
    },
  }
}
export type Pieces = ReturnType<typeof createPieces>

function entryOf(c: Cache, id: RenditionId, known?: KnownMaking): Entry {
  const key = keyOf(id)
  const there = c.entries.get(key)
  if (there) return there
  const entry: Entry = { opening: c.open(id, known), shelf: undefined, users: 0 }
  c.entries.set(key, entry)
  const opened = async (): Promise<void> => {
    entry.shelf = await entry.opening
  }
  opened().catch(() => c.entries.delete(key))
  return entry
}

async function enter(c: Cache, id: RenditionId, known?: KnownMaking): Promise<ShelfInUse> {
  const entry = entryOf(c, id, known)
  entry.users++
  const shelf = await entry.opening
  let isHere = true
  const leave = (): void => {
    if (isHere) left(c, keyOf(id), entry)
    isHere = false
    void shelf.touch().catch(() => {})
  }
  return { shelf, leave }
}

function left(c: Cache, key: string, entry: Entry): void {
  entry.users--
  c.empty.delete(key)
  if (entry.users > 0 || (entry.shelf?.pieces() ?? 0) > 0) return
  c.empty.set(key, entry)
  const [oldest] = c.empty
  if (c.empty.size <= EMPTY_MAX || !oldest) return
  const [oldKey, old] = oldest
  c.empty.delete(oldKey)
  if (old.users === 0 && old.shelf?.pieces() === 0 && c.entries.get(oldKey) === old) c.entries.delete(oldKey)
}

const unused = (c: Cache): Shelf[] =>
  [...c.entries.values()].flatMap(({ shelf, users }) => (shelf && users === 0 && shelf.pieces() > 0 ? [shelf] : []))

async function drop(c: Cache, id: RenditionId): Promise<void> {
  const entry = c.entries.get(keyOf(id))
  if (!entry || entry.users > 0) return
  c.entries.delete(keyOf(id))
  await (await entry.opening).clear()
}

async function tidy(d: Deps, root: string): Promise<void> {
  await mkdir(join(root, LIMBO), { recursive: true, mode: 0o700 })
  for (const name of await readdir(d.dir)) {
    const path = join(d.dir, name)
    if (/^v\d+$/.test(name) && path !== root) await rm(path, { recursive: true, force: true })
  }
  for (const name of await readdir(join(root, LIMBO))) {
    const path = join(root, LIMBO, name)
    const found = await stat(path).catch(() => undefined)
    if (found && d.now() - found.mtimeMs > LIMBO_AGE_MS) await rm(path, { recursive: true, force: true })
  }
}

/** One look at every folder; no look at any file. */
async function index(root: string, signal: AbortSignal, look: (id: RenditionId) => Promise<void>): Promise<void> {
  for (const contentId of await readdir(root)) {
    if (contentId === LIMBO) continue
    for (const profile of await readdir(join(root, contentId)).catch(() => [])) {
      if (signal.aborted) return
      await look({ contentId, profile })
    }
  }
}
