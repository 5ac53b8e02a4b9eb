import { type Kysely, sql } from 'kysely'
import type { AnalysisTables, FeatureRow, SongRow, State, TimelineRow } from './tables.ts'

type Db = Kysely<AnalysisTables>
/** Songs whose time is averaged for the estimate. */
const ETA_SAMPLE = 50

export const findSong = (db: Db, songId: string): Promise<SongRow | undefined> =>
  db.selectFrom('analysis.songs').selectAll().where('song_id', '=', songId).executeTakeFirst()

export const findFeatures = (db: Db, contentId: string): Promise<FeatureRow | undefined> =>
  db.selectFrom('analysis.features').selectAll().where('content_id', '=', contentId).executeTakeFirst()

/** Both of one engine: in one look, so that no better answer comes in between. */
export async function findWhole(
  db: Db,
  contentId: string,
): Promise<{ features: FeatureRow; timelines: TimelineRow } | undefined> {
  const row = await db
    .selectFrom('analysis.features')
    .innerJoin('analysis.timelines', 'analysis.timelines.content_id', 'analysis.features.content_id')
    .selectAll('analysis.features')
    .select(['beats', 'downbeats', 'onsets', 'sections', 'spans'])
    .where('analysis.features.content_id', '=', contentId)
    .executeTakeFirst()
  return row && { features: row, timelines: row }
}

/** What is known of these contents, whichever engine found it. */
export async function featuresOf(db: Db, contentIds: readonly string[]) {
  if (contentIds.length === 0) return new Map<string, FeatureRow>()
  const rows = await db.selectFrom('analysis.features').selectAll().where('content_id', 'in', contentIds).execute()
  return new Map(rows.map((row) => [row.content_id, row as FeatureRow]))
}

type NewState = Omit<SongRow, 'song_id' | 'tried_version' | 'fault_code'> &
  Partial<Pick<SongRow, 'tried_version' | 'fault_code'>>
/** Sets the state of a song, known or not. */
export async function putSong(db: Db, songId: string, s: NewState): Promise<void> {
  await sql`insert into analysis.songs (song_id, content_id, state, progress, detail, is_queued)
    values (${songId}, ${s.content_id}, ${s.state}, ${s.progress}, ${s.detail}, ${s.is_queued})
    on conflict (song_id) do update set content_id = excluded.content_id, state = excluded.state,
      progress = excluded.progress, detail = excluded.detail, is_queued = excluded.is_queued, fault_code = null,
      tried_version = 0, updated_at = now()`.execute(db)
}

/** Changes a song only while it still has this content: a job of an older file must not speak for the new one. */
export async function setState(db: Db, songId: string, contentId: string, s: Partial<NewState>): Promise<void> {
  await db
    .updateTable('analysis.songs')
    .set({ ...s, updated_at: sql`now()` })
    .where('song_id', '=', songId)
    .where('content_id', '=', contentId)
    .execute()
}

export const songsOf = async (db: Db, contentId: string): Promise<string[]> =>
  (await db.selectFrom('analysis.songs').select('song_id').where('content_id', '=', contentId).execute()).map(
    (row) => row.song_id,
  )

/** Replaces what was known of this content, and completes every song that has it. */
export async function keepResult(db: Db, f: FeatureRow, t: TimelineRow): Promise<void> {
  // Two songs of the same content may end at the same moment.
  await sql`select pg_advisory_xact_lock(hashtextextended(${f.content_id}, 0))`.execute(db)
  await db.deleteFrom('analysis.features').where('content_id', '=', f.content_id).execute()
  await db
    .insertInto('analysis.features')
    .values({ ...f, analyzed_at: sql`now()` })
    .execute()
  await db.insertInto('analysis.timelines').values(t).execute()
  await db
    .updateTable('analysis.songs')
    .set({
      state: 'completed',
      progress: 1,
      detail: null,
      fault_code: null,
      is_queued: false,
      tried_version: f.engine_version,
      updated_at: sql`now()`,
    })
    .where('content_id', '=', f.content_id)
    .execute()
}

/** Forgets songs; resolves the contents that no song has any more, with the version of their files. */
export async function removeSongs(db: Db, songIds: readonly string[]) {
  if (songIds.length === 0) return []
  const gone = await db.deleteFrom('analysis.songs').where('song_id', 'in', songIds).returning('content_id').execute()
  const contents = [...new Set(gone.map((row) => row.content_id))]
  return removeUnused(db, contents)
}

/** Deletes features that no song has. */
export async function removeUnused(db: Db, contentIds: readonly string[]) {
  if (contentIds.length === 0) return []
  return db
    .deleteFrom('analysis.features')
    .where('content_id', 'in', contentIds)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('analysis.songs')
            .select('song_id')
            .whereRef('analysis.songs.content_id', '=', 'analysis.features.content_id'),
        ),
      ),
    )
    .returning(['content_id', 'engine_version'])
    .execute()
}

/**
 * Songs that should be analysed and that no job waits for: pending ones, and those that an older engine analysed or
 * failed at. New songs first.
 */
export async function unqueued(db: Db, o: { version: number; olderThanMs: number; limit: number }) {
  const { rows } = await sql<{ song_id: string; content_id: string; is_new: boolean }>`
    select song_id, content_id, state = 'pending' as is_new from analysis.songs
    where not is_queued and updated_at < now() - ${o.olderThanMs} * interval '1 millisecond'
      and (state = 'pending' or (tried_version < ${o.version} and (state = 'failed' or not exists (
        select from analysis.features f where f.content_id = songs.content_id and f.engine_version >= ${o.version}))))
    order by state <> 'pending', updated_at limit ${o.limit} for update skip locked`.execute(db)
  return rows
}

export const isPaused = async (db: Db): Promise<boolean> =>
  (await db.selectFrom('analysis.control').select('is_paused').executeTakeFirst())?.is_paused ?? false

export const setPaused = async (db: Db, isPausedNow: boolean): Promise<void> =>
  void (await db.updateTable('analysis.control').set({ is_paused: isPausedNow }).execute())

export async function markQueued(db: Db, songIds: readonly string[]): Promise<void> {
  if (songIds.length === 0) return
  await db
    .updateTable('analysis.songs')
    .set({ is_queued: true, updated_at: sql`now()` })
    .where('song_id', 'in', songIds)
    .execute()
}

export type Counts = Record<State, number> & { meanMs: number | null; renewing: number; isPaused: boolean }

/** Songs in each state, those that wait for a better answer, and the mean time of the last analyses. */
export async function count(db: Db, version: number): Promise<Counts> {
  const { rows } = await sql<Counts>`
    select count(*) filter (where state = 'pending')::int as pending,
      count(*) filter (where state = 'processing')::int as processing,
      count(*) filter (where state = 'completed')::int as completed,
      count(*) filter (where state = 'failed')::int as failed,
      (select avg(took_ms)::float8 from (
        select took_ms from analysis.features order by analyzed_at desc limit ${ETA_SAMPLE}) last) as "meanMs",
      (select count(*)::int from analysis.features f join analysis.songs s on s.content_id = f.content_id
        where f.engine_version < ${version} and s.state = 'completed' and s.tried_version < ${version}) as renewing,
      (select is_paused from analysis.control) as "isPaused"
    from analysis.songs`.execute(db)
  return rows[0] as Counts
}
