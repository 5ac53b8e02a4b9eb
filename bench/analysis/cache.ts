/** The folder that keeps renderings and other people's answers: bounded, and may be deleted at any time. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** About a thousand pieces of a minute. */
const SOUND_BYTES_MAX = 6e9
/** How many new files until the folder is measured again. */
const MEASURE_EVERY = 50

/** `TUTTI_BENCH_CACHE`, else a folder of the user's cache. */
export const cacheFolder = () =>
  process.env.TUTTI_BENCH_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tutti-bench', 'analysis')

/** Removes what was not used for the longest time until `bytesMax` are left. Only files of the given ending. */
export const prune = (folder: string, ending: string, bytesMax: number): number => {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .flatMap((name) => {
      const found = statSync(join(folder, name), { throwIfNoEntry: false })
      return found ? [{ path: join(folder, name), bytes: found.size, usedMs: found.mtimeMs }] : []
    })
    .sort((a, b) => a.usedMs - b.usedMs)
  let total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  let removed = 0
  for (const { path, bytes } of files) {
    if (total <= bytesMax) break
    rmSync(path, { force: true })
    total -= bytes
    removed++
  }
  return removed
}

let written = 0

/** The path of a kept file, made when it is not there; several processes may ask at once. */
export const keptFile = (name: string, make: () => Uint8Array): string => {
  const folder = cacheFolder()
  const path = join(folder, name)
  if (existsSync(path)) {
    const now = new Date()
    utimesSync(path, now, now)
    return path
  }
  mkdirSync(folder, { recursive: true })
  if (written++ % MEASURE_EVERY === 0) prune(folder, '.wav', SOUND_BYTES_MAX)
  const partial = `${path}.${process.pid}.part`
  writeFileSync(partial, make())
  renameSync(partial, path)
  return path
}
