import { sql } from 'kysely'
import type { View } from '#modules/catalog/policy.ts'
import type { Db } from './db.ts'
import { albumsInReach, artistsInReach, songsInReach } from './reach.ts'

/** Songs on the shelf that the caller sees, by folder. */
export async function songsPerFolder(db: Db, view: View): Promise<Map<string, number>> {
  const { rows } = await sql<{ id: string; n: number }>`
    select t.folder_id as id, count(*) as n from catalog.songs t
    where t.folder_id is not null and ${songsInReach(view, 'shelf')} group by t.folder_id`.execute(db)
  return new Map(rows.map((r) => [r.id, r.n]))
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
  const { rows } = await sql<Totals>`
    select s.n as "songCount", s.d as "durationMs",
      (select count(*) from catalog.albums t where ${albumsInReach(view)}) as "albumCount",
      (select count(*) from catalog.artists t where ${artistsInReach(view)}) as "artistCount",
      (select count(*) from catalog.library_files lf join catalog.folders fo on fo.id = lf.folder_id
        where lf.state = 'faulty' and fo.no <> all(${[...view.withheld]}::smallint[])) as "faultCount"
    from (select count(*) as n, coalesce(sum(t.duration_ms), 0) as d
      from catalog.songs t where ${songsInReach(view, 'shelf')}) s`.execute(db)
  return rows[0] as Totals
}
