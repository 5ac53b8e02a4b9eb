import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'
import { albumsInReach, artistsInReach } from './reach.ts'

export type Kind = 'songs' | 'albums' | 'artists'
export type Tally = { n: number; durationMs: number }

/** What of the shared things the caller sees. Rows of the tallies name shelf and folders as albums do. */
const sharedInReach = (view: View): Sql<boolean> => albumsInReach({ ...view, ownerId: null })

/** What the caller sees only because it is theirs; counted one by one, for it is little beside what is shared. */
function ownBesides(kind: Kind, view: View): Sql {
  const own = sql`${view.ownerId}::uuid`
  const owned = sql`t.owner_id = ${own} and t.shelf = ${sql.lit(ACCESS.owner)}`
  if (kind === 'songs') return sql`select count(*) as n, sum(t.duration_ms) as d from catalog.songs t where ${owned}`
  if (kind === 'albums') return sql`select count(*) as n, 0 as d from catalog.albums t where ${owned}`
  return sql`select count(*) as n, 0 as d from catalog.artists t
    where t.id in (select sa.artist_id from catalog.songs own join catalog.song_artists sa on sa.song_id = own.id
      where own.owner_id = ${own} and own.shelf >= ${sql.lit(ACCESS.owner)})
    and not ${artistsInReach({ ...view, ownerId: null })}`
}

/** How many songs, albums or artists stand in the caller's list; the same as counting them. */
export async function tallyOf(db: Db, kind: Kind, view: View): Promise<Tally> {
  const more = view.ownerId === null ? sql`` : sql`union all ${ownBesides(kind, view)}`
  const { rows } = await sql<{ n: number; durationMs: number }>`
    select coalesce(sum(x.n), 0)::float8 as n, coalesce(sum(x.d), 0)::float8 as "durationMs" from (
      select t.n, t.duration_ms as d from catalog.tallies t where t.kind = ${kind} and ${sharedInReach(view)} ${more}
    ) x`.execute(db)
  return rows[0] ?? { n: 0, durationMs: 0 }
}

/** Songs of the scanned library in the caller's lists, by the number of their folder. */
export async function tallyByFolder(db: Db, view: View): Promise<Map<number, number>> {
  const { rows } = await sql<{ no: number; n: number }>`
    select t.folder_nos[1] as no, sum(t.n)::float8 as n from catalog.tallies t
    where t.kind = 'songs' and t.folder_nos <> '{}' and ${sharedInReach(view)} group by 1`.execute(db)
  return new Map(rows.map((r) => [r.no, r.n]))
}

const ownGenres = (view: View): Sql =>
  view.ownerId === null
    ? sql``
    : sql`union all select g.key, g.name, 1, 0 from catalog.songs t, unnest(t.genre_keys, t.genres) as g(key, name)
          where t.owner_id = ${view.ownerId}::uuid and t.shelf = ${sql.lit(ACCESS.owner)}
        union all select g.key, g.name, 0, 1 from catalog.albums t, unnest(t.genre_keys, t.genres) as g(key, name)
          where t.owner_id = ${view.ownerId}::uuid and t.shelf = ${sql.lit(ACCESS.owner)}`

export type GenreRow = { name: string; songCount: number; albumCount: number }
/** The most genres that are answered; the rarest are left out. */
const GENRES_MAX = 2000
/** Spellings that fold alike are one genre, shown as most songs spell it. Albums are those of its list. */
export async function genres(db: Db, view: View): Promise<GenreRow[]> {
  const { rows } = await sql<GenreRow>`
    select (array_agg(s.name order by s.songs desc, s.name))[1] as name, sum(s.songs)::float8 as "songCount",
      sum(s.albums)::float8 as "albumCount"
    from (select x.key, x.name, sum(x.songs) as songs, sum(x.albums) as albums from (
        select t.key, t.name, case when t.kind = 'genre songs' then t.n else 0 end as songs,
          case when t.kind = 'genre albums' then t.n else 0 end as albums
        from catalog.tallies t where t.kind in ('genre songs', 'genre albums') and ${sharedInReach(view)}
        ${ownGenres(view)}
      ) x group by x.key, x.name) s
    group by s.key having sum(s.songs) > 0 order by "songCount" desc, s.key limit ${GENRES_MAX}`.execute(db)
  return rows
}
