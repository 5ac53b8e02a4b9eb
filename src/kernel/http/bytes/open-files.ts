import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

/** How long a file that nobody reads stays open: players ask for the next part within this time. */
const IDLE_MS = 500
/** Files open for nobody at once. */
const IDLE_MAX = 64

/** One state of a regular file. `done` is to be called once, after the last read. */
export type OpenFile = {
  readonly handle: FileHandle
  readonly sizeBytes: number
  readonly modifiedAt: Date
  done(): void
}
type Entry = { handle: FileHandle; stats: Stats; users: number; idle: NodeJS.Timeout | undefined; isOld: boolean }

const isSame = (a: Stats, b: Stats): boolean =>
  a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs

const notRegular = () => Object.assign(new Error('not a regular file'), { code: 'ENOENT' })

/** Opened without waiting, so that a pipe in a music folder cannot hold a request. */
async function openRegular(path: Buffer): Promise<Entry> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = await handle.stat()
    if (!stats.isFile()) throw notRegular()
    return { handle, stats, users: 0, idle: undefined, isOld: false }
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

/**
 * Regular files, open for reading. INVARIANTS: what is answered is the file that lies at the path at the time of asking
 * (one look instead of opening it again); length, time and bytes belong together even when it is replaced meanwhile; a
 * descriptor is closed when its last reader is done, at the latest `IDLE_MS` after.
 */
export function createOpenFiles() {
  const entries = new Map<string, Entry>()
  let idleCount = 0

  const close = (entry: Entry): void => void entry.handle.close().catch(() => undefined)
  function drop(key: string, entry: Entry): void {
    if (entries.get(key) === entry) entries.delete(key)
    if (entry.idle) idleCount--
    clearTimeout(entry.idle)
    entry.idle = undefined
    entry.isOld = true
    if (entry.users === 0) close(entry)
  }
  function take(key: string, entry: Entry): OpenFile {
    if (entry.idle) idleCount--
    clearTimeout(entry.idle)
    entry.idle = undefined
    entry.users++
    let isDone = false
    const done = () => {
      if (isDone) return
      isDone = true
      if (--entry.users > 0) return
      if (entry.isOld) close(entry)
      else if (idleCount >= IDLE_MAX) drop(key, entry)
      else {
        idleCount++
        entry.idle = setTimeout(() => drop(key, entry), IDLE_MS).unref()
      }
    }
    return { handle: entry.handle, sizeBytes: entry.stats.size, modifiedAt: entry.stats.mtime, done }
  }
  return {
    /** Throws what the system says of a path that leads to no regular file. */
    async open(path: Buffer): Promise<OpenFile> {
      const key = path.toString('latin1')
      const known = entries.get(key)
      if (known) {
        const now = await stat(path)
        if (entries.get(key) === known && isSame(known.stats, now)) return take(key, known)
        if (entries.get(key) === known) drop(key, known)
      }
      const entry = await openRegular(path)
      const other = entries.get(key)
      if (other && isSame(other.stats, entry.stats)) {
        close(entry)
        return take(key, other)
      }
      if (other) drop(key, other)
      entries.set(key, entry)
      return take(key, entry)
    },
  }
}
export type OpenFiles = ReturnType<typeof createOpenFiles>
