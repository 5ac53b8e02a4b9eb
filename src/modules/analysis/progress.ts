import { ENGINE_VERSION } from '#engines/audio/index.ts'
import type { Ctx } from '#kernel/module.ts'
import { analysisProgress } from './events.ts'
import type { AnalysisQueue } from './schema.ts'
import { count } from './store.ts'
import type { AnalysisTables } from './tables.ts'

const PUSH_EVERY_MS = 1000

/** How far the library is; the rest takes as long as the last songs took, shared by the workers. */
export async function queueOf(ctx: Pick<Ctx<AnalysisTables>, 'db'>, workers: number): Promise<AnalysisQueue> {
  const c = await count(ctx.db, ENGINE_VERSION)
  const left = c.pending + c.processing
  const etaSec = left === 0 ? 0 : c.meanMs === null ? null : Math.ceil((left * c.meanMs) / 1000 / workers)
  const { pending: waiting, processing, completed, failed, renewing, isPaused } = c
  return { waiting, processing, completed, failed, renewing, etaSec, isPaused }
}

/** Tells signed-in sockets how far the library is: at most once a second, and always once after the last change. */
export function createAnnouncer(ctx: Pick<Ctx<AnalysisTables>, 'db' | 'realtime' | 'log'>, workers: number) {
  let timer: NodeJS.Timeout | undefined
  let saidAt = 0
  async function say(): Promise<void> {
    timer = undefined
    saidAt = performance.now()
    try {
      ctx.realtime.toAll(analysisProgress, await queueOf(ctx, workers))
    } catch (err) {
      ctx.log.warn({ err }, 'the progress of the analysis could not be told')
    }
  }
  return {
    changed(): void {
      timer ??= setTimeout(() => void say(), Math.max(0, PUSH_EVERY_MS - (performance.now() - saidAt)))
      timer.unref()
    },
    stop: () => clearTimeout(timer),
  }
}
