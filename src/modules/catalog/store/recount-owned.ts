import { sql } from 'kysely'
import type { Db } from './db.ts'

/** Genres shown of an album. */
const ALBUM_GENRES_MAX = 8

export async function ownedAmong(db: Db, albumIds: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`select id from catalog.albums
    where id = any(${[...albumIds]}::uuid[]) and owner_id is not null`.execute(db)
  return new Set(rows.map((r) => r.id))
}

/**
 * Songs `s` of an album `al` that count for what is kept of it: year, genres, artists and the words it is found by. Of a
 * public album those are the public ones, so that nothing tells of the others; of a private one, what its owner sees.
 */
const COUNTED = sql`(s.shelf = 3 or (not al.is_public and (s.shelf >= 2 or (s.owner_id = al.owner_id and s.shelf >= 1))))`

const MEMBERS = sql`catalog.albums al join catalog.album_songs m on m.album_id = al.id
  join catalog.songs s on s.id = m.song_id and ${COUNTED}`

/** Who made the albums that name no artist: the one main artist of all their songs. */
async function recredit(db: Db, ids: readonly string[]): Promise<void> {
  const all = sql`any(${[...ids]}::uuid[])`
  await sql`delete from catalog.album_artists where album_id in
    (select id from catalog.albums where id = ${all} and by_folder)`.execute(db)
  await sql`
    insert into catalog.album_artists (album_id, artist_id, position)
    select al.id, (array_agg(sa.artist_id))[1], 0
    from ${MEMBERS} join catalog.song_artists sa on sa.song_id = s.id and sa.role = 'main' and sa.position = 0
    where al.id = ${all} and al.by_folder
    group by al.id having count(distinct sa.artist_id) = 1`.execute(db)
}

/** Albums that people make: they stand where their flags say, with songs or without. */
export async function recountOwnedAlbums(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const all = sql`any(${[...ids]}::uuid[])`
  await recredit(db, ids)
  await sql`
    update catalog.albums al set song_count = x.n, duration_ms = x.d, public_song_count = x.pn,
      public_duration_ms = x.pd, shelf = case when not al.is_visible then 0 when al.is_public then 3 else 1 end,
      year = coalesce((al.edits->>'year')::smallint, x.year), cover_hash = coalesce(al.own_cover_hash, x.cover),
      public_cover_hash = coalesce(al.own_cover_hash, x.pcover), genres = g.names, genre_keys = g.keys,
      artist = coalesce(a.names, case when x.n > 0 then 'Various Artists' else '' end),
      artist_order = coalesce(a.sort_key, 'various artists') || E'\\x01'
        || lpad(coalesce((al.edits->>'year')::int, x.year, 9999)::text, 4, '0') || E'\\x01' || al.sort_key,
      search = array_to_tsvector(array(
        select unnest(tsvector_to_array(al.title_search))
        union select unnest(tsvector_to_array(ar.search)) from catalog.album_artists aa
          join catalog.artists ar on ar.id = aa.artist_id where aa.album_id = al.id))
    from (select w.id, count(y.*) as n, coalesce(sum(y.duration_ms), 0) as d,
        count(y.*) filter (where y.shelf = 3) as pn, coalesce(sum(y.duration_ms) filter (where y.shelf = 3), 0) as pd,
        mode() within group (order by y.year) as year,
        (array_agg(y.cover_hash order by y.album_disc nulls first, y.position) filter (where y.cover_hash is not null))[1] as cover,
        (array_agg(y.cover_hash order by y.album_disc nulls first, y.position)
          filter (where y.cover_hash is not null and y.shelf = 3))[1] as pcover
      from catalog.albums w left join (select al.id as on_album, m.disc as album_disc, m.position, s.duration_ms, s.shelf,
          s.year, s.cover_hash from ${MEMBERS}) y on y.on_album = w.id
      where w.id = ${all} group by w.id) x,
      lateral (select coalesce(array_agg(y.name), '{}') as names, coalesce(array_agg(y.key), '{}') as keys
        from (select mode() within group (order by z.name) as name, z.key
          from ${MEMBERS}, lateral unnest(s.genres, s.genre_keys) as z(name, key)
          where al.id = x.id group by z.key order by count(*) desc, z.key limit ${ALBUM_GENRES_MAX}) y) g,
      lateral (select string_agg(ar.name, ', ' order by aa.position) as names,
          (array_agg(ar.sort_key order by aa.position))[1] as sort_key
        from catalog.album_artists aa join catalog.artists ar on ar.id = aa.artist_id
        where aa.album_id = x.id) a
    where al.id = x.id`.execute(db)
}
