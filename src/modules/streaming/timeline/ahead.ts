import { system } from '#kernel/caller.ts'
import { messageOf } from '#kernel/errors.ts'
import { type Ctx, type EventHandler, job, type JobHandler, on, runs } from '#kernel/module.ts'
import { Id, Type } from '#kernel/schema.ts'
import { songAudioReady } from '#modules/catalog/events.ts'
import type { StreamingTables } from '../store.ts'
import type { SongFile, Songs } from '../visible.ts'
import type { Timelines } from './timelines.ts'

/** Shorter files are read in a moment when somebody plays them. */
const LONG_MS = 10 * 60_000
/** Only these must be read whole. */
const READ_WHOLE = new Set(['mp3', 'aac'])
/** Behind all that somebody waits for. */
const PRIORITY = 20

/** Read where the frames of long songs lie, so that the first to play one does not wait for it. */
export const indexAheadJob = job('streaming.index-ahead.v1', Type.Object({ songIds: Type.Array(Id) }), {
  lane: 'quick',
  maxAttempts: 3,
})

const isLong = (file: SongFile): boolean =>
  !file.isMissing && READ_WHOLE.has(file.container) && file.durationMs >= LONG_MS

type Deps = {
  readonly ctx: Pick<Ctx<StreamingTables>, 'log' | 'media'>
  readonly songs: Songs
  readonly timelines: Timelines
}

export const onAudioReady: EventHandler<StreamingTables> = on<StreamingTables, typeof songAudioReady.payload>(
  songAudioReady,
  async (_tx, { songs }, { enqueue, key }) => {
    await enqueue(indexAheadJob, { songIds: songs.map((song) => song.songId) }, { key, priority: PRIORITY })
  },
)

/** One file after the other; what was read before a crash is not read again. */
export const runIndexAhead = ({ ctx, songs, timelines }: Deps): JobHandler =>
  runs(indexAheadJob, async ({ songIds }, { signal }) => {
    if (ctx.media.driver === 'none') return // nothing can be made from it
    const files = await songs.getSongFiles(system('streaming.index-ahead'), { ids: songIds })
    for (const file of files.filter(isLong)) {
      signal.throwIfAborted()
      await timelines.of(file).catch((thrown: unknown) => {
        ctx.log.info({ songId: file.songId, reason: messageOf(thrown) }, 'a long song could not be read ahead')
      })
    }
  })
