import { sql } from 'kysely'
import type { Palette } from '#kernel/media/types.ts'
import type { ALBUM_KINDS, ALBUM_SORTS } from '#modules/catalog/schema.ts'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'
import { allOf, type Sort } from './pages.ts'
import { albumsInReach, songsInReach } from './reach.ts'
import type { Credit } from './songs.ts'

export type AlbumRow = {
  id: string
  title: string
  artist: string
  credits: Credit[] | null
  year: number | null
  genres: string[]
  songCount: number
  durationMs: number
  isCompilation: boolean
  kind: (typeof ALBUM_KINDS)[number]
  description: string | null
  ownerId: string | null
  isPublic: boolean
  isVisible: boolean
  shelf: number
  revision: number
  coverHash: string | null
  coverColor: string | null
  coverBlurhash: string | null
  coverPalette: Palette | null
  createdAt: Date
}

/** Of the library's albums, what is kept serves; nobody is told of more than what is public, and admins see what is hidden. */
const keptOf = (view: View): { count: Sql; duration: Sql; cover: Sql } => {
  if (view.least === ACCESS.anyone)
    return { count: sql`al.public_song_count`, duration: sql`al.public_duration_ms`, cover: sql`al.public_cover_hash` }
  if (view.least === ACCESS.admins)
    return {
      count: sql`al.song_count + al.hidden_song_count`,
      duration: sql`al.duration_ms + al.hidden_duration_ms`,
      cover: sql`al.cover_hash`,
    }
  return { count: sql`al.song_count`, duration: sql`al.duration_ms`, cover: sql`al.cover_hash` }
}

/**
 * Counted as the caller sees them, where what is kept would say too much: albums that people made hold songs of several
 * owners, and an album of the library may lie partly in a folder that is withheld.
 */
const seen = (view: View): Sql => sql`
  left join lateral (
    select count(*)::int as n, coalesce(sum(t.duration_ms), 0)::float8 as d,
      (array_agg(t.cover_hash order by m.disc nulls first, m.position) filter (where t.cover_hash is not null))[1] as cover
    from catalog.album_songs m join catalog.songs t on t.id = m.song_id
    where m.album_id = al.id and ${songsInReach(view, 'shelf')}
  ) own on al.owner_id is not null
  left join lateral (
    select count(*)::int as n, coalesce(sum(t.duration_ms), 0)::float8 as d,
      (array_agg(t.cover_hash order by t.disc nulls first, t.track nulls last, t.sort_key)
        filter (where t.cover_hash is not null))[1] as cover
    from catalog.songs t where t.album_id = al.id and ${songsInReach(view, 'shelf')}
  ) part on al.owner_id is null and al.folder_nos && ${[...view.withheld]}::smallint[]`

const columns = ({ count, duration }: ReturnType<typeof keptOf>): Sql =>
  sql`al.id, al.title, al.artist, al.year, al.genres, al.is_compilation as "isCompilation", al.kind, al.description,
    al.owner_id as "ownerId", al.is_public as "isPublic", al.is_visible as "isVisible", al.shelf, al.revision,
    coalesce(own.n, part.n, ${count}) as "songCount", coalesce(own.d, part.d, ${duration}) as "durationMs",
    c.hash as "coverHash", c.color as "coverColor", c.blurhash as "coverBlurhash", c.palette as "coverPalette", al.created_at as "createdAt",
    (select jsonb_agg(jsonb_build_object('id', ar.id, 'name', ar.name, 'role', 'album') order by aa.position)
      from catalog.album_artists aa join catalog.artists ar on ar.id = aa.artist_id
      where aa.album_id = al.id) as credits`

/** `where` speaks of the albums as `t`, `order` as `al`. Who may see them is for the caller to say. */
async function albumsWhere(db: Db, view: View, where: readonly Sql<boolean>[], order: Sql): Promise<AlbumRow[]> {
  const kept = keptOf(view)
  const { rows } = await sql<AlbumRow>`select ${columns(kept)}
    from (select t.* from catalog.albums t where ${allOf(where)}) al ${seen(view)}
    left join catalog.covers c on c.state = 'ok' and c.hash = case
      when al.owner_id is not null then coalesce(al.own_cover_hash, own.cover)
      when part.n is not null then coalesce(al.own_cover_hash, part.cover) else ${kept.cover} end
    order by ${order}`.execute(db)
  return rows
}

const inOrder = (rows: readonly AlbumRow[], ids: readonly string[]): AlbumRow[] => {
  const byId = new Map(rows.map((r) => [r.id, r]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}
const among = (ids: readonly string[]): Sql<boolean> => sql`t.id = any(${[...ids]}::uuid[])`

/** In the order of `ids`; unknown ones and those out of the caller's reach are left out. */
export async function albumsById(db: Db, view: View, ids: readonly string[]): Promise<AlbumRow[]> {
  if (ids.length === 0) return []
  return inOrder(await albumsWhere(db, view, [among(ids), albumsInReach(view)], sql`al.id`), ids)
}

/** The same of albums that the caller may read about although an admin hid them: their own. */
export async function ownAlbumsById(db: Db, view: View, ownerId: string, ids: readonly string[]): Promise<AlbumRow[]> {
  if (ids.length === 0) return []
  return inOrder(await albumsWhere(db, view, [among(ids), sql`t.owner_id = ${ownerId}::uuid`], sql`al.id`), ids)
}

/** What the policy asks of an album, whoever asks; `inReach`: they see it in lists. */
export type AlbumFacts = {
  id: string
  ownerId: string | null
  isPublic: boolean
  isVisible: boolean
  shelf: number
  revision: number
  /** The picture that was set. */
  coverHash: string | null
  inReach: boolean
}
export async function albumFacts(db: Db, view: View, id: string): Promise<AlbumFacts | undefined> {
  const { rows } = await sql<AlbumFacts>`select t.id, t.owner_id as "ownerId", t.is_public as "isPublic",
      t.is_visible as "isVisible", t.shelf, t.revision, t.own_cover_hash as "coverHash", ${albumsInReach(view)} as "inReach"
    from catalog.albums t where t.id = ${id}::uuid`.execute(db)
  return rows[0]
}

/** Most albums that an artist is answered with. */
const ARTIST_ALBUMS_MAX = 1000
/** Albums of the artist and those that a song of theirs names, as far as the caller sees both; oldest first. */
export const albumsOfArtist = (db: Db, view: View, artistId: string): Promise<AlbumRow[]> =>
  albumsWhere(
    db,
    view,
    [
      sql`t.id in (select aa.album_id from catalog.album_artists aa where aa.artist_id = ${artistId}::uuid
      union select t.album_id from catalog.song_artists sa join catalog.songs t on t.id = sa.song_id
        where sa.artist_id = ${artistId}::uuid and ${songsInReach(view, 'shelf')})`,
      albumsInReach(view),
    ],
    sql`coalesce(al.year, 9999), al.sort_key, al.id limit ${ARTIST_ALBUMS_MAX}`,
  )

export type AlbumFilter = {
  kind?: (typeof ALBUM_KINDS)[number] | undefined
  artistIds?: readonly string[] | undefined
  genreKey?: string | undefined
  year?: number | undefined
  search?: string | undefined
}
export const albumConditions = (view: View, f: AlbumFilter): Sql<boolean>[] => [albumsInReach(view), ...albumFilters(f)]

export function albumFilters(f: AlbumFilter): Sql<boolean>[] {
  const where: Sql<boolean>[] = []
  if (f.kind !== undefined) where.push(sql`t.kind = ${f.kind}`)
  if (f.artistIds)
    where.push(sql`t.id in (select aa.album_id from catalog.album_artists aa
      where aa.artist_id = any(${[...f.artistIds]}::uuid[]))`)
  if (f.genreKey !== undefined) where.push(sql`t.genre_keys @> array[${f.genreKey}]`)
  if (f.year !== undefined) where.push(sql`t.year = ${f.year}`)
  if (f.search !== undefined) where.push(sql`t.search @@ ${f.search}::tsquery`)
  return where
}

const NEWEST: Sort = { by: sql`t.id`, kind: 'id', direction: 'down' }
export function albumSort(sort: (typeof ALBUM_SORTS)[number], seed: number): Sort {
  const sorts: Record<typeof sort, Sort> = {
    title: { by: sql`t.sort_key`, kind: 'text', direction: 'up' },
    '-title': { by: sql`t.sort_key`, kind: 'text', direction: 'down' },
    newest: NEWEST,
    oldest: { ...NEWEST, direction: 'up' },
    artist: { by: sql`t.artist_order`, kind: 'text', direction: 'up' },
    year: { by: sql`coalesce(t.year, 9999)`, kind: 'int', direction: 'up' },
    '-year': { by: sql`coalesce(t.year, 0)`, kind: 'int', direction: 'down' },
    random: { by: sql`uuid_hash_extended(t.id, ${sql.lit(seed)})`, kind: 'bigint', direction: 'up' },
  }
  return sorts[sort]
}

/** Ids of the albums of this id or title, in any artist's name, that the caller may know of. */
export async function albumIdsNamed(
  db: Db,
  view: View,
  named: { id: string } | { sortKey: string },
): Promise<string[]> {
  const is = 'id' in named ? sql`t.id = ${named.id}::uuid` : sql`t.sort_key = ${named.sortKey}`
  const { rows } = await sql<{ id: string }>`
    select t.id from catalog.albums t where ${is} and ${albumsInReach(view)} limit 1000`.execute(db)
  return rows.map((r) => r.id)
}
