import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'
import { albumsInReach, artistsInReach } from './reach.ts'

export type Kind = 'songs' | 'albums' | 'artists'
export type Tally = { n: number; durationMs: number }

const shared = (view: View): View => ({ ...view, ownerId: null })

/** Tallies `t` of what the caller sees. They name shelf, folders and owner as albums do. */
const inReach = (view: View): Sql<boolean> => albumsInReach(view)

/** Artists that only own songs and albums bring: those that own things ever brought are looked at, few of all. */
const ownArtists = (view: View): Sql => sql`select count(*) as n, 0 as d from catalog.artists t
  where t.id in (select k.artist_id from catalog.known_artists k where k.owner_id = ${view.ownerId}::uuid)
    and not ${artistsInReach(shared(view))}
    and (exists (select from catalog.song_artists sa join catalog.songs own on own.id = sa.song_id
        where sa.artist_id = t.id and own.owner_id = ${view.ownerId}::uuid and own.shelf >= ${sql.lit(ACCESS.owner)})
      or exists (select from catalog.album_artists aa join catalog.albums own on own.id = aa.album_id
        where aa.artist_id = t.id and own.owner_id = ${view.ownerId}::uuid and own.shelf >= ${sql.lit(ACCESS.owner)}))`

/** How many songs, albums or artists stand in the caller's list; the same as counting them. */
export async function tallyOf(db: Db, kind: Kind, view: View): Promise<Tally> {
  const isApart = kind === 'artists' && view.ownerId !== null
  const seen = isApart ? inReach(shared(view)) : inReach(view)
  const { rows } = await sql<{ n: number; durationMs: number }>`
    select coalesce(sum(x.n), 0)::float8 as n, coalesce(sum(x.d), 0)::float8 as "durationMs" from (
      select t.n, t.duration_ms as d from catalog.tallies t where t.kind = ${kind} and ${seen}
      ${isApart ? sql`union all ${ownArtists(view)}` : sql``}
    ) x`.execute(db)
  return rows[0] ?? { n: 0, durationMs: 0 }
}

/** Songs of the scanned library in the caller's lists, by the number of their folder. */
export async function tallyByFolder(db: Db, view: View): Promise<Map<number, number>> {
  const { rows } = await sql<{ no: number; n: number }>`
    select t.folder_nos[1] as no, sum(t.n)::float8 as n from catalog.tallies t
    where t.kind = 'songs' and t.folder_nos <> '{}' and ${inReach(view)} group by 1`.execute(db)
  return new Map(rows.map((r) => [r.no, r.n]))
}

export type GenreRow = { name: string; songCount: number; albumCount: number }
/** The most genres that are answered; the rarest are left out. */
const GENRES_MAX = 2000
/** Spellings that fold alike are one genre, shown as most songs spell it. Albums are those of its list. */
export async function genres(db: Db, view: View): Promise<GenreRow[]> {
  const { rows } = await sql<GenreRow>`
    select (array_agg(s.name order by s.songs desc, s.name))[1] as name, sum(s.songs)::float8 as "songCount",
      sum(s.albums)::float8 as "albumCount"
    from (select t.key, t.name, coalesce(sum(t.n) filter (where t.kind = 'genre songs'), 0) as songs,
        coalesce(sum(t.n) filter (where t.kind = 'genre albums'), 0) as albums
      from catalog.tallies t where t.kind in ('genre songs', 'genre albums') and ${inReach(view)}
      group by t.key, t.name) s
    group by s.key having sum(s.songs) > 0 order by "songCount" desc, s.key limit ${GENRES_MAX}`.execute(db)
  return rows
}
