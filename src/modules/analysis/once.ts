/** The analysis of a file that nobody keeps. */
import type { Caller } from '#kernel/caller.ts'
import { badRequest, tooMany, unavailable, unprocessable } from '#kernel/errors.ts'
import { filesOf } from '#kernel/http/forms.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { toAnalysis, toFeatures, toTimelines } from './facts.ts'
import { NO_FFMPEG } from './run.ts'
import type { Analysis } from './schema.ts'
import type { AnalysisTables } from './tables.ts'
import type { AnalysisPool } from './worker/pool.ts'

/** Files of people that wait or are at work in one process, and how many of them are one person's. */
const AT_ONCE_MAX = 8
const AT_ONCE_PER_PERSON_MAX = 2
const RETRY_AFTER_SEC = 5

type Deps = { readonly ctx: Ctx<AnalysisTables>; readonly pool: AnalysisPool }
const busyOf = new WeakMap<AnalysisPool, string[]>()

/** Takes a place until `leave`. Throws 429 `analysis_busy`. */
function takePlace(pool: AnalysisPool, userId: string): () => void {
  const busy = busyOf.get(pool) ?? []
  busyOf.set(pool, busy)
  const own = busy.filter((id) => id === userId).length
  if (busy.length >= AT_ONCE_MAX || own >= AT_ONCE_PER_PERSON_MAX)
    throw tooMany('Other files are being analysed: send this one when they are done.', RETRY_AFTER_SEC, 'analysis_busy')
  busy.push(userId)
  return () => void busy.splice(busy.indexOf(userId), 1)
}

/** Throws 400 `upload_missing` without a file, 422 with what is wrong with it, 429 `analysis_busy`. */
export async function analyzeOnce({ ctx, pool }: Deps, who: Caller, input: object): Promise<Analysis> {
  signedIn(who)
  const file = filesOf(input)['audio']?.[0]
  if (!file) throw badRequest('upload_missing', 'Send the file as the field "audio" of a form.')
  if (ctx.media.settings.driver === 'none') throw unavailable('media_tools_missing', NO_FFMPEG)
  const leave = takePlace(pool, who.userId)
  try {
    const probe = await ctx.media.probe(file.path)
    if (!probe.ok) throw unprocessable(probe.reasonCode, probe.reason)
    const startedAt = performance.now()
    const { channels, durationMs } = probe
    const task = {
      settings: ctx.media.settings,
      path: Buffer.from(file.path),
      channels,
      durationSec: durationMs / 1000,
    }
    const found = await pool.run(task, { isAsked: true })
    return toAnalysis(toFeatures(file.sha256, found, performance.now() - startedAt), toTimelines(file.sha256, found))
  } finally {
    leave()
  }
}
