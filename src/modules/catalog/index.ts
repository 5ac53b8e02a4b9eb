import { defineModule, on, runs } from '#kernel/module.ts'
import { songAnalyzed } from '#modules/analysis/events.ts'
import { removeFolderJob, scanJob } from './events.ts'
import { createRunner } from './scan/runner.ts'
import { createWatcher } from './scan/watch.ts'
import { albums, library, songs } from './schema.ts'
import { createAlbums } from './service/albums.ts'
import { adoptConfigured, requestScan } from './service/folders.ts'
import { createLibrary } from './service/library.ts'
import { forgetGone, removeRetired } from './service/publish.ts'
import { createSongs } from './service/songs.ts'
import type { Tables } from './store/db.ts'
import { saveFacets } from './store/lifecycle.ts'

const FORGET_EVERY_MS = 6 * 3_600_000

export default defineModule<
  Tables,
  { songs: typeof songs; albums: typeof albums; library: typeof library },
  Record<never, never>
>({
  name: 'catalog',
  contracts: { songs, albums, library },
  needs: {},
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx) {
    const runner = createRunner(ctx)
    const works = ctx.duties.has('jobs') || ctx.duties.has('cron')
    const watcher = works ? createWatcher(ctx, runner) : undefined
    return {
      api: { songs: createSongs(ctx), albums: createAlbums(ctx), library: createLibrary(ctx) },
      on: [on<Tables, typeof songAnalyzed.payload>(songAnalyzed, (tx, facets) => saveFacets(tx, facets))],
      jobs: [
        runs(scanJob, ({ full, folderIds }, { signal }) =>
          runner.all({ depth: full ? 'full' : 'changes', folderIds }, signal),
        ),
        runs(removeFolderJob, ({ folderId }, { signal }) => removeRetired(ctx, folderId, signal)),
      ],
      cron: [{ name: 'catalog.forget-gone', everyMs: FORGET_EVERY_MS, run: (signal) => forgetGone(ctx, signal) }],
      async start() {
        if (!works) return
        await adoptConfigured(ctx)
        await requestScan(ctx, { full: false })
        await watcher?.start()
      },
      async stop() {
        await watcher?.stop()
        await runner.idle()
      },
    }
  },
})
