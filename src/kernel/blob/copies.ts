import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { isMissing, writeFault } from './errors.ts'
import { isKey } from './keys.ts'
import { newTempPath, sweepTemp, TEMP_FOLDER } from './temp.ts'
import { copyHashed } from './write.ts'

/** A copy that nobody used for so long goes, however much room there is: its blob may be gone, too. */
const IDLE_MS_MAX = 24 * 3_600_000
const SWEEP_EVERY_MS = 3_600_000

export type Release = () => void
type Original = { sizeBytes: number; sha256: string; open: () => Readable }
type Options = {
  dir: string
  sizeMaxBytes: number
  /** What a key stands for in the store. Throws 404 and 503. */
  original: (key: string) => Promise<Original>
  nowMs?: () => number
}
type Copy = { sizeBytes: number; holds: number; usedAtMs: number; ready: Promise<void> | undefined }
export type Copies = Awaited<ReturnType<typeof createCopies>>

/**
 * Copies of blobs that lie elsewhere, for programs that read files: made when they are first held, once however many
 * hold, and given up when the room or their time is over. INVARIANTS: a file that is held is whole and stays;
 * what nobody holds takes `sizeMaxBytes` at most.
 */
export async function createCopies({ dir, sizeMaxBytes, original, nowMs = Date.now }: Options) {
  const root = resolve(dir)
  await mkdir(join(root, TEMP_FOLDER), { recursive: true, mode: 0o700 })
  await sweepTemp(root)
  /** Longest unused first. */
  const copies = await found(root, nowMs())
  const going = new Map<string, Promise<void>>()
  const pathOf = (key: string): string => join(root, key)

  async function remove(key: string): Promise<void> {
    copies.delete(key)
    const removed = rm(pathOf(key), { force: true }).finally(() => going.delete(key))
    going.set(key, removed)
    await removed
  }
  const totalBytes = (): number => copies.values().reduce((sum, copy) => sum + copy.sizeBytes, 0)
  async function makeRoom(): Promise<void> {
    for (const [key, copy] of copies) {
      const isIdle = nowMs() - copy.usedAtMs > IDLE_MS_MAX
      // Counted anew each time: others make room, too.
      if (copy.holds === 0 && (isIdle || totalBytes() > sizeMaxBytes)) await remove(key)
    }
  }
  /** Brings the bytes, unless they are there from before. */
  async function bring(key: string, copy: Copy): Promise<void> {
    const source = await original(key)
    copy.sizeBytes = source.sizeBytes
    await going.get(key)
    const there = await stat(pathOf(key)).catch(() => undefined)
    if (there?.size === source.sizeBytes) return
    await makeRoom()
    await fetchTo(root, pathOf(key), source)
  }
  const timer = setInterval(() => void makeRoom().catch(() => undefined), SWEEP_EVERY_MS)
  timer.unref()

  return {
    pathOf,
    /** The key whose copy a path is. */
    keyOf(path: string): string | undefined {
      const key = path.startsWith(root + sep) ? relative(root, path) : ''
      return isKey(key) ? key : undefined
    },
    /** The copy is whole and stays until it is released, once. Throws 404, 503 and 507. */
    async hold(key: string): Promise<Release> {
      const copy: Copy = copies.get(key) ?? { sizeBytes: 0, holds: 0, usedAtMs: 0, ready: undefined }
      copies.delete(key)
      copies.set(key, copy)
      copy.usedAtMs = nowMs()
      copy.holds++
      let isHeld = true
      const release = () => {
        if (!isHeld) return
        isHeld = false
        copy.holds--
        if (copy.holds === 0) void makeRoom().catch(() => undefined)
      }
      try {
        if (copy.holds === 1 && copy.ready && !(await isThere(pathOf(key)))) copy.ready = undefined
        copy.ready ??= bring(key, copy)
        await copy.ready
        return release
      } catch (thrown) {
        release()
        if (copies.get(key) === copy) copies.delete(key)
        throw thrown
      }
    },
    /** Its blob is gone; who reads the file goes on reading. */
    remove,
    close: () => clearInterval(timer),
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** Temp file, then rename: a file under a key's name is whole. */
async function fetchTo(root: string, path: string, source: Original): Promise<void> {
  const temp = newTempPath(root)
  try {
    const handle = await open(temp, 'wx')
    try {
      const sha256 = await copyHashed(source.open(), handle, { sizeMaxBytes: source.sizeBytes })
      if (sha256 !== source.sha256) throw new Error('the bytes from the storage are not those that were kept there')
    } finally {
      await handle.close()
    }
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await rename(temp, path)
  } catch (thrown) {
    await rm(temp, { force: true })
    throw writeFault(thrown)
  }
}

/** What a former process left, as old as its last change. */
async function found(root: string, nowMs: number): Promise<Map<string, Copy>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const copies: [string, Copy][] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    const key = relative(root, path)
    if (!entry.isFile() || !isKey(key)) continue
    const info = await stat(path).catch((thrown: unknown) => {
      if (isMissing(thrown)) return undefined
      throw thrown
    })
    const usedAtMs = Math.min(info?.mtimeMs ?? 0, nowMs)
    if (info) copies.push([key, { sizeBytes: info.size, holds: 0, usedAtMs, ready: undefined }])
  }
  return new Map(copies.toSorted(([, a], [, b]) => a.usedAtMs - b.usedAtMs))
}
