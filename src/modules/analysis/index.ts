import { ENGINE_VERSION } from '#engines/audio/index.ts'
import { type Ctx, defineModule, type Enqueue, on, runs } from '#kernel/module.ts'
import { songAudioReady, songsRemoved } from '#modules/catalog/events.ts'
import { songs } from '#modules/catalog/schema.ts'
import { analyzeSongJob, songAnalyzed } from './events.ts'
import { toFacets } from './facts.ts'
import { deleteFiles } from './files.ts'
import { createAnnouncer } from './progress.ts'
import { analyzeSong } from './run.ts'
import { analysis } from './schema.ts'
import { answers, createRoutes, createService } from './service.ts'
import * as store from './store.ts'
import type { AnalysisTables } from './tables.ts'
import { createPool, poolSize } from './worker/pool.ts'

/** Behind new songs: what could not be analysed before, and behind that what an older engine has analysed. */
const PRIORITY_LATER = 10
const PRIORITY_RENEW = 20
const CATCH_UP_EVERY_MS = 15 * 60_000
/** A song whose file was away is not asked for again before this. */
const CATCH_UP_AGE_MS = 10 * 60_000
const CATCH_UP_BATCH = 500

type Deps = { readonly ctx: Ctx<AnalysisTables>; readonly changed: () => void }

const onAudioReady = ({ ctx, changed }: Deps) =>
  on<AnalysisTables, typeof songAudioReady.payload>(songAudioReady, async (tx, payload, { emit, enqueue }) => {
    const contents = payload.songs.map((song) => song.contentId)
    const known = await store.featuresOf(tx, contents)
    for (const { songId, contentId } of payload.songs) {
      const features = known.get(contentId)
      const done = features
        ? ({ state: 'completed', progress: 1 } as const)
        : ({ state: 'pending', progress: 0 } as const)
      // What an older engine knows of it serves meanwhile, and the clock asks for a better answer.
      const isQueued = !features && ctx.config.enableAnalysis
      await store.putSong(tx, songId, { content_id: contentId, ...done, detail: null, is_queued: isQueued })
      if (features) await emit(songAnalyzed, toFacets(songId, 'completed', features))
      else if (isQueued) await enqueue(analyzeSongJob, { songId, contentId }, { key: songId })
    }
    changed()
  })

const onRemoved = ({ ctx, changed }: Deps) =>
  on<AnalysisTables, typeof songsRemoved.payload>(songsRemoved, async (tx, { songIds }) => {
    const unused = await store.removeSongs(tx, songIds)
    for (const { content_id, engine_version } of unused) await deleteFiles(ctx.blobs, content_id, engine_version)
    changed()
  })

/** Gives a job to songs that have none. Resolves how many. */
async function catchUp(ctx: Ctx<AnalysisTables>, olderThanMs: number): Promise<number> {
  if (!ctx.config.enableAnalysis || ctx.media.settings.driver === 'none') return 0
  if (await store.isPaused(ctx.db)) return 0
  const one = async (tx: Parameters<Parameters<typeof ctx.write>[0]>[0], enqueue: Enqueue) => {
    const rows = await store.unqueued(tx, { version: ENGINE_VERSION, olderThanMs, limit: CATCH_UP_BATCH })
    for (const { song_id, content_id, is_new } of rows) {
      const priority = is_new ? PRIORITY_LATER : PRIORITY_RENEW
      await enqueue(analyzeSongJob, { songId: song_id, contentId: content_id }, { key: song_id, priority })
    }
    await store.markQueued(
      tx,
      rows.map((row) => row.song_id),
    )
    return rows.length
  }
  let total = 0
  for (let last = CATCH_UP_BATCH; last === CATCH_UP_BATCH; total += last)
    last = await ctx.write((tx, _emit, enqueue) => one(tx, enqueue))
  return total
}

/** What the music is like, measured once per piece of audio, in threads of low priority. */
export default defineModule<AnalysisTables, { analysis: typeof analysis }, { songs: typeof songs }>({
  name: 'analysis',
  contracts: { analysis },
  needs: { songs },
  migrations: new URL('./migrations/', import.meta.url),
  create(ctx, needs) {
    const pool = createPool(poolSize(ctx.config.analysisWorkers))
    const announcer = createAnnouncer(ctx, pool.size)
    const changed = () => announcer.changed()
    const resume = async () => void (await catchUp(ctx, 0))
    const deps = { ctx, changed, pool, resume, songs: needs.songs, workers: pool.size }
    return {
      api: { analysis: createService(deps) },
      routes: { analysis: createRoutes(deps) },
      answers: { analysis: answers },
      on: [onAudioReady(deps), onRemoved(deps)],
      jobs: [runs(analyzeSongJob, (task, run) => analyzeSong(deps, task, run))],
      cron: [
        {
          name: 'analysis.catch-up',
          everyMs: CATCH_UP_EVERY_MS,
          run: async () => void (await catchUp(ctx, CATCH_UP_AGE_MS)),
        },
      ],
      start: async () => {
        if (ctx.duties.has('jobs')) await resume()
      },
      async stop() {
        announcer.stop()
        await pool.close()
      },
    }
  },
})
