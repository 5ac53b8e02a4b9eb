import { join } from 'node:path'
import { filesHere } from '#kernel/blob/files-here.ts'
import { defineModule, on } from '#kernel/module.ts'
import { picturesRemoved, songsRemoved } from '#modules/catalog/events.ts'
import { albums, songs } from '#modules/catalog/schema.ts'
import { identity } from '#modules/identity/schema.ts'
import { createCovers } from './covers/covers.ts'
import { withLinks } from './links/admit.ts'
import { LINK_LIFE_SEC_MAX } from './links/contract.ts'
import { createLinkKeys } from './links/keys.ts'
import { createLinks } from './links/service.ts'
import { createOffload } from './offload/offload.ts'
import { createPlayback, noStore } from './playback/service.ts'
import { createKept } from './renditions/kept.ts'
import { createRenditions } from './renditions/virtual.ts'
import { createRoutes } from './routes.ts'
import { streaming } from './schema.ts'
import { forgetContents, type StreamingTables } from './store.ts'
import { onAudioReady, runIndexAhead } from './timeline/ahead.ts'
import { forgetTimelines } from './timeline/store.ts'
import { createTimelines } from './timeline/timelines.ts'

const SWEEP_EVERY_MS = 6 * 3_600_000
const ROTATE_EVERY_MS = 24 * 3_600_000
const AUDIO_GONE = 'streaming.audio-gone'

/** Bytes: songs as they are or transcoded, and their pictures. */
export default defineModule<
  StreamingTables,
  { streaming: typeof streaming },
  { songs: typeof songs; albums: typeof albums; identity: typeof identity }
>({
  name: 'streaming',
  contracts: { streaming },
  needs: { songs, albums, identity },
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx, needs) {
    const here: typeof needs.songs = {
      ...needs.songs,
      getSongFiles: async (who, input) => filesHere(ctx.blobs, await needs.songs.getSongFiles(who, input)),
    }
    const kept = createKept(ctx)
    const renditions = createRenditions({
      media: ctx.media,
      kept,
      dir: join(ctx.config.dataDir, 'cache', 'renditions'),
      limitBytes: ctx.config.transcodeCacheBytes,
      transcodesMax: ctx.config.transcodesMax,
      perListenerMax: ctx.config.transcodesPerListener,
      log: ctx.log,
      now: Date.now,
    })
    // Pieces lie on the disk of each process: who hears the news tells the others.
    const unsubscribe = ctx.pubsub.subscribe(AUDIO_GONE, (contentIds) => {
      void renditions
        .forget(contentIds as string[])
        .catch((thrown: unknown) => ctx.log.warn({ err: thrown }, AUDIO_GONE))
    })
    const sweeping = setInterval(() => {
      void renditions.sweep().catch((thrown: unknown) => ctx.log.warn({ err: thrown }, 'pieces were not swept'))
    }, SWEEP_EVERY_MS).unref()
    ctx.metrics.gauge('transcodes_active', 'Encoders at work in this process', renditions.active)
    const covers = createCovers(ctx)
    const timelines = createTimelines(ctx)
    const codecs = ctx.media.settings.encoders
    const linkKeys = createLinkKeys({ db: ctx.db, vault: ctx.vault })
    const links = createLinks({ ...ctx, keys: linkKeys, identity: needs.identity })
    const routes = createRoutes({
      songs: here,
      albums: needs.albums,
      offload: createOffload(ctx),
      renditions,
      timelines,
      covers,
      blobs: ctx.blobs,
      codecs,
    })
    return {
      api: { streaming: createPlayback({ songs: here, links, codecs }) },
      routes: { streaming: withLinks(routes, links) },
      answers: { streaming: { createLink: noStore, getPlayback: noStore } },
      // Blobs go before the commit: a row without its blob is made again, a blob without its row would stay for hours.
      on: [
        onAudioReady,
        on<StreamingTables, typeof songsRemoved.payload>(songsRemoved, async (tx, { contentIds = [] }) => {
          await forgetTimelines(tx, contentIds)
          for (const key of await forgetContents(tx, contentIds)) await ctx.blobs.delete(key)
          await renditions.forget(contentIds)
          await ctx.pubsub.publish(AUDIO_GONE, contentIds)
        }),
        on<StreamingTables, typeof picturesRemoved.payload>(picturesRemoved, async (_tx, { hashes }) => {
          for (const hash of hashes) await covers.forget(hash)
        }),
      ],
      jobs: [runIndexAhead({ ctx, songs: here, timelines })],
      cron: [
        { name: 'streaming.sweep-renditions', everyMs: SWEEP_EVERY_MS, run: async () => void (await kept.sweep()) },
        {
          name: 'streaming.rotate-link-keys',
          everyMs: ROTATE_EVERY_MS,
          run: () => linkKeys.rotate(LINK_LIFE_SEC_MAX),
        },
      ],
      start: () => linkKeys.reseal(),
      async stop() {
        clearInterval(sweeping)
        unsubscribe()
        await renditions.stop()
      },
    }
  },
})
