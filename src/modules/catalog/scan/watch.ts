import { setTimeout as sleep } from 'node:timers/promises'
import { type Folder, folders } from '#modules/catalog/store/folders.ts'
import { claimWatch, releaseWatch } from '#modules/catalog/store/scan-state.ts'
import type { Touched } from './folder.ts'
import type { Runner } from './runner.ts'
import type { CatalogCtx } from './types.ts'
import { type WatchedFolder, watchFolder } from './watch-folder.ts'

const TICK_MS = 250
/** How often the folders themselves are looked at: added, removed, unplugged, plugged in. Also renews the claim. */
const LOOK_EVERY_MS = 2000
/** What could not be scanned (the database was away) is tried again after this. */
const RETRY_FAILED_MS = 3000
/** At a stop, a look at a disk that does not answer is waited for no longer. */
const CHECKS_END_MS = 1000

/** `start` resolves when the folders of now are watched. */
export type Watcher = { start(): Promise<void>; stop(): Promise<void> }

/** Scans what was touched: of each folder one scan at a time, what changes meanwhile waits and is looked at in one. */
function createTouchUps(ctx: CatalogCtx, runner: Runner, signal: AbortSignal) {
  const scanning = new Map<string, Promise<void>>()
  async function scan(id: string, w: WatchedFolder, parts: readonly Touched[]): Promise<void> {
    try {
      w.scanned(await runner.parts(id, parts, signal))
    } catch (err) {
      if (signal.aborted) return
      ctx.log.warn({ err }, 'a scan after a change failed and is tried again')
      w.touch(parts)
      await sleep(RETRY_FAILED_MS, undefined, { signal }).catch(() => {})
    }
  }
  return {
    begin(watched: ReadonlyMap<string, WatchedFolder>): void {
      for (const [id, w] of watched) {
        const parts = scanning.has(id) ? [] : w.take()
        if (parts.length === 0) continue
        const work = scan(id, w, parts).finally(() => scanning.delete(id))
        scanning.set(id, work)
      }
    },
    settled: () => Promise.all(scanning.values()),
  }
}

/**
 * Watches the music folders and has touched directories scanned. One process at a time does it, by a claim in the
 * database.
 */
export function createWatcher(ctx: CatalogCtx, runner: Runner): Watcher {
  const self = ctx.newId()
  const watched = new Map<string, WatchedFolder>()
  const ending = new AbortController()
  const touchUps = createTouchUps(ctx, runner, ending.signal)
  const timers: NodeJS.Timeout[] = []
  /** Folders that are being looked at, each for itself: a disk that does not answer holds up no other. */
  const checks = new Map<string, Promise<void>>()
  let looking: Promise<void> = Promise.resolve()

  async function endAll(ids: readonly string[]): Promise<void> {
    const ended = ids.flatMap((id) => watched.get(id) ?? [])
    for (const id of ids) watched.delete(id)
    await Promise.all(ended.map((w) => w.end()))
  }
  async function begin(folder: Folder): Promise<WatchedFolder> {
    const w = await watchFolder(ctx, folder)
    // Its scan may have begun before its watching: what changed in between is found by comparing once more.
    if (timers.length > 0) w.touchAll()
    return w
  }
  async function check(folder: Folder): Promise<void> {
    const known = watched.get(folder.id)
    if (known) return known.check(folder)
    const begun = await begin(folder)
    if (ending.signal.aborted) return begun.end()
    watched.set(folder.id, begun)
  }
  const warn = (err: unknown): void => {
    if (!ending.signal.aborted) ctx.log.warn({ err }, 'the music folders could not be looked at')
  }
  async function look(): Promise<void> {
    if (ending.signal.aborted) return
    if (!(await claimWatch(ctx.db, self))) return endAll([...watched.keys()])
    const now = await folders(ctx.db)
    const isAsItWas = (id: string, w: WatchedFolder) => now.some((f) => f.id === id && f.watch === w.mode)
    await endAll([...watched].filter(([id, w]) => !isAsItWas(id, w)).map(([id]) => id))
    for (const folder of now) {
      if (checks.has(folder.id)) continue
      const work = check(folder)
        .catch(warn)
        .finally(() => checks.delete(folder.id))
      checks.set(folder.id, work)
    }
  }
  const lookInTurn = (): void => {
    looking = looking.then(look).catch(warn)
  }

  return {
    async start() {
      lookInTurn()
      await looking
      await Promise.all(checks.values())
      if (ending.signal.aborted) return
      timers.push(
        setInterval(() => touchUps.begin(watched), TICK_MS),
        setInterval(lookInTurn, LOOK_EVERY_MS),
      )
    },
    async stop() {
      for (const t of timers) clearInterval(t)
      ending.abort(new Error('shutting down'))
      await looking
      await Promise.race([Promise.all(checks.values()), sleep(CHECKS_END_MS, undefined, { ref: false })])
      await endAll([...watched.keys()])
      await touchUps.settled()
      await releaseWatch(ctx.db, self)
    },
  }
}
