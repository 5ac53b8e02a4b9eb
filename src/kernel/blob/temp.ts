import { randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** In the blobs' folder, so that a rename out of it is atomic; no key begins with a dot. */
export const TEMP_FOLDER = '.tmp'
/** A temp file of another machine that was not written to for this long belongs to nobody. */
const ABANDONED_MS = 3_600_000

const HOST = hostname().replaceAll(/[^a-zA-Z0-9-]/g, '') || 'host'

/** Names its writer, so that the next start can tell what a killed process left. */
export const newTempPath = (dir: string): string =>
  join(dir, TEMP_FOLDER, `${HOST}~${process.pid}~${randomBytes(12).toString('hex')}`)

/** Removes what killed processes left; files that a living process of this machine writes stay. Answers how many. */
export async function sweepTemp(dir: string, nowMs = Date.now()): Promise<number> {
  const names = await readdir(join(dir, TEMP_FOLDER))
  let removed = 0
  for (const name of names) {
    const path = join(dir, TEMP_FOLDER, name)
    const info = await stat(path).catch(() => undefined)
    if (!info || !isAbandoned(name, info.mtimeMs, nowMs)) continue
    await rm(path, { force: true, recursive: true })
    removed++
  }
  return removed
}

function isAbandoned(name: string, writtenAtMs: number, nowMs: number): boolean {
  if (nowMs - writtenAtMs > ABANDONED_MS) return true
  const [host, pid] = name.split('~')
  // Another machine, or another container on this volume: its process numbers say nothing here.
  if (host !== HOST) return false
  // Our own number, from before we began: a container's process is number 1 in every life.
  if (Number(pid) === process.pid) return writtenAtMs < nowMs - process.uptime() * 1000
  return !isAlive(Number(pid))
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    // EPERM: it lives and is somebody else's.
    return (thrown as NodeJS.ErrnoException).code === 'EPERM'
  }
}
