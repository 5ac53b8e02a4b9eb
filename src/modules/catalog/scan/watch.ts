import { dirname, relative } from 'node:path'
import watcher from '@parcel/watcher'
import { messageOf } from '#kernel/errors.ts'
import { type Folder, folders, setFolderState } from '#modules/catalog/store/folders.ts'
import { claimWatch, releaseWatch } from '#modules/catalog/store/scan-state.ts'
import type { Touched } from './folder.ts'
import { imageRank, isAudioName, isHidden, isLyricsName } from './names.ts'
import type { Runner } from './runner.ts'
import type { CatalogCtx } from './types.ts'
import { identityOf } from './walk.ts'

const TICK_MS = 250
/** A directory is looked at when it was quiet for so long: a file that is being copied keeps changing. */
const QUIET_MS = 1000
/** A directory that is never quiet is looked at after this nevertheless. */
const PATIENCE_MS = 10_000
/** How often the folders themselves are looked at: added, removed, unplugged, plugged in. Also renews the claim. */
const LOOK_EVERY_MS = 2000
/** Where watching does not work (network drives, too many folders) the whole folder is compared so often. */
export const RESCAN_EVERY_MS = 15 * 60_000
/** More directories than this at once are looked at as one whole. */
const TOUCHED_MAX = 2000

type Due = { touched: Touched; firstMs: number; lastMs: number }
type Watched = {
  folder: Folder
  identity: string | undefined
  due: Map<string, Due>
  subscription: watcher.AsyncSubscription | undefined
  rescannedMs: number
}

/** What an event of the watcher asks to look at: the directory of a file that matters, or what may be a directory. */
export function touchedBy(root: string, path: string): Touched | undefined {
  const inside = relative(root, path)
  if (inside === '' || inside.startsWith('..')) return { dir: Buffer.alloc(0), extent: 'below' }
  const parts = inside.split('/')
  if (parts.some((p) => isHidden(Buffer.from(p)))) return undefined
  // A name that is no text comes mangled: its parent is looked at with all below.
  const mangled = parts.findIndex((p) => p.includes('\ufffd'))
  if (mangled !== -1) return { dir: Buffer.from(parts.slice(0, mangled).join('/')), extent: 'below' }
  const name = Buffer.from(parts.at(-1) ?? '')
  const parent = dirname(inside) === '.' ? '' : dirname(inside)
  if (isAudioName(name) || isLyricsName(name) || imageRank(name) !== undefined)
    return { dir: Buffer.from(parent), extent: 'alone' }
  // Only its name tells a deleted file from a deleted folder; other kinds of files are of no interest.
  return /\.[a-z0-9]{1,5}$/i.test(inside) && !/\s/.test(inside.slice(inside.lastIndexOf('.')))
    ? undefined
    : { dir: Buffer.from(inside), extent: 'below' }
}

function touch(w: Watched, touched: Touched): void {
  const key = `${touched.extent}:${touched.dir.toString('latin1')}`
  const now = performance.now()
  const known = w.due.get(key)
  if (known) known.lastMs = now
  else w.due.set(key, { touched, firstMs: now, lastMs: now })
}

/** Directories that are quiet, or impatient by now; taken out of what is due. */
function takeReady(w: Watched): Touched[] {
  const now = performance.now()
  const isReady = (d: Due): boolean => now - d.lastMs >= QUIET_MS || now - d.firstMs >= PATIENCE_MS
  const ready = [...w.due].filter(([, d]) => isReady(d))
  for (const [key] of ready) w.due.delete(key)
  if (ready.length > TOUCHED_MAX) return [{ dir: Buffer.alloc(0), extent: 'below' }]
  return ready.map(([, d]) => d.touched)
}

/**
 * Watches the music folders and has touched directories scanned. One process at a time does it, by a claim in the
 * database. Unplugged folders are noticed, and taken again when they are back.
 */
export function createWatcher(ctx: CatalogCtx, runner: Runner) {
  const self = ctx.newId()
  const watched = new Map<string, Watched>()
  const ending = new AbortController()
  const scanning = new Set<Promise<void>>()

  const scan = (folderId: string, touched: Touched[]): void => {
    const work = runner
      .parts(folderId, touched, ending.signal)
      .catch((err: unknown) => {
        if (!ending.signal.aborted) ctx.log.error({ err }, 'a scan after a change failed')
      })
      .finally(() => scanning.delete(work))
    scanning.add(work)
  }
  const tick = (): void => {
    for (const [id, w] of watched) {
      const ready = takeReady(w)
      if (ready.length > 0) scan(id, ready)
    }
  }

  async function subscribe(w: Watched): Promise<void> {
    const root = w.folder.path.toString()
    const whole: Touched = { dir: Buffer.alloc(0), extent: 'below' }
    try {
      w.subscription = await watcher.subscribe(root, (err, events) => {
        if (err) touch(w, whole)
        for (const e of events ?? []) {
          const touched = touchedBy(root, e.path)
          if (touched) touch(w, touched)
        }
      })
    } catch (thrown) {
      const detail = `Changes are looked for every ${RESCAN_EVERY_MS / 60_000} minutes, because watching failed: ${messageOf(thrown)}`
      ctx.log.warn({ folder: w.folder.pathText }, detail)
      await setFolderState(ctx.db, w.folder.id, { state: w.folder.state, detail })
    }
  }
  const unsubscribe = async (w: Watched): Promise<void> => {
    const { subscription } = w
    w.subscription = undefined
    // The folder may be gone by now, and the watch with it.
    await subscription?.unsubscribe().catch(() => {})
  }

  async function begin(folder: Folder): Promise<void> {
    const identity = await identityOf(folder.path)
    const w: Watched = { folder, identity, due: new Map(), subscription: undefined, rescannedMs: performance.now() }
    watched.set(folder.id, w)
    if (identity !== undefined) await subscribe(w)
  }
  /** Another device or inode at the path, or none: the disk came or went. */
  async function check(w: Watched): Promise<void> {
    const identity = await identityOf(w.folder.path)
    const whole: Touched = { dir: Buffer.alloc(0), extent: 'below' }
    if (identity !== w.identity) {
      w.identity = identity
      await unsubscribe(w)
      if (identity !== undefined) await subscribe(w)
      touch(w, whole)
    }
    if (w.subscription === undefined && performance.now() - w.rescannedMs > RESCAN_EVERY_MS) {
      w.rescannedMs = performance.now()
      touch(w, whole)
    }
  }

  async function look(): Promise<void> {
    if (!(await claimWatch(ctx.db, self))) return drop()
    const now = await folders(ctx.db)
    for (const [id, w] of watched) {
      if (now.some((f) => f.id === id)) continue
      watched.delete(id)
      await unsubscribe(w)
    }
    for (const folder of now) {
      const w = watched.get(folder.id)
      await (w ? check(w) : begin(folder))
    }
  }
  async function drop(): Promise<void> {
    const all = [...watched.values()]
    watched.clear()
    await Promise.all(all.map(unsubscribe))
  }

  let looking: Promise<void> = Promise.resolve()
  const lookSafely = (): Promise<void> => {
    looking = looking.then(look).catch((err: unknown) => {
      if (!ending.signal.aborted) ctx.log.warn({ err }, 'the music folders could not be looked at')
    })
    return looking
  }
  const timers: NodeJS.Timeout[] = []
  return {
    async start(): Promise<void> {
      await lookSafely()
      timers.push(
        setInterval(tick, TICK_MS),
        setInterval(() => void lookSafely(), LOOK_EVERY_MS),
      )
    },
    async stop(): Promise<void> {
      for (const t of timers) clearInterval(t)
      ending.abort(new Error('shutting down'))
      await looking
      await drop()
      await Promise.all(scanning)
      await releaseWatch(ctx.db, self)
    },
  }
}
export type Watcher = ReturnType<typeof createWatcher>
