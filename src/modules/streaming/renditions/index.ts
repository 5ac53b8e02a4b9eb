import { join } from 'node:path'
import type { Ctx } from '#kernel/module.ts'
import type { StreamingTables } from '../store.ts'
import { isCopy, openCopy } from './copies/open.ts'
import { createKept } from './kept.ts'
import type { Wanted } from './types.ts'
import { createRenditions } from './virtual.ts'

const SWEEP_EVERY_MS = 6 * 3_600_000
const AUDIO_GONE = 'streaming.audio-gone'

/** The renditions of this process, on its own disk and among the blobs of all. */
export function startRenditions(ctx: Ctx<StreamingTables>) {
  const { config, log, pubsub } = ctx
  const kept = createKept(ctx)
  const renditions = createRenditions({
    media: ctx.media,
    kept,
    dir: join(config.dataDir, 'cache', 'renditions'),
    limitBytes: config.transcodeCacheBytes,
    transcodesMax: config.transcodesMax,
    perListenerMax: config.transcodesPerListener,
    log,
    now: Date.now,
  })
  const noted = (what: string) => (thrown: unknown) => log.warn({ err: thrown }, what)
  const unsubscribe = pubsub.subscribe(AUDIO_GONE, (contentIds) => {
    void renditions.forget(contentIds as string[]).catch(noted('pieces of audio that is gone were not deleted'))
  })
  const sweeping = setInterval(() => {
    void renditions.sweep().catch(noted('pieces were not swept'))
  }, SWEEP_EVERY_MS).unref()
  ctx.metrics.gauge('transcodes_active', 'Encoders at work in this process', renditions.active)
  return {
    open: (wanted: Wanted) => (isCopy(wanted) ? Promise.resolve(openCopy(wanted)) : renditions.open(wanted)),
    /** Also on the disks of other processes: who hears the news tells them. */
    async forget(contentIds: readonly string[]): Promise<void> {
      await renditions.forget(contentIds)
      await pubsub.publish(AUDIO_GONE, contentIds)
    },
    /** Blobs that no row knows; pieces are swept by each process. */
    sweepBlobs: kept.sweep,
    async stop(): Promise<void> {
      clearInterval(sweeping)
      unsubscribe()
      await renditions.stop()
    },
  }
}
