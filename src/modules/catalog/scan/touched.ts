import { dirname, relative } from 'node:path'
import type { Touched } from './folder.ts'
import { imageRank, isAudioName, isHidden, isLyricsName, isPortraitName } from './names.ts'
import { IGNORE_FILES } from './rules.ts'

/** A directory is looked at when it was quiet for so long: a file that is being copied keeps changing. */
const QUIET_MS = 1000
/** A directory that is never quiet is looked at after this nevertheless. */
const PATIENCE_MS = 10_000
/** More directories than this at once are looked at as one whole. */
const TOUCHED_MAX = 2000

const EVERYTHING: Touched = { dir: Buffer.alloc(0), extent: 'below' }
/** `cover.bak`, `notes.pdf`: a name that looks like a file of no interest rather than a folder. */
const OTHER_FILE = /\.[a-z][a-z0-9]{0,4}$/i

/** What a change at `path` asks to look at: the directory of a file that matters, or what may be a directory. */
export function touchedBy(root: string, path: string): Touched | undefined {
  const inside = relative(root, path)
  if (inside === '' || inside.startsWith('..')) return EVERYTHING
  const parts = inside.split('/')
  // Rules changed: everything below them may stand in another light.
  const areRules = IGNORE_FILES.includes(parts.at(-1) ?? '')
  if (areRules) parts.pop()
  if (parts.some((p) => isHidden(Buffer.from(p)))) return undefined
  // A name that is no text comes mangled: its parent is looked at with all below.
  const mangled = parts.findIndex((p) => p.includes('\ufffd'))
  if (mangled !== -1) return { dir: Buffer.from(parts.slice(0, mangled).join('/')), extent: 'below' }
  if (areRules) return { dir: Buffer.from(parts.join('/')), extent: 'below' }
  const name = Buffer.from(parts.at(-1) ?? '')
  const parent = dirname(inside)
  if (isAudioName(name) || isLyricsName(name) || imageRank(name) !== undefined || isPortraitName(name))
    return { dir: Buffer.from(parent === '.' ? '' : parent), extent: 'alone' }
  return OTHER_FILE.test(inside) ? undefined : { dir: Buffer.from(inside), extent: 'below' }
}

type Due = { touched: Touched; firstMs: number; lastMs: number }
const keyOf = (touched: Touched): string => `${touched.extent}:${touched.dir.toString('latin1')}`

/** Directories waiting to be quiet. Times are those of `nowMs`, milliseconds of any clock that never goes back. */
export function createDue(nowMs: () => number = () => performance.now()) {
  /** In the order of `firstMs`. */
  const due = new Map<string, Due>()
  const add = (touched: Touched): void => {
    const now = nowMs()
    const known = due.get(keyOf(touched))
    if (known) known.lastMs = now
    else due.set(keyOf(touched), { touched, firstMs: now, lastMs: now })
    if (due.size <= TOUCHED_MAX) return
    const [oldest] = due.values()
    due.clear()
    due.set(keyOf(EVERYTHING), { touched: EVERYTHING, firstMs: oldest?.firstMs ?? now, lastMs: now })
  }
  return {
    add,
    addEverything: (): void => add(EVERYTHING),
    /** Those that are quiet, or impatient by now; they are no longer due. */
    take(): Touched[] {
      const now = nowMs()
      const ready = [...due].filter(([, d]) => now - d.lastMs >= QUIET_MS || now - d.firstMs >= PATIENCE_MS)
      for (const [key] of ready) due.delete(key)
      return ready.map(([, d]) => d.touched)
    },
  }
}
