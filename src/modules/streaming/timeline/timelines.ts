import { stat } from 'node:fs/promises'
import { createLru } from '#kernel/cache/lru.ts'
import type { Timeline } from '#kernel/media/index.ts'
import type { Ctx } from '#kernel/module.ts'
import type { SourceLength } from '../renditions/layout.ts'
import type { StreamingTables } from '../store.ts'
import { orMissing, type SongFile } from '../visible.ts'
import { packTimeline, TIMELINE_FORMAT, unpackTimeline } from './pack.ts'
import { findTimeline, keepTimeline, type TimelineId } from './store.ts'

/** In memory: of songs of usual length about a thousand fit. */
const KEPT_MAX = 2000
const KEPT_BYTES_MAX = 16 * 1024 * 1024
/** What an object with one number for each 32 frames takes, in characters of its JSON. */
const CHARACTERS_PER_ENTRY = 8
const CHARACTERS = 300

export type SourceTimeline = SourceLength & { readonly timeline: Timeline }
export type Timelines = {
  /** Throws 404 `file_missing`, and what `media.timeline` throws. */
  of(file: SongFile): Promise<SourceTimeline>
}
type TimelinesCtx = Pick<Ctx<StreamingTables>, 'db' | 'media'>

const keyOf = (id: TimelineId): string => `${id.contentId}/${id.fileVersion}`

/** Changes with every change of the file. What was uploaded never changes, and its copy may not be here yet. */
async function idOf(file: SongFile, path: Buffer): Promise<TimelineId> {
  const { contentId, blobKey, sizeBytes } = file
  if (blobKey !== null) return { contentId, fileVersion: `${TIMELINE_FORMAT}-${sizeBytes.toString(36)}-blob` }
  const { size, mtimeMs } = await stat(path).catch(orMissing)
  return { contentId, fileVersion: `${TIMELINE_FORMAT}-${size.toString(36)}-${Math.round(mtimeMs).toString(36)}` }
}

/**
 * How long songs are to the sample, and where their frames lie: from memory, else from the database, else from the
 * file, which is read once however many ask.
 */
export function createTimelines(ctx: TimelinesCtx): Timelines {
  const kept = createLru({ entriesMax: KEPT_MAX, bytesMax: KEPT_BYTES_MAX, nowMs: () => 0 })
  const flights = new Map<string, Promise<Timeline>>()

  async function read(id: TimelineId, path: Buffer): Promise<Timeline> {
    const data = await findTimeline(ctx.db, id)
    const known = data && unpackTimeline(data)
    const timeline = known ?? (await ctx.media.timeline(path).catch(orMissing))
    if (!known) await keepTimeline(ctx.db, id, packTimeline(timeline))
    const entries = timeline.frames?.offsets.length ?? 0
    const jsonLength = CHARACTERS + entries * CHARACTERS_PER_ENTRY
    kept.set(keyOf(id), { value: timeline, jsonLength, expiresAtMs: Number.POSITIVE_INFINITY, tags: [] })
    return timeline
  }
  function join(id: TimelineId, path: Buffer): Promise<Timeline> {
    const key = keyOf(id)
    const flying = flights.get(key)
    if (flying) return flying
    const flight = read(id, path).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
  return {
    async of(file) {
      const path = Buffer.from(file.pathBase64, 'base64')
      const id = await idOf(file, path)
      const timeline = (kept.get(keyOf(id))?.value as Timeline | undefined) ?? (await join(id, path))
      const { sampleRateHz, samples, channels, bits } = timeline
      return { sampleRateHz, samples, channels, bits, timeline }
    },
  }
}
