import { mkdir, readdir, readFile, rename, rm, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from '#kernel/ids.ts'
import type { RenditionId } from '../../store.ts'
import { headOf, unsealed } from './format.ts'
import { createMaking, type Making } from './making.ts'
import { folderOf, isVersion, LIMBO, pieceName, readPieceName, VERSION_FILE } from './paths.ts'

/** A use is noted on the disk at most this often. */
const USE_NOTED_EVERY_MS = 60_000

/** The pieces of one rendition that are on the disk of this machine. */
export type Shelf = {
  readonly id: RenditionId
  readonly making: Making
  has(piece: number): boolean
  /** Undefined when it is not there, or no longer what was written: then it is gone from now on. */
  read(piece: number): Promise<Buffer | undefined>
  /** Rejects with what the system said. */
  write(piece: number, bytes: Buffer): Promise<void>
  pieces(): number
  /** Of one piece; 0 when it is not there. */
  bytesOf(piece: number): number
  sizeBytes(): number
  lastUsedMs(): number
  /** Deletes pieces, those unused for longest first, until so many bytes are free. Resolves how many that were. */
  shrink(bytes: number, isNeeded: (piece: number) => boolean): Promise<number>
  /** Deletes everything; what is written later is not kept. */
  clear(): Promise<void>
  /** Notes that it was used. */
  touch(): Promise<void>
}
export type ShelfDeps = {
  readonly root: string
  readonly now: () => number
  /** Told how many bytes more (or fewer) there are. */
  readonly onBytes: (change: number) => void
}

type State = {
  readonly folder: string
  /** Bytes by piece; those used longest ago come first. */
  readonly sizes: Map<number, number>
  lastUsedMs: number
  notedMs: number
  isCleared: boolean
  /** Whether the disk says which version its pieces are of. */
  isVouched: boolean
}
type Found = { sizes: Map<number, number>; version: string | undefined; usedMs: number | undefined }

const isGone = (thrown: unknown): boolean => (thrown as NodeJS.ErrnoException).code === 'ENOENT'
const orUndefined = (thrown: unknown): undefined => {
  if (!isGone(thrown)) throw thrown
}

async function look(folder: string): Promise<Found> {
  const names = (await readdir(folder).catch(orUndefined)) ?? []
  const found = names.map(readPieceName).filter((each) => each !== undefined)
  const sizes = new Map(found.sort((a, b) => a.piece - b.piece).map((each) => [each.piece, each.sizeBytes]))
  if (!names.includes(VERSION_FILE)) return { sizes, version: undefined, usedMs: undefined }
  const path = join(folder, VERSION_FILE)
  const text = (await readFile(path, 'latin1').catch(orUndefined)) ?? ''
  const noted = await stat(path).catch(orUndefined)
  return { sizes, version: isVersion(text) ? text : undefined, usedMs: noted?.mtimeMs }
}

/** What is known of a rendition that is kept whole somewhere else. */
export type KnownMaking = { readonly version: string; readonly crcs: readonly number[] }

/** What is there of a rendition. Two of the same must not be open at once in one process. */
export async function openShelf(d: ShelfDeps, id: RenditionId, known?: KnownMaking): Promise<Shelf> {
  const folder = folderOf(d.root, id)
  const found = await look(folder)
  if (known && found.version !== known.version) {
    await setAside(d, folder)
    found.sizes.clear()
  }
  const making = createMaking(known?.version ?? found.version)
  known?.crcs.forEach((crc, piece) => making.noteCrc(piece, crc))
  const s = stateOf(d, folder, found)
  // Pieces without a version are of a new one from now on: nothing of it was ever sent.
  if (s.sizes.size > 0 && !s.isVouched) await vouch(s, making).catch(() => {})
  d.onBytes(total(s))
  return shelfOf(d, s, id, making)
}

function stateOf(d: ShelfDeps, folder: string, { sizes, version, usedMs }: Found): State {
  const lastUsedMs = usedMs ?? d.now()
  const isVouched = version !== undefined && sizes.size > 0
  return { folder, sizes, lastUsedMs, notedMs: lastUsedMs, isCleared: false, isVouched }
}
const total = (s: State): number => [...s.sizes.values()].reduce((sum, bytes) => sum + bytes, 0)

const shelfOf = (d: ShelfDeps, s: State, id: RenditionId, making: Making): Shelf => ({
  id,
  making,
  has: (piece) => s.sizes.has(piece),
  read: (piece) => read(d, s, making, piece),
  write: (piece, bytes) => write(d, s, making, { piece, bytes }),
  pieces: () => s.sizes.size,
  bytesOf: (piece) => s.sizes.get(piece) ?? 0,
  sizeBytes: () => total(s),
  lastUsedMs: () => s.lastUsedMs,
  shrink: (bytes, isNeeded) => shrink(d, s, { bytes, isNeeded }),
  clear: () => clear(d, s),
  touch: () => touch(d, s),
})

function remove(d: ShelfDeps, s: State, piece: number): number {
  const sizeBytes = s.sizes.get(piece) ?? 0
  s.sizes.delete(piece)
  d.onBytes(-sizeBytes)
  return sizeBytes
}

async function read(d: ShelfDeps, s: State, making: Making, piece: number): Promise<Buffer | undefined> {
  const sizeBytes = s.sizes.get(piece)
  if (sizeBytes === undefined) return undefined
  const path = join(s.folder, pieceName(piece, sizeBytes))
  const bytes = unsealed((await readFile(path).catch(orUndefined)) ?? Buffer.alloc(0), piece)
  if (!bytes || bytes.length !== sizeBytes) {
    if (s.sizes.has(piece)) await lose(d, s, piece)
    return undefined
  }
  making.note(piece, bytes)
  // At the end of the order: just used. Not when it went meanwhile.
  if (s.sizes.delete(piece)) s.sizes.set(piece, sizeBytes)
  return bytes
}

/**
 * INVARIANT: before a piece goes, the disk stops to say which version its pieces are of. This process remembers what the
 * piece was; the next one does not and so begins another version.
 */
async function lose(d: ShelfDeps, s: State, piece: number): Promise<number> {
  const sizeBytes = remove(d, s, piece)
  await disown(s)
  await unlink(join(s.folder, pieceName(piece, sizeBytes))).catch(orUndefined)
  return sizeBytes
}
async function disown(s: State): Promise<void> {
  s.isVouched = false
  await unlink(join(s.folder, VERSION_FILE)).catch(orUndefined)
}

type Piece = { readonly piece: number; readonly bytes: Buffer }

async function write(d: ShelfDeps, s: State, making: Making, { piece, bytes }: Piece): Promise<void> {
  if (s.isCleared) return
  const isFirst = s.sizes.size === 0
  if (making.note(piece, bytes)) await disown(s)
  // Another process that shares the folder may clear it meanwhile: then it is made anew.
  await put(d, s, { piece, bytes }).catch((thrown: unknown) => {
    if (!isGone(thrown)) throw thrown
    return s.isCleared ? undefined : put(d, s, { piece, bytes })
  })
  if (s.isCleared) return
  d.onBytes(bytes.length - (s.sizes.get(piece) ?? 0))
  s.sizes.set(piece, bytes.length)
  if (isFirst && !s.isVouched) await vouch(s, making).catch(() => disown(s))
}

/** A temporary file, then its name: nobody reads half a piece while it is written. */
async function put(d: ShelfDeps, s: State, { piece, bytes }: Piece): Promise<void> {
  const temporary = join(d.root, LIMBO, newId())
  const path = join(s.folder, pieceName(piece, bytes.length))
  try {
    await mkdir(s.folder, { recursive: true, mode: 0o700 })
    await writeFile(temporary, [headOf(piece, bytes), bytes], { mode: 0o600, flag: 'wx' })
    await rename(temporary, path)
  } catch (thrown) {
    await unlink(temporary).catch(() => {})
    throw thrown
  }
  if (s.isCleared) await unlink(path).catch(orUndefined)
}

/** Only at the first piece: later ones are not all known to be of this version. */
async function vouch(s: State, making: Making): Promise<void> {
  s.isVouched = true
  await writeFile(join(s.folder, VERSION_FILE), making.version(), { mode: 0o600 })
}

async function shrink(
  d: ShelfDeps,
  s: State,
  { bytes, isNeeded }: { bytes: number; isNeeded: (piece: number) => boolean },
): Promise<number> {
  let freed = 0
  const order = [...s.sizes.keys()]
  for (const piece of order) {
    if (freed >= bytes) break
    if (!isNeeded(piece)) freed += await lose(d, s, piece)
  }
  return freed
}

async function clear(d: ShelfDeps, s: State): Promise<void> {
  s.isCleared = true
  d.onBytes(-total(s))
  s.sizes.clear()
  await setAside(d, s.folder)
}

/** First out of the way under a name that means nothing, so that half of it is never taken for a rendition. */
async function setAside(d: ShelfDeps, folder: string): Promise<void> {
  const away = join(d.root, LIMBO, newId())
  const isAway = await rename(folder, away).then(() => true, orUndefined)
  if (isAway) await rm(away, { recursive: true, force: true })
}

async function touch(d: ShelfDeps, s: State): Promise<void> {
  s.lastUsedMs = d.now()
  if (s.lastUsedMs - s.notedMs < USE_NOTED_EVERY_MS || !s.isVouched) return
  s.notedMs = s.lastUsedMs
  const seconds = s.lastUsedMs / 1000
  await utimes(join(s.folder, VERSION_FILE), seconds, seconds).catch(orUndefined)
}
