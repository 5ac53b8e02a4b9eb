import { sql } from 'kysely'
import type { Db, Sql } from './db.ts'
import { measureAlbums } from './loudness.ts'
import { ownedAmong, recountOwnedAlbums } from './recount-owned.ts'

/** Genres shown of an album. */
const ALBUM_GENRES_MAX = 8

/** Who made the albums whose songs name no album artist: the one main artist of all of them, or various. */
async function recreditByFolder(db: Db, ids: readonly string[]): Promise<void> {
  const mine = sql`(select id from catalog.albums where id = any(${[...ids]}::uuid[]) and by_folder)`
  await sql`delete from catalog.album_artists where album_id in ${mine}`.execute(db)
  await sql`
    insert into catalog.album_artists (album_id, artist_id, position)
    select s.album_id, (array_agg(sa.artist_id))[1], 0
    from catalog.songs s join catalog.song_artists sa on sa.song_id = s.id and sa.role = 'main' and sa.position = 0
    where s.album_id in ${mine}
    group by s.album_id having count(distinct sa.artist_id) = 1`.execute(db)
}

const SUMMARY = sql`
  select s.album_id,
    count(*) filter (where s.shelf >= 2) as n, coalesce(sum(s.duration_ms) filter (where s.shelf >= 2), 0) as d,
    count(*) filter (where s.shelf = 3) as pn, coalesce(sum(s.duration_ms) filter (where s.shelf = 3), 0) as pd,
    count(*) filter (where s.shelf = 0) as hn, coalesce(sum(s.duration_ms) filter (where s.shelf = 0), 0) as hd,
    max(s.shelf) as shelf, mode() within group (order by s.year) as year,
    mode() within group (order by s.release_kind) as kind,
    coalesce(array_agg(distinct s.folder_no) filter (where s.shelf >= 2 and s.folder_no is not null), '{}') as nos,
    (array_agg(s.cover_hash order by s.disc nulls first, s.track nulls last, s.sort_key)
      filter (where s.cover_hash is not null and s.shelf >= 2))[1] as cover,
    (array_agg(s.cover_hash order by s.disc nulls first, s.track nulls last, s.sort_key)
      filter (where s.cover_hash is not null and s.shelf = 3))[1] as pcover
  from catalog.songs s`

/** Brings the figures, credits and search document of albums to what their songs say. */
export async function recountAlbums(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const owned = await ownedAmong(db, ids)
  await recountDerived(
    db,
    ids.filter((id) => !owned.has(id)),
  )
  await recountOwnedAlbums(db, [...owned])
  await measureAlbums(db, ids)
}

/** Albums that are made of the songs that name them; empty ones go. What an admin hid stays hidden. */
async function recountDerived(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const all = sql`any(${[...ids]}::uuid[])`
  await sql`delete from catalog.albums al where al.id = ${all}
    and not exists (select from catalog.songs s where s.album_id = al.id)`.execute(db)
  await recreditByFolder(db, ids)
  await sql`
    update catalog.albums al set song_count = x.n, duration_ms = x.d, public_song_count = x.pn,
      public_duration_ms = x.pd, hidden_song_count = x.hn, hidden_duration_ms = x.hd,
      shelf = case when al.is_visible then x.shelf else least(x.shelf, 0) end,
      year = coalesce((al.edits->>'year')::smallint, x.year), folder_nos = x.nos,
      cover_hash = coalesce(al.own_cover_hash, x.cover), public_cover_hash = coalesce(al.own_cover_hash, x.pcover),
      kind = coalesce(al.edits->>'kind', x.kind,
        case when al.is_compilation or (al.by_folder and a.names is null) then 'compilation' else 'album' end),
      genres = g.names, genre_keys = g.keys,
      artist = coalesce(a.names, 'Various Artists'), is_compilation = al.is_compilation or (al.by_folder and a.names is null),
      artist_order = coalesce(a.sort_key, 'various artists') || E'\\x01' || lpad(coalesce((al.edits->>'year')::int, x.year, 9999)::text, 4, '0')
        || E'\\x01' || al.sort_key,
      search = array_to_tsvector(array(
        select unnest(tsvector_to_array(al.title_search))
        union select unnest(tsvector_to_array(ar.search)) from catalog.album_artists aa
          join catalog.artists ar on ar.id = aa.artist_id where aa.album_id = al.id))
    from (${SUMMARY} where s.album_id = ${all} group by s.album_id) x,
      lateral (select coalesce(array_agg(y.name), '{}') as names, coalesce(array_agg(y.key), '{}') as keys
        from (select mode() within group (order by z.name) as name, z.key from catalog.songs s,
            lateral unnest(s.genres, s.genre_keys) as z(name, key)
          where s.album_id = x.album_id group by z.key order by count(*) desc, z.key limit ${ALBUM_GENRES_MAX}) y) g,
      lateral (select string_agg(ar.name, ', ' order by aa.position) as names,
          (array_agg(ar.sort_key order by aa.position))[1] as sort_key
        from catalog.album_artists aa join catalog.artists ar on ar.id = aa.artist_id
        where aa.album_id = x.album_id) a
    where al.id = x.album_id`.execute(db)
}

/** The picture of the newest album of theirs, of songs that `counts`; where they are guests counts less. */
const newestCover = (counts: Sql): Sql => sql`(array_agg(s.cover_hash
  order by sa.role in ('main', 'album') desc, s.year desc nulls last, s.id desc)
  filter (where s.cover_hash is not null and ${counts}))[1]`

/** Where the albums of people by an artist stand: one without songs is seen, too. */
const BESIDE_SONGS = sql`
  select coalesce(max(w.shelf), -1) as shelf
  from catalog.album_artists aa join catalog.albums w on w.id = aa.album_id and w.owner_id is not null`

/** Brings the figures of artists to what their songs say; those with nothing left go. */
export async function recountArtists(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const all = sql`any(${[...ids]}::uuid[])`
  await sql`delete from catalog.artists ar where ar.id = ${all}
    and not exists (select from catalog.song_artists sa where sa.artist_id = ar.id)
    and not exists (select from catalog.album_artists aa where aa.artist_id = ar.id)`.execute(db)
  await sql`
    update catalog.artists ar set shelf = greatest(x.shelf, o.shelf), song_count = x.n, album_count = x.a,
      public_song_count = x.pn, public_album_count = x.pa, cover_hash = x.cover, public_cover_hash = x.pcover,
      folder_nos = x.nos, apart_song_count = x.apart
    from (select ids.id as artist_id, coalesce(max(s.shelf), -1) as shelf,
        count(distinct s.id) filter (where s.shelf in (0, 1)) as apart,
        coalesce(array_agg(distinct s.folder_no) filter (where s.shelf >= 2 and s.folder_no is not null), '{}') as nos,
        count(distinct s.id) filter (where s.shelf >= 2) as n, count(distinct s.id) filter (where s.shelf = 3) as pn,
        count(distinct s.album_id) filter (where s.shelf >= 2 and apart.id is null) as a,
        count(distinct s.album_id) filter (where s.shelf = 3 and apart.id is null) as pa,
        ${newestCover(sql`s.shelf >= 2`)} as cover, ${newestCover(sql`s.shelf = 3`)} as pcover
      from unnest(${[...ids]}::uuid[]) as ids(id)
        left join (catalog.song_artists sa join catalog.songs s on s.id = sa.song_id) on sa.artist_id = ids.id
        left join catalog.albums apart on apart.id = s.album_id and s.owner_id is not null and apart.owner_id is not null
          and apart.shelf < 3
      group by ids.id) x,
      lateral (${BESIDE_SONGS} where aa.artist_id = x.artist_id) o
    where ar.id = x.artist_id`.execute(db)
}

export type Touched = { albumIds: string[]; artistIds: string[] }
/** Albums and artists whose figures depend on these songs. */
export async function touchedBy(db: Db, songIds: readonly string[]): Promise<Touched> {
  if (songIds.length === 0) return { albumIds: [], artistIds: [] }
  const songs = sql`any(${[...songIds]}::uuid[])`
  const { rows: albums } = await sql<{ id: string }>`
    select album_id as id from catalog.songs where id = ${songs} and album_id is not null
    union select album_id from catalog.album_songs where song_id = ${songs}`.execute(db)
  const albumIds = albums.map((r) => r.id)
  const { rows: artists } = await sql<{ id: string }>`
    select artist_id as id from catalog.song_artists where song_id = ${songs}
    union select artist_id from catalog.album_artists where album_id = any(${albumIds}::uuid[])`.execute(db)
  return { albumIds, artistIds: artists.map((r) => r.id) }
}

/**
 * Every transaction that changes songs takes this first. Their albums and artists are shared rows: without one order of
 * writers two of them would wait for each other.
 */
export async function lockShelf(db: Db): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('catalog.shelf'))`.execute(db)
}

export async function recount(db: Db, touched: readonly Touched[]): Promise<void> {
  await recountAlbums(db, [...new Set(touched.flatMap((t) => t.albumIds))].sort())
  await recountArtists(db, [...new Set(touched.flatMap((t) => t.artistIds))].sort())
}

/**
 * Not needed where a row of the thing itself is written: triggers note those (see migration 003). For things of which
 * something else is told than before.
 */
export async function noteChanges(
  db: Db,
  kind: 'song' | 'album' | 'artist',
  what: 'changed' | 'removed',
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0 || what === 'removed') return
  await sql`select catalog.note_again(${kind}, ${[...new Set(ids)]}::uuid[])`.execute(db)
}
