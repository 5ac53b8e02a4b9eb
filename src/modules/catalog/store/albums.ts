import { sql } from 'kysely'
import type { ALBUM_KINDS, ALBUM_SORTS } from '#modules/catalog/schema.ts'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'
import { allOf, type Sort } from './pages.ts'
import { albumsInReach } from './reach.ts'
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
  createdAt: Date
}

/** Nobody is told of more than what is public: neither how much there is besides nor its picture. */
const isPublicView = (view: View): boolean => view.least === ACCESS.anyone

const columns = (view: View): Sql => {
  const of = isPublicView(view) ? sql`public_` : sql``
  return sql`t.id, t.title, t.artist, t.year, t.genres, t.is_compilation as "isCompilation",
    t.kind, t.description, t.owner_id as "ownerId", t.is_public as "isPublic", t.is_visible as "isVisible", t.shelf,
    t.revision,
    t.${of}song_count as "songCount", t.${of}duration_ms as "durationMs",
    c.hash as "coverHash", c.color as "coverColor", t.created_at as "createdAt",
    (select jsonb_agg(jsonb_build_object('id', ar.id, 'name', ar.name, 'role', 'album') order by aa.position)
      from catalog.album_artists aa join catalog.artists ar on ar.id = aa.artist_id
      where aa.album_id = t.id) as credits`
}
const cover = (view: View): Sql => (isPublicView(view) ? sql`t.public_cover_hash` : sql`t.cover_hash`)

async function albumsWhere(db: Db, view: View, where: readonly Sql<boolean>[], order: Sql): Promise<AlbumRow[]> {
  const { rows } = await sql<AlbumRow>`select ${columns(view)} from catalog.albums t
    left join catalog.covers c on c.hash = ${cover(view)} and c.state = 'ok'
    where ${allOf(where)} and ${albumsInReach(view)} order by ${order}`.execute(db)
  return rows
}

/** In the order of `ids`; unknown ones and those out of the caller's reach are left out. */
export async function albumsById(db: Db, view: View, ids: readonly string[]): Promise<AlbumRow[]> {
  if (ids.length === 0) return []
  const rows = await albumsWhere(db, view, [sql`t.id = any(${[...ids]}::uuid[])`], sql`t.id`)
  const byId = new Map(rows.map((r) => [r.id, r]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

/** Most albums that an artist is answered with. */
const ARTIST_ALBUMS_MAX = 1000
/** Albums of the artist and those with a song of theirs, oldest first. */
export const albumsOfArtist = (db: Db, view: View, artistId: string): Promise<AlbumRow[]> =>
  albumsWhere(
    db,
    view,
    [
      sql`t.id in (select aa.album_id from catalog.album_artists aa where aa.artist_id = ${artistId}::uuid
      union select s.album_id from catalog.song_artists sa join catalog.songs s on s.id = sa.song_id
        where sa.artist_id = ${artistId}::uuid)`,
    ],
    sql`coalesce(t.year, 9999), t.sort_key, t.id limit ${ARTIST_ALBUMS_MAX}`,
  )

export type AlbumFilter = {
  artistIds?: readonly string[] | undefined
  genreKey?: string | undefined
  year?: number | undefined
  search?: string | undefined
}
export function albumConditions(view: View, f: AlbumFilter): Sql<boolean>[] {
  const where = [albumsInReach(view)]
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

/** Ids of the albums of this title, in any artist's name. */
export async function albumIdsByTitle(db: Db, sortKey: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select t.id from catalog.albums t where t.sort_key = ${sortKey} limit 1000`.execute(db)
  return rows.map((r) => r.id)
}
