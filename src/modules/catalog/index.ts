import { defineModule, on, runs } from '#kernel/module.ts'
import { songAnalyzed } from '#modules/analysis/events.ts'
import { userDeleted } from '#modules/identity/events.ts'
import { identity } from '#modules/identity/schema.ts'
import { lookAtCoversJob, rebuildSearchJob, removeFolderJob, removeOwnedJob, scanJob } from './events.ts'
import { peopleAmongOf } from './library/access.ts'
import { forgetChanges } from './library/changes.ts'
import { lookAtCovers, requestLooks } from './scan/looks.ts'
import { createRunner } from './scan/runner.ts'
import { createWatcher } from './scan/watch.ts'
import { albumAnswers } from './albums/answer.ts'
import { removeOwnedAlbums } from './albums/remove.ts'
import { createModeration } from './moderation/service.ts'
import { albums, library, moderation, songs, uploads } from './schema.ts'
import { rebuildDocuments, requestRebuild } from './search/rebuild.ts'
import { createAlbums } from './service/albums.ts'
import { adoptConfigured, requestFirstScan, wishOf } from './service/folders.ts'
import { createLibrary } from './service/library.ts'
import { createNews } from './service/news.ts'
import { forgetGone, removeOwned, removeRetired } from './service/publish.ts'
import { createSongs } from './service/songs.ts'
import { sweepErased } from './service/erased.ts'
import { songAnswers } from './studio/service.ts'
import type { Tables } from './store/db.ts'
import { noteErased } from './store/erased.ts'
import { saveFacets } from './store/lifecycle.ts'
import { uploadDuties } from './uploads/index.ts'
import { createUploads } from './uploads/service.ts'
import { tusRoutes } from './uploads/tus/routes.ts'

type Contracts = {
  songs: typeof songs
  albums: typeof albums
  library: typeof library
  moderation: typeof moderation
  uploads: typeof uploads
}
type Needs = { identity: typeof identity }
const FORGET_EVERY_MS = 6 * 3_600_000
const SWEEP_ERASED_EVERY_MS = 3_600_000

export default defineModule<Tables, Contracts, Needs>({
  name: 'catalog',
  contracts: { songs, albums, library, moderation, uploads },
  needs: { identity },
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx, { identity: people }) {
    const runner = createRunner(ctx)
    const works = ctx.duties.has('jobs') || ctx.duties.has('cron')
    // Watching is clockwork; it scans by itself what it sees change, so it needs no job.
    const watcher = ctx.duties.has('cron') ? createWatcher(ctx, runner) : undefined
    const news = createNews(ctx)
    const uploading = uploadDuties(ctx)
    let starting: Promise<void> | undefined
    return {
      api: {
        songs: createSongs(ctx),
        albums: createAlbums(ctx),
        library: createLibrary(ctx, peopleAmongOf(ctx, people)),
        moderation: createModeration(ctx),
        uploads: createUploads(ctx),
      },
      routes: { uploads: tusRoutes(ctx) },
      answers: {
        songs: songAnswers,
        albums: albumAnswers,
      },
      on: [
        on<Tables, typeof songAnalyzed.payload>(songAnalyzed, async (tx, facets, { after }) => {
          await saveFacets(tx, [facets])
          const ended = await uploading.analyzed(tx, facets)
          after(() => uploading.tellAll(ended))
          after(news.soon)
        }),
        on<Tables, typeof userDeleted.payload>(userDeleted, async (tx, { userId }, { enqueue }) => {
          await noteErased(tx, userId)
          await enqueue(removeOwnedJob, { ownerId: userId })
        }),
      ],
      jobs: [
        runs(scanJob, (wish, { signal }) => runner.all(wishOf(wish), signal)),
        runs(removeOwnedJob, async ({ ownerId }, { signal }) => {
          await removeOwnedAlbums(ctx, ownerId, signal)
          await removeOwned(ctx, ownerId, signal)
        }),
        ...uploading.jobs,
        runs(rebuildSearchJob, (_, { signal }) => rebuildDocuments(ctx, signal)),
        runs(lookAtCoversJob, (_, { signal }) => lookAtCovers(ctx, signal)),
        runs(removeFolderJob, ({ folderId }, { signal }) => removeRetired(ctx, folderId, signal)),
      ],
      cron: [
        ...uploading.cron,
        { name: 'catalog.sweep-erased', everyMs: SWEEP_ERASED_EVERY_MS, run: () => sweepErased(ctx) },
        { name: 'catalog.forget-gone', everyMs: FORGET_EVERY_MS, run: (signal) => forgetGone(ctx, signal) },
        { name: 'catalog.forget-changes', everyMs: FORGET_EVERY_MS, run: (signal) => forgetChanges(ctx, signal) },
      ],
      async start() {
        if (!works) return
        await adoptConfigured(ctx)
        await requestRebuild(ctx)
        await requestLooks(ctx)
        await sweepErased(ctx)
        await uploading.start()
        // Not awaited: the watch of a large library takes its time. First watch, then scan: nothing falls in between.
        starting = (async () => {
          await watcher?.start()
          await requestFirstScan(ctx)
        })()
        starting.catch((err: unknown) => ctx.log.error({ err }, 'the first scan could not be asked for'))
      },
      async stop() {
        news.stop()
        await uploading.stop()
        await watcher?.stop()
        // A scan that runs as a job is ended with the jobs.
        await starting?.catch(() => {})
      },
    }
  },
})
