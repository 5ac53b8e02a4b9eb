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
import { createCopySources } from './renditions/copies/sources.ts'
import { startRenditions } from './renditions/index.ts'
import { createRoutes } from './routes.ts'
import { streaming } from './schema.ts'
import { forgetContents, type StreamingTables } from './store.ts'
import { onAudioReady, runIndexAhead } from './timeline/ahead.ts'
import { forgetTimelines } from './timeline/store.ts'
import { createTimelines } from './timeline/timelines.ts'

const SWEEP_EVERY_MS = 6 * 3_600_000
const ROTATE_EVERY_MS = 24 * 3_600_000

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
    const renditions = startRenditions(ctx)
    const covers = createCovers(ctx)
    const timelines = createTimelines(ctx)
    const copies = createCopySources(ctx)
    const codecs = ctx.media.settings.encoders
    const linkKeys = createLinkKeys({ db: ctx.db, vault: ctx.vault })
    const links = createLinks({ ...ctx, keys: linkKeys, identity: needs.identity })
    const routes = createRoutes({
      songs: here,
      albums: needs.albums,
      offload: createOffload(ctx),
      renditions,
      timelines,
      copies,
      covers,
      blobs: ctx.blobs,
      codecs,
    })
    return {
      api: { streaming: createPlayback({ songs: here, links, copies, codecs }) },
      routes: { streaming: withLinks(routes, links) },
      answers: { streaming: { createLink: noStore, getPlayback: noStore } },
      // Blobs go before the commit: a row without its blob is made again, a blob without its row would stay for hours.
      on: [
        onAudioReady,
        on<StreamingTables, typeof songsRemoved.payload>(songsRemoved, async (tx, { contentIds = [] }) => {
          await forgetTimelines(tx, contentIds)
          for (const key of await forgetContents(tx, contentIds)) await ctx.blobs.delete(key)
          await renditions.forget(contentIds)
        }),
        on<StreamingTables, typeof picturesRemoved.payload>(picturesRemoved, async (_tx, { hashes }) => {
          for (const hash of hashes) await covers.forget(hash)
        }),
      ],
      jobs: [runIndexAhead({ ctx, songs: here, timelines })],
      cron: [
        {
          name: 'streaming.sweep-renditions',
          everyMs: SWEEP_EVERY_MS,
          run: async () => void (await renditions.sweepBlobs()),
        },
        {
          name: 'streaming.rotate-link-keys',
          everyMs: ROTATE_EVERY_MS,
          run: () => linkKeys.rotate(LINK_LIFE_SEC_MAX),
        },
      ],
      start: () => linkKeys.reseal(),
      stop: () => renditions.stop(),
    }
  },
})
