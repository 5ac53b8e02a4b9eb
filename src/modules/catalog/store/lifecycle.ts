import { sql } from 'kysely'
import { moodOf } from '#modules/catalog/mood.ts'
import type { Db } from './db.ts'
import { measureAlbumsOf } from './loudness.ts'

/** Songs whose last living file is gone: off the shelf, to be forgotten later. Returns those that were on it. */
export async function shelveSongs(db: Db, songIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update catalog.songs s set is_missing = true, gone_at = now(), updated_at = now()
    where s.id = any(${[...songIds]}::uuid[]) and s.gone_at is null
      and not exists (select from catalog.library_files lf where lf.song_id = s.id and lf.state <> 'missing')
    returning s.id`.execute(db)
  return rows.map((r) => r.id)
}

/** Songs whose file can no longer be played stay in sight, marked. */
export async function markSongsMissing(db: Db, songIds: readonly string[]): Promise<void> {
  await sql`update catalog.songs set is_missing = true, updated_at = now()
    where id = any(${[...songIds]}::uuid[]) and not is_missing`.execute(db)
}

/** The folder cannot be reached: nothing is known of its files, so nothing is removed. Returns how many it concerns. */
export async function markFolderMissing(db: Db, folderId: string): Promise<number> {
  const { numAffectedRows } = await sql`
    update catalog.songs set is_missing = true, updated_at = now()
    where folder_id = ${folderId}::uuid and not is_missing`.execute(db)
  return Number(numAffectedRows ?? 0)
}
/** The folder is back: songs whose file was fine are again what they were. */
export async function markFolderPresent(db: Db, folderId: string): Promise<number> {
  const { numAffectedRows } = await sql`
    update catalog.songs s set is_missing = false, updated_at = now()
    from catalog.library_files lf
    where lf.song_id = s.id and lf.folder_id = ${folderId}::uuid and lf.state = 'ok' and s.is_missing
      and s.gone_at is null`.execute(db)
  return Number(numAffectedRows ?? 0)
}

/** Songs gone for longer than `keptDays`, `limit` at most. */
export async function expiredSongs(db: Db, keptDays: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from catalog.songs where gone_at < now() - ${keptDays} * interval '1 day'
    order by gone_at limit ${limit}`.execute(db)
  return rows.map((r) => r.id)
}

/** Credits, facets and lyrics go with the songs; files are forgotten too. */
export async function deleteSongs(db: Db, songIds: readonly string[]): Promise<void> {
  await sql`delete from catalog.library_files where song_id = any(${[...songIds]}::uuid[])`.execute(db)
  await sql`delete from catalog.songs where id = any(${[...songIds]}::uuid[])`.execute(db)
}

/**
 * Publishes songs by themselves or makes them private; returns those that changed. What becomes of an album that
 * published some of them no longer matters to those.
 */
export async function publishSongs(db: Db, songIds: readonly string[], isPublic: boolean): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update catalog.songs set is_public = ${isPublic}, public_via = null, revision = revision + 1, updated_at = now()
    where id = any(${[...songIds]}::uuid[]) and (is_public <> ${isPublic} or public_via is not null) returning id`.execute(
    db,
  )
  return rows.map((r) => r.id)
}

export type FacetsRow = {
  songId: string
  state: 'pending' | 'processing' | 'completed' | 'failed'
  tempo: number | null
  key: string | null
  camelot: string | null
  energy: number | null
  loudnessLufs: number | null
  truePeakDbtp: number | null
  loudnessBlocks?: { floorLufs: number; counts: number[] }
}
/** What analysis found; of songs that are gone by now nothing is kept. */
export async function saveFacets(db: Db, facets: readonly FacetsRow[]): Promise<void> {
  const rows = facets.map((f) => ({ ...f, ...(moodOf(f) ?? { valence: null, arousal: null, mood: null }) }))
  await sql`
    insert into catalog.song_facets (song_id, state, tempo, key, camelot, energy, loudness_lufs, true_peak_dbtp,
      block_floor_lufs, block_counts, valence, arousal, mood)
    select s.id, r.state, r.tempo, r.key, r.camelot, r.energy, r."loudnessLufs", r."truePeakDbtp",
      (r."loudnessBlocks"->>'floorLufs')::smallint, (select array_agg(x.n::integer order by x.no) from
        jsonb_array_elements_text(r."loudnessBlocks"->'counts') with ordinality as x(n, no)),
      r.valence, r.arousal, r.mood
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r("songId" uuid, state text, tempo real, key text,
      camelot text, energy real, "loudnessLufs" real, "truePeakDbtp" real, "loudnessBlocks" jsonb, valence real, arousal real, mood text)
      join catalog.songs s on s.id = r."songId"
    on conflict (song_id) do update set state = excluded.state, tempo = excluded.tempo, key = excluded.key,
      camelot = excluded.camelot, energy = excluded.energy, loudness_lufs = excluded.loudness_lufs,
      true_peak_dbtp = excluded.true_peak_dbtp, block_floor_lufs = excluded.block_floor_lufs,
      block_counts = excluded.block_counts, valence = excluded.valence, arousal = excluded.arousal,
      mood = excluded.mood`.execute(db)
  // While a song is looked at again, its album stays as loud as it was.
  const over = facets.filter((f) => f.state === 'completed' || f.state === 'failed').map((f) => f.songId)
  if (over.length > 0) await measureAlbumsOf(db, over)
}
