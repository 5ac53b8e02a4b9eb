import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'

/** What is known of the loudness of a song `t` with its facets `f` on its album `al`. */
export type LoudnessRow = {
  loudnessLufs: number | null
  truePeakDbtp: number | null
  tagGainDb: number | null
  tagPeakDb: number | null
  albumLufs: number | null
  albumPeakDbtp: number | null
}

/** Nobody is told how loud the songs are that they do not see, nor is who may not open a folder that the album lies in. */
export function loudnessColumns({ least, withheld }: View): Sql {
  const own = sql`f.loudness_lufs as "loudnessLufs", f.true_peak_dbtp as "truePeakDbtp", t.tag_gain_db as "tagGainDb",
    t.tag_peak_db as "tagPeakDb"`
  if (least === ACCESS.anyone)
    return sql`${own}, al.public_loudness_lufs as "albumLufs", al.public_true_peak_dbtp as "albumPeakDbtp"`
  if (withheld.length === 0) return sql`${own}, al.loudness_lufs as "albumLufs", al.true_peak_dbtp as "albumPeakDbtp"`
  const isOpen = sql`not al.folder_nos && ${[...withheld]}::smallint[]`
  return sql`${own}, case when ${isOpen} then al.loudness_lufs end as "albumLufs",
    case when ${isOpen} then al.true_peak_dbtp end as "albumPeakDbtp"`
}

/** Brings the loudness of albums to that of their songs, and tells of it: see migration 008. */
export async function measureAlbums(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await sql`select catalog.measure_albums(${[...ids]}::uuid[])`.execute(db)
}

/** The same of all albums on which these songs stand. */
export async function measureAlbumsOf(db: Db, songIds: readonly string[]): Promise<void> {
  const songs = sql`any(${[...songIds]}::uuid[])`
  await sql`select catalog.measure_albums(array(
    select album_id from catalog.songs where id = ${songs} and album_id is not null
    union select album_id from catalog.album_songs where song_id = ${songs}))`.execute(db)
}
