import { basename } from 'node:path'
import { libraryChanged, libraryProgress } from '#modules/catalog/events.ts'
import type { ScanState } from '#modules/catalog/schema.ts'
import { claimScan, saveScanState } from '#modules/catalog/store/scan-state.ts'
import type { CatalogCtx, Tally } from './types.ts'

const PUSH_EVERY_MS = 250
const CHANGED_EVERY_MS = 1000
/** Also how often the claim on the library is renewed; well below its length. */
const SAVE_EVERY_MS = 1000

export type Progress = {
  /** Something in the library is another than before. */
  changed(): void
  folder(path: string | null): void
  /** The last state, stored and told. */
  end(state: ScanState['state']): Promise<void>
}

/** `scan`: each step is news. `touch-up`: after a change on the disk; news only once it found something to do. */
export type ScanKind = 'scan' | 'touch-up'

const foundWork = (t: Tally): boolean => t.added + t.changed + t.moved + t.removed + t.faulty > 0

/** Tells a scan's state: to sockets at most four times a second, to the database once a second. */
export function createProgress(ctx: CatalogCtx, o: { holder: string; tally: Tally; kind: ScanKind }): Progress {
  const { holder, tally, kind } = o
  const isNews = (): boolean => kind === 'scan' || foundWork(tally)
  const startedAt = ctx.now().toISOString()
  let currentFolder: string | null = null
  let lastPushed = ''
  let isChanged = false
  const stateNow = (state: ScanState['state']): ScanState => ({
    state,
    startedAt,
    finishedAt: state === 'scanning' ? null : ctx.now().toISOString(),
    ...tally,
    currentFolder,
  })
  const push = (): void => {
    if (!isNews()) return
    const state = stateNow('scanning')
    const text = JSON.stringify(state)
    if (text === lastPushed) return
    lastPushed = text
    ctx.realtime.toAll(libraryProgress, state)
  }
  const tellChanged = (): void => {
    if (!isChanged) return
    isChanged = false
    ctx.realtime.toAll(libraryChanged, { kind: 'songs' })
    // A cache that cannot be reached has its own short life; the scan goes on.
    ctx.cache.invalidate(['catalog']).catch((err: unknown) => ctx.log.warn({ err }, 'the cache was not invalidated'))
  }
  const save = async (): Promise<void> => {
    await claimScan(ctx.db, holder)
    if (isNews()) await saveScanState(ctx.db, stateNow('scanning'))
  }
  const warn = (err: unknown): void => ctx.log.warn({ err }, 'the state of the scan could not be stored')
  let saving = Promise.resolve()
  const timers = [
    setInterval(push, PUSH_EVERY_MS),
    setInterval(tellChanged, CHANGED_EVERY_MS),
    setInterval(() => {
      saving = saving.then(save).catch(warn)
    }, SAVE_EVERY_MS),
  ]
  push()
  return {
    changed() {
      isChanged = true
    },
    folder(path) {
      // Every signed-in person hears it; where it lies on the server is for admins.
      currentFolder = path === null ? null : basename(path)
    },
    async end(state) {
      for (const t of timers) clearInterval(t)
      await saving
      currentFolder = null
      tellChanged()
      if (!isNews()) return
      const last = stateNow(state)
      await saveScanState(ctx.db, last)
      ctx.realtime.toAll(libraryProgress, last)
      ctx.log.info(tally, 'the library was scanned')
    },
  }
}
