import { system } from '#kernel/caller.ts'
import { filesHere } from '#kernel/blob/files-here.ts'
import type { Api } from '#kernel/contract.ts'
import { AppError, conflict, messageOf } from '#kernel/errors.ts'
import { ENGINE_VERSION, type TrackAnalysis } from '#engines/audio/index.ts'
import type { Ctx, JobRun } from '#kernel/module.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { analysisReady, songAnalyzed } from './events.ts'
import { toFacets, toFeatures, toTimelines } from './facts.ts'
import { deleteFiles, keepFiles } from './files.ts'
import { markOf } from './mark.ts'
import * as store from './store.ts'
import type { AnalysisTables, FeatureRow } from './tables.ts'
import type { AnalysisPool } from './worker/pool.ts'

/** Progress is written to the database at most this often. */
const PROGRESS_EVERY_MS = 1000
export const NO_FFMPEG =
  'FFmpeg is missing, so nothing can be analysed: install it (for example "apt install ffmpeg"), name it in FFMPEG_BIN, or install the npm package @ffmpeg/core; then start Tutti again.'
const WAITS = {
  media_tools_missing: NO_FFMPEG,
  file_missing: 'The file of this song is not where it was: it is analysed as soon as it is back.',
  analysis_paused: 'An admin has paused the analysis.',
  file_changed:
    'The file of this song is being changed: it is analysed when that is over and the library has read it anew.',
} as const
type Wait = keyof typeof WAITS

type Songs = Api<typeof songs>
type SongFile = Awaited<ReturnType<Songs['getSongFiles']>>[number]
export type Task = { readonly songId: string; readonly contentId: string; readonly again?: boolean }
export type RunDeps = {
  readonly ctx: Ctx<AnalysisTables>
  readonly songs: Songs
  readonly pool: AnalysisPool
  /** The state of some song changed. */
  readonly changed: () => void
}

/** A file that is at fault stays so however often it is tried; a broken worker or disk may not. */
const isFaultOfFile = (thrown: unknown): thrown is AppError =>
  thrown instanceof AppError && thrown.status >= 400 && thrown.status < 500

/**
 * One song, from its file to rows, files and facts. Resolves when there is nothing more to do for this job, also when
 * the file is at fault (the song says why); rejects for another try.
 */
export async function analyzeSong(d: RunDeps, task: Task, run: JobRun): Promise<void> {
  const { ctx } = d
  const [file] = filesHere(ctx.blobs, await d.songs.getSongFiles(system(ctx.newId()), { ids: [task.songId] }))
  // Removed or replaced meanwhile: the event that says so has brought or will bring the right job.
  if (file?.contentId !== task.contentId) return
  const known = (await store.featuresOf(ctx.db, [task.contentId])).get(task.contentId)
  if (!task.again && known && known.engine_version >= ENGINE_VERSION) return reuse(d, task, file, known)
  const wait = await reasonToWait(d, task, file)
  if (wait) return postpone(d, task, known, wait)
  // Whoever has an answer is at work, too, but not without one.
  const begun = { state: known && !task.again ? 'completed' : 'processing', progress: 0, detail: null } as const
  await store.setState(ctx.db, task.songId, task.contentId, begun)
  d.changed()
  const startedAt = performance.now()
  const analysis = await measure(d, task, file, run).catch((thrown: unknown) =>
    failed(d, { ...task, known, run }, thrown),
  )
  if (analysis) await complete(d, task, file, { analysis, tookMs: performance.now() - startedAt })
}

async function reasonToWait({ ctx }: RunDeps, task: Task, file: SongFile): Promise<Wait | undefined> {
  if (!task.again && (await store.isPaused(ctx.db))) return 'analysis_paused'
  if (ctx.media.settings.driver === 'none') return 'media_tools_missing'
  return file.isMissing ? 'file_missing' : undefined
}

/** The same audio was analysed for another song, or before a restart. */
async function reuse(d: RunDeps, { songId, contentId }: Task, file: SongFile, found: FeatureRow): Promise<void> {
  await d.ctx.write(async (tx, emit) => {
    const done = { state: 'completed', progress: 1, detail: null, fault_code: null, is_queued: false } as const
    await store.setState(tx, songId, contentId, done)
    await emit(songAnalyzed, toFacets(songId, 'completed', found))
  })
  announce(d, file, found)
}

/** Keeps the song without a job: asked for again at start and by the clock, never in a loop. */
async function postpone(
  d: RunDeps,
  { songId, contentId }: Task,
  known: FeatureRow | undefined,
  why: Wait,
): Promise<void> {
  const state = known ? 'completed' : 'pending'
  const waits = { state, progress: known ? 1 : 0, detail: WAITS[why], fault_code: why, is_queued: false } as const
  await store.setState(d.ctx.db, songId, contentId, waits)
  d.changed()
}

async function measure(d: RunDeps, task: Task, file: SongFile, run: JobRun): Promise<TrackAnalysis> {
  const song = await d.songs.getSong(system(d.ctx.newId()), { id: task.songId })
  let notedAt = 0
  const onProgress = (progress: number) => {
    if (performance.now() - notedAt < PROGRESS_EVERY_MS) return
    notedAt = performance.now()
    const written = [run.progress(progress), store.setState(d.ctx.db, task.songId, task.contentId, { progress })]
    Promise.all(written).catch((err: unknown) => d.ctx.log.warn({ err }, 'progress of an analysis was not written'))
  }
  const path = Buffer.from(file.pathBase64, 'base64')
  const release = await d.ctx.blobs.holdPath(path.toString())
  const { settings } = d.ctx.media
  const work = { settings, path, channels: song.channels ?? 2, durationSec: file.durationMs / 1000 }
  try {
    const before = await markOf(path)
    if (before && before.sizeBytes !== file.sizeBytes) throw fileChanged()
    const analysis = await d.pool.run(work, { signal: run.signal, onProgress })
    if (before && (await markOf(path))?.text !== before.text) throw fileChanged()
    return analysis
  } finally {
    release()
  }
}

const fileChanged = () => conflict('file_changed', WAITS.file_changed)

type Failed = Task & { readonly known: FeatureRow | undefined; readonly run: JobRun }

/** Resolves undefined when the job is over, rejects when it is to be tried again. What was known before stays. */
async function failed(d: RunDeps, task: Failed, thrown: unknown): Promise<undefined> {
  const { songId, contentId, known, run } = task
  const rest = known ? ({ state: 'completed', progress: 1 } as const) : ({ state: 'pending', progress: 0 } as const)
  if (run.signal.aborted) {
    await store.setState(d.ctx.db, songId, contentId, { ...rest, detail: null })
    throw thrown
  }
  if (codeOf(thrown) === 'file_changed') {
    await postpone(d, task, known, 'file_changed')
    return undefined
  }
  const isOver = isFaultOfFile(thrown) || run.lastAttempt
  d.ctx.log.warn({ songId, attempt: run.attempt, err: thrown }, 'a song could not be analysed')
  const over = { ...(known ? rest : ({ state: 'failed', progress: 0 } as const)), tried_version: ENGINE_VERSION }
  const why = { detail: messageOf(thrown), fault_code: codeOf(thrown), is_queued: !isOver }
  await d.ctx.write(async (tx, emit) => {
    await store.setState(tx, songId, contentId, { ...(isOver ? over : rest), ...why })
    if (isOver && !known) await emit(songAnalyzed, toFacets(songId, 'failed'))
  })
  d.changed()
  if (!isOver) throw thrown
  return undefined
}

const codeOf = (thrown: unknown): string => (thrown instanceof AppError ? thrown.code : 'analysis_failed')

type Result = { readonly analysis: TrackAnalysis; readonly tookMs: number }

async function complete(d: RunDeps, { contentId }: Task, file: SongFile, { analysis, tookMs }: Result): Promise<void> {
  const { ctx } = d
  const before = await store.findFeatures(ctx.db, contentId)
  await keepFiles(ctx.blobs, contentId, analysis)
  const features = toFeatures(contentId, analysis, tookMs)
  // One transaction: until then the answer before it is whole.
  await ctx.write(async (tx, emit) => {
    await store.keepResult(tx, features, toTimelines(contentId, analysis))
    for (const songId of await store.songsOf(tx, contentId))
      await emit(songAnalyzed, toFacets(songId, 'completed', features))
  })
  if (before && before.engine_version !== ENGINE_VERSION) await deleteFiles(ctx.blobs, contentId, before.engine_version)
  announce(d, file, features)
}

/** Of a song that is not everybody's only admins are told here; its owner sees it in lists. */
function announce(d: RunDeps, file: SongFile, f: Pick<FeatureRow, 'tempo' | 'key' | 'camelot'>): void {
  const payload = { songId: file.songId, tempo: f.tempo, key: f.key, camelot: f.camelot }
  if (file.isShared) d.ctx.realtime.toAll(analysisReady, payload)
  else d.ctx.realtime.toAdmins(analysisReady, payload)
  d.changed()
}
