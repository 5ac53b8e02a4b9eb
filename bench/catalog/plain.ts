import { sql } from 'kysely'
import type { Db } from '#modules/catalog/store/db.ts'

/**
 * The same songs as anybody would lay them out first: normalised tables, an index for each order and each key, filters
 * joined, text by ILIKE, random by random(). Nobody's rights are asked.
 */
export async function makePlain(db: Db): Promise<void> {
  const { rows } = await sql`select from pg_namespace where nspname = 'plain'`.execute(db)
  if (rows.length > 0) return
  for (const statement of [
    `create schema plain`,
    `create table plain.artists as select id, name from catalog.artists`,
    `create table plain.albums as select id, title, year from catalog.albums`,
    `create table plain.songs as select t.id, t.title, t.album_id, t.year, t.duration_ms, t.lossless, f.tempo, f.energy,
      f.key, f.mood, sa.artist_id from catalog.songs t left join catalog.song_facets f on f.song_id = t.id
      left join catalog.song_artists sa on sa.song_id = t.id and sa.role = 'main' and sa.position = 0`,
    `create table plain.song_genres as select distinct t.id as song_id, g.name as genre
      from catalog.songs t, unnest(t.genre_keys) as g(name)`,
    `alter table plain.artists add primary key (id)`,
    `alter table plain.albums add primary key (id)`,
    `alter table plain.songs add primary key (id)`,
    `alter table plain.song_genres add primary key (genre, song_id)`,
    `create index on plain.song_genres (song_id)`,
    `create index on plain.songs (title, id)`,
    `create index on plain.songs (year, id)`,
    `create index on plain.songs (energy, id)`,
    `create index on plain.songs (tempo, id)`,
    `create index on plain.songs (artist_id)`,
    `create index on plain.songs (album_id)`,
    `vacuum analyze plain.songs`,
    `vacuum analyze plain.song_genres`,
    `analyze plain.artists`,
    `analyze plain.albums`,
  ])
    await sql.raw(statement).execute(db)
}

export type PlainQuery = {
  order: 'title' | 'year' | 'energy' | 'id desc' | 'random()'
  limit: number
  offset?: number
  genre?: string
  where?: string
}
export async function plainPage(db: Db, q: PlainQuery): Promise<number> {
  const genre =
    q.genre === undefined ? sql`` : sql`join plain.song_genres g on g.song_id = s.id and g.genre = ${q.genre}`
  const { rows } = await sql`
    select s.*, a.name as artist, al.title as album,
      (select array_agg(x.genre) from plain.song_genres x where x.song_id = s.id) as genres
    from plain.songs s left join plain.artists a on a.id = s.artist_id left join plain.albums al on al.id = s.album_id ${genre}
    where ${sql.raw(q.where ?? 'true')}
    order by ${sql.raw(q.order === 'random()' || q.order === 'id desc' ? q.order.replace('id', 's.id') : `s.${q.order}, s.id`)}
    limit ${q.limit} offset ${q.offset ?? 0}`.execute(db)
  return rows.length
}
