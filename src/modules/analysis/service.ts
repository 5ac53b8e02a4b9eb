import type { Caller } from '#kernel/caller.ts'
import { isAdmin } from '#kernel/caller.ts'
import type { Answers, Api, RawHandlers } from '#kernel/contract.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { authorize, type Policy } from '#kernel/policy.ts'
import type { Song, songs } from '#modules/catalog/schema.ts'
import { analyzeSongJob } from './events.ts'
import { toAnalysis } from './facts.ts'
import { waveformKey } from './files.ts'
import { sendFrames } from './frames.ts'
import { analyzeOnce } from './once.ts'
import { peaksOf } from './peaks.ts'
import { queueOf } from './progress.ts'
import { NO_FFMPEG } from './run.ts'
import type { Analysis, analysis, PendingAnalysis } from './schema.ts'
import { partOf } from './shapes.ts'
import * as store from './store.ts'
import type { AnalysisTables, FeatureRow, SongRow } from './tables.ts'
import type { AnalysisPool } from './worker/pool.ts'

/** Asked for by a person: before what only waits its turn. */
const PRIORITY_ASKED = -10
const RETRY_AFTER_SEC = 5
const POINTS_DEFAULT = 800
const SWITCHED_OFF = 'Analysis is switched off: set ENABLE_ANALYSIS to true.'

type Songs = Api<typeof songs>
export type ServiceDeps = {
  readonly ctx: Ctx<AnalysisTables>
  readonly songs: Songs
  readonly workers: number
  readonly pool: AnalysisPool
  /** Gives jobs to all songs that wait without one. */
  readonly resume: () => Promise<void>
  readonly changed: () => void
}

const policy: Policy<Song, 'see' | 'analyze'> = {
  thing: 'song',
  see: 'see',
  may: {
    // Whoever got the song from the catalogue may see it.
    see: () => true,
    analyze: (who, song) => isAdmin(who) || (song.ownerId !== null && song.ownerId === who.userId),
  },
}

const notAnalysed = () =>
  new AppError(
    404,
    'analysis_pending',
    'This song has not been analysed yet: see /songs/{id}/analysis for how far it is.',
    {
      retryAfterSec: RETRY_AFTER_SEC,
    },
  )

/** The content of a song that `who` may hear; the catalogue's policy answers 401 or 404 otherwise. */
async function contentOf(songs: Songs, who: Caller, id: string): Promise<string> {
  const [file] = await songs.getSongFiles(who, { ids: [id] })
  if (file) return file.contentId
  await songs.getSong(who, { id })
  throw notFound('song')
}

/** A song without a row waits for its event; a row of another content is about what the file was before. */
function pendingOf({ config, media }: Ctx<AnalysisTables>, row: SongRow | undefined): PendingAnalysis {
  const waiting = { status: 'pending', progress: 0 } as const
  if (!config.enableAnalysis) return { ...waiting, code: 'analysis_off', detail: SWITCHED_OFF }
  const noTools =
    media.settings.driver === 'none' ? { code: 'media_tools_missing', detail: NO_FFMPEG } : { code: null, detail: null }
  if (!row || row.state === 'completed') return { ...waiting, ...noTools }
  const told = row.detail === null ? noTools : { code: row.fault_code, detail: row.detail }
  return { status: row.state, progress: row.progress, ...told }
}

export function createService(d: ServiceDeps): Api<typeof analysis> {
  const { ctx, songs, workers, changed } = d
  const { db } = ctx
  async function known(contentId: string, id: string): Promise<Analysis | undefined> {
    const found = await store.findWhole(db, contentId)
    return found && toAnalysis(found.features, found.timelines, id)
  }
  return {
    async getAnalysis(who, { id }) {
      const contentId = await contentOf(songs, who, id)
      const found = await known(contentId, id)
      if (found) return found
      const row = await store.findSong(db, id)
      return pendingOf(ctx, row?.content_id === contentId ? row : undefined)
    },
    async getAnalysisPart(who, { id, part }) {
      const found = await known(await contentOf(songs, who, id), id)
      if (!found) throw notAnalysed()
      return partOf(found, part)
    },
    async analyzeSong(who, { id }) {
      const song = await songs.getSong(who, { id })
      authorize(policy, who, 'analyze', song)
      const contentId = await contentOf(songs, who, id)
      await ctx.write(async (tx, _emit, enqueue) => {
        const waiting = { state: 'pending', progress: 0, detail: null, is_queued: true } as const
        await store.putSong(tx, id, { content_id: contentId, ...waiting })
        await enqueue(analyzeSongJob, { songId: id, contentId, again: true }, { key: id, priority: PRIORITY_ASKED })
      })
      changed()
      return pendingOf(ctx, await store.findSong(db, id))
    },
    getQueue: () => queueOf(ctx, workers),
    async setQueue(_who, { isPaused }) {
      await store.setPaused(db, isPaused)
      if (!isPaused) await d.resume()
      changed()
      return queueOf(ctx, workers)
    },
    analyzeFile: (who, input) => analyzeOnce(d, who, input),
    async getWaveform(who, { id, points = POINTS_DEFAULT }) {
      const contentId = await contentOf(songs, who, id)
      const found = await withFiles(ctx, contentId, async (features) => {
        const bytes = await ctx.blobs.bytes(waveformKey(contentId, features.engine_version))
        return bytes && { features, bytes }
      })
      return { songId: id, durationSec: found.features.duration_sec, ...peaksOf(found.bytes, points) }
    },
  }
}

/**
 * What `read` makes of a song's files. A better answer may take the place of the one that was looked up, and its files
 * with it: then the new one is looked up. Throws 404 `analysis_pending`.
 */
async function withFiles<T>(
  ctx: Ctx<AnalysisTables>,
  contentId: string,
  read: (features: FeatureRow) => Promise<T | undefined>,
): Promise<T> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const features = await store.findFeatures(ctx.db, contentId)
    const found = features && (await read(features))
    if (found !== undefined) return found
  }
  throw notAnalysed()
}

export const createRoutes = ({ ctx, songs }: ServiceDeps): RawHandlers<typeof analysis> => ({
  async getFrames(who, { id, v }, request, reply) {
    const contentId = await contentOf(songs, who, id)
    return withFiles(ctx, contentId, ({ engine_version: version }) =>
      sendFrames(ctx.blobs, { contentId, version, isPinned: v !== undefined }, request, reply),
    )
  },
})

/** 202 asks a client to come again; a failure is a final answer. */
export const answers: Answers<typeof analysis> = {
  getAnalysis: (output, _request, reply) => {
    const { status } = output as Analysis | PendingAnalysis
    if (status === 'pending' || status === 'processing') reply.code(202).header('retry-after', String(RETRY_AFTER_SEC))
    return output
  },
}
