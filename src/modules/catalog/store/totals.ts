import { sql } from 'kysely'
import type { View } from '#modules/catalog/policy.ts'
import type { Db } from './db.ts'
import { tallyByFolder, tallyOf } from './tallies.ts'

/** Songs on the shelf that the caller sees, by folder. */
export async function songsPerFolder(db: Db, view: View): Promise<Map<string, number>> {
  const counts = await tallyByFolder(db, view)
  const { rows } = await sql<{ id: string; no: number }>`select id, no from catalog.folders`.execute(db)
  return new Map(rows.map((r) => [r.id, counts.get(r.no) ?? 0]))
}

export type Totals = {
  songCount: number
  durationMs: number
  albumCount: number
  artistCount: number
  faultCount: number
}
/** What stands in the caller's lists, and the faulty files of the folders that are open to them. */
export async function totals(db: Db, view: View): Promise<Totals> {
  const [songs, albums, artists, faults] = await Promise.all([
    tallyOf(db, 'songs', view),
    tallyOf(db, 'albums', view),
    tallyOf(db, 'artists', view),
    sql<{
      n: number
    }>`select count(*) as n from catalog.library_files lf join catalog.folders fo on fo.id = lf.folder_id
      where lf.state = 'faulty' and fo.no <> all(${[...view.withheld]}::smallint[])`.execute(db),
  ])
  return {
    songCount: songs.n,
    durationMs: songs.durationMs,
    albumCount: albums.n,
    artistCount: artists.n,
    faultCount: faults.rows[0]?.n ?? 0,
  }
}
