import { join } from 'node:path'
import { defineModule, on } from '#kernel/module.ts'
import { picturesRemoved, songsRemoved } from '#modules/catalog/events.ts'
import { albums, songs } from '#modules/catalog/schema.ts'
import { createCovers } from './covers/covers.ts'
import { createEncoders } from './renditions/encoders.ts'
import { createKept } from './renditions/kept.ts'
import { createRoutes } from './routes.ts'
import { streaming } from './schema.ts'
import { forgetContents, type StreamingTables } from './store.ts'

const SWEEP_EVERY_MS = 6 * 3_600_000

/** Bytes: songs as they are or transcoded, and their pictures. */
export default defineModule<
  StreamingTables,
  { streaming: typeof streaming },
  { songs: typeof songs; albums: typeof albums }
>({
  name: 'streaming',
  contracts: { streaming },
  needs: { songs, albums },
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx, needs) {
    const kept = createKept(ctx)
    const encoders = createEncoders({
      media: ctx.media,
      kept,
      folder: join(ctx.config.dataDir, 'temp', 'renditions'),
      transcodesMax: ctx.config.transcodesMax,
      log: ctx.log,
    })
    ctx.metrics.gauge('transcodes_active', 'Encoders at work in this process', encoders.active)
    const covers = createCovers(ctx)
    return {
      api: { streaming: {} },
      routes: {
        streaming: createRoutes({
          ...needs,
          kept,
          encoders,
          covers,
          blobs: ctx.blobs,
          codecs: ctx.media.settings.encoders,
        }),
      },
      // Blobs go before the commit: a row without its blob is made again, a blob without its row would stay for hours.
      on: [
        on<StreamingTables, typeof songsRemoved.payload>(songsRemoved, async (tx, { contentIds = [] }) => {
          for (const key of await forgetContents(tx, contentIds)) await ctx.blobs.delete(key)
        }),
        on<StreamingTables, typeof picturesRemoved.payload>(picturesRemoved, async (_tx, { hashes }) => {
          for (const hash of hashes) await covers.forget(hash)
        }),
      ],
      cron: [
        { name: 'streaming.sweep-renditions', everyMs: SWEEP_EVERY_MS, run: async () => void (await kept.sweep()) },
      ],
      stop: () => encoders.stop(),
    }
  },
})
