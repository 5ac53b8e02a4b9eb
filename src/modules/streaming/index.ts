import { join } from 'node:path'
import { defineModule } from '#kernel/module.ts'
import { albums, songs } from '#modules/catalog/schema.ts'
import { createCovers } from './covers/covers.ts'
import { createEncoders } from './renditions/encoders.ts'
import { createKept } from './renditions/kept.ts'
import { createRoutes } from './routes.ts'
import { streaming } from './schema.ts'
import type { StreamingTables } from './store.ts'

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
      cron: [
        { name: 'streaming.sweep-renditions', everyMs: SWEEP_EVERY_MS, run: async () => void (await kept.sweep()) },
      ],
      stop: () => encoders.stop(),
    }
  },
})
