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

/**
 * Pieces of renditions in a folder of this machine. Losing any of it costs only time: nothing here is flushed to the
 * disk, and whatever a killed process leaves is either a whole piece, found out to be none, or swept.
 */
export function createPieces(d: Deps) {
  const root = rootOf(d.dir)
  const entries = new Map<string, Entry>()
  const empty = new Map<string, Entry>()
  const ending = new AbortController()
  let bytes = 0
  const shelfDeps = {
    root,
    now: d.now,
    onBytes: (change: number) => {
      bytes += change
    },
  }
  const ready = tidy(d, root).catch((thrown: unknown) => d.log.warn({ err: thrown }, 'the cache of pieces is not tidy'))

  function entryOf(id: RenditionId, known?: KnownMaking): Entry {
    const key = keyOf(id)
    const there = entries.get(key)
    if (there) return there
    const opening = ready.then(() => openShelf(shelfDeps, id, known))
    const entry: Entry = { opening, shelf: undefined, users: 0 }
    entries.set(key, entry)
    opening.then(
      (shelf) => {
        entry.shelf = shelf
      },
      () => entries.delete(key),
    )
    return entry
  }
  function left(key: string, entry: Entry): void {
    entry.users--
    empty.delete(key)
    if (entry.users > 0 || (entry.shelf?.pieces() ?? 0) > 0) return
    empty.set(key, entry)
    const [oldest] = empty
    if (empty.size <= EMPTY_MAX || !oldest) return
    empty.delete(oldest[0])
    if (oldest[1].users === 0 && oldest[1].shelf?.pieces() === 0 && entries.get(oldest[0]) === oldest[1])
      entries.delete(oldest[0])
  }
  const unused = (): { id: RenditionId; shelf: Shelf }[] =>
    [...entries.values()].flatMap(({ shelf, users }) =>
      shelf && users === 0 && shelf.pieces() > 0 ? [{ id: shelf.id, shelf }] : [],
    )
  async function drop(id: RenditionId): Promise<void> {
    const entry = entries.get(keyOf(id))
    if (!entry || entry.users > 0) return
    entries.delete(keyOf(id))
    await (await entry.opening).clear()
  }
  const indexed = ready
    .then(() => index(root, ending.signal, entryOf))
    .catch((thrown: unknown) => d.log.warn({ err: thrown }, 'the cache of pieces was not looked through'))
  return {
    sizeBytes: () => bytes,
    /** `known` counts only when the rendition is not in use yet. */
    async enter(id: RenditionId, known?: KnownMaking): Promise<ShelfInUse> {
      const entry = entryOf(id, known)
      entry.users++
      const shelf = await entry.opening
      let isHere = true
      const leave = () => {
        if (isHere) left(keyOf(id), entry)
        isHere = false
        void shelf.touch().catch(() => {})
      }
      return { shelf, leave }
    },
    /** Those in no use, the longest unused first. */
    unused: () => unused().sort((a, b) => a.shelf.lastUsedMs() - b.shelf.lastUsedMs()),
    /** Deletes the pieces of a rendition unless it is in use. */
    drop,
    /** Deletes everything that was made of this audio, in use or not. */
    async forget(contentIds: readonly string[]): Promise<void> {
      const gone = new Set(contentIds.map(safeContent))
      for (const [key, entry] of entries) {
        if (!gone.has(key.slice(0, key.lastIndexOf('/')))) continue
        entries.delete(key)
        await (await entry.opening).clear()
      }
      for (const content of gone) await rm(join(root, content), { recursive: true, force: true })
    },
    /** What nobody has used for a day. */
    async sweep(): Promise<void> {
      const oldest = d.now() - UNUSED_MS_MAX
      for (const { id, shelf } of unused()) if (shelf.lastUsedMs() < oldest) await drop(id)
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
async function index(root: string, signal: AbortSignal, entryOf: (id: RenditionId) => Entry): Promise<void> {
  for (const contentId of await readdir(root)) {
    if (contentId === LIMBO) continue
    for (const profile of await readdir(join(root, contentId)).catch(() => [])) {
      if (signal.aborted) return
      await entryOf({ contentId, profile }).opening
    }
  }
}
