import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import { albumsById } from './albums.ts'
import type { Db, Sql } from './db.ts'
import { allOf, type Sort } from './pages.ts'
import { artistsInReach, songsInReach } from './reach.ts'

export type ArtistRow = {
  id: string
  name: string
  sortName: string
  albumCount: number
  songCount: number
  coverHash: string | null
  coverColor: string | null
}

const isNobody = (view: View): boolean => view.least === ACCESS.anyone

async function artistsWhere(db: Db, view: View, where: readonly Sql<boolean>[], order: Sql): Promise<ArtistRow[]> {
  const of = isNobody(view) ? sql`public_` : sql``
  const { rows } = await sql<ArtistRow>`
    select t.id, t.name, t.sort_name as "sortName", t.${of}album_count as "albumCount",
      t.${of}song_count as "songCount", c.hash as "coverHash", c.color as "coverColor"
    from catalog.artists t left join catalog.covers c on c.hash = t.${of}cover_hash and c.state = 'ok'
    where ${allOf(where)} and ${artistsInReach(view)} order by ${order}`.execute(db)
  return rows
}

/** In the order of `ids`; unknown ones and those out of the caller's reach are left out. */
export async function artistsById(db: Db, view: View, ids: readonly string[]): Promise<ArtistRow[]> {
  if (ids.length === 0) return []
  const rows = await artistsWhere(db, view, [sql`t.id = any(${[...ids]}::uuid[])`], sql`t.id`)
  const byId = new Map(rows.map((r) => [r.id, r]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

export const artistConditions = (view: View, search: string | undefined): Sql<boolean>[] =>
  search === undefined ? [artistsInReach(view)] : [artistsInReach(view), sql`t.search @@ ${search}::tsquery`]

export const ARTISTS_BY_NAME: Sort = { by: sql`t.sort_key`, kind: 'text', direction: 'up' }

/** Id of the artist of this name, as a list for filters. */
export async function artistIdsByName(db: Db, identity: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from catalog.artists where identity_key = ${identity}`.execute(db)
  return rows.map((r) => r.id)
}

export type GenreRow = { name: string; songCount: number; albumCount: number }
/** The most genres that are answered; the rarest are left out. */
const GENRES_MAX = 2000
/** Spellings that fold alike are one genre, shown as most songs spell it. */
export async function genres(db: Db, view: View): Promise<GenreRow[]> {
  const { rows } = await sql<GenreRow>`
    select mode() within group (order by g.name) as name, count(distinct t.id) as "songCount",
      count(distinct t.album_id) as "albumCount"
    from catalog.songs t cross join lateral unnest(t.genres, t.genre_keys) as g(name, key)
    where ${songsInReach(view, 'shelf')}
    group by g.key order by "songCount" desc, g.key limit ${GENRES_MAX}`.execute(db)
  return rows
}

type CoverKind = 'song' | 'album' | 'artist'
export async function coverHashes(
  db: Db,
  view: View,
  kind: CoverKind,
  ids: readonly string[],
): Promise<{ id: string; hash: string }[]> {
  if (kind === 'album')
    return (await albumsById(db, view, ids)).flatMap(({ id, coverHash: hash }) => (hash === null ? [] : { id, hash }))
  const of = isNobody(view) && kind === 'artist' ? sql`public_` : sql``
  const table = { song: sql`catalog.songs`, artist: sql`catalog.artists` }[kind]
  const reach = { song: songsInReach(view, 'access'), artist: artistsInReach(view) }[kind]
  const { rows } = await sql<{ id: string; hash: string }>`
    select t.id, c.hash from ${table} t join catalog.covers c on c.hash = t.${of}cover_hash and c.state = 'ok'
    where t.id = any(${[...ids]}::uuid[]) and ${reach}`.execute(db)
  return rows
}

/** Whether an album or artist stands in any list, whoever sees it. */
export async function isThere(db: Db, kind: 'album' | 'artist', id: string): Promise<boolean> {
  const table = kind === 'album' ? sql`catalog.albums` : sql`catalog.artists`
  const { rows } = await sql`select from ${table} where id = ${id}::uuid and shelf >= 0`.execute(db)
  return rows.length > 0
}
