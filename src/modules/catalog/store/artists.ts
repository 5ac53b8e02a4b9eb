import { sql } from 'kysely'
import type { Palette } from '#kernel/media/types.ts'
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
  coverBlurhash: string | null
  coverPalette: Palette | null
}

const isNobody = (view: View): boolean => view.least === ACCESS.anyone

/** The picture of the newest album of theirs; where they are guests counts less. The same as what `recount` keeps. */
const NEWEST_COVER = sql`(array_agg(t.cover_hash
  order by sa.role in ('main', 'album') desc, t.year desc nulls last, t.id desc)
  filter (where t.cover_hash is not null))[1]`

/** What lies in a folder is not for those who may not open it, and for nobody only when the whole folder is public. */
function folderPicture({ least, withheld }: View): Sql {
  if (least === ACCESS.anyone)
    return sql`case when exists (select from catalog.folders f where f.no = ar.folder_cover_no and f.is_public)
      then ar.folder_cover_hash end`
  if (withheld.length === 0) return sql`ar.folder_cover_hash`
  return sql`case when ar.folder_cover_no <> all(${[...withheld]}::smallint[]) then ar.folder_cover_hash end`
}

/**
 * Counted as the caller sees them, where what is kept would say another thing: of artists with songs that are private,
 * hidden or in a folder that is withheld. Of all others, and for nobody, what is kept serves.
 */
const seen = (view: View): Sql => {
  const isApart = view.least === ACCESS.admins || view.ownerId !== null
  if (!isApart && view.withheld.length === 0)
    return sql`left join lateral (select null::int as n, null::int as albums, null::text as cover) part on true`
  return sql`left join lateral (
    select count(distinct t.id)::int as n, count(distinct t.album_id)::int as albums,
      ${NEWEST_COVER} as cover
    from catalog.song_artists sa join catalog.songs t on t.id = sa.song_id
    where sa.artist_id = ar.id and ${songsInReach(view, 'shelf')}
  ) part on (${apart(view)}) or ar.folder_nos && ${[...view.withheld]}::smallint[]`
}

/** Artists with songs that the caller sees and `shelf >= 2` does not count. */
function apart({ least, ownerId }: View): Sql<boolean> {
  if (least === ACCESS.admins) return sql`ar.apart_song_count > 0`
  if (ownerId === null) return sql`false`
  return sql`ar.apart_song_count > 0
    and exists (select from catalog.known_artists k where k.owner_id = ${ownerId}::uuid and k.artist_id = ar.id)`
}

/** `where` speaks of the artists as `t`, `order` as `ar`. */
async function artistsWhere(db: Db, view: View, where: readonly Sql<boolean>[], order: Sql): Promise<ArtistRow[]> {
  const of = isNobody(view) ? sql`public_` : sql``
  const { rows } = await sql<ArtistRow>`
    select ar.id, ar.name, ar.sort_name as "sortName", coalesce(part.albums, ar.${of}album_count) as "albumCount",
      coalesce(part.n, ar.${of}song_count) as "songCount", c.hash as "coverHash", c.color as "coverColor", c.blurhash as "coverBlurhash", c.palette as "coverPalette"
    from (select t.* from catalog.artists t where ${allOf(where)} and ${artistsInReach(view)}) ar ${seen(view)}
    left join lateral (select k.* from (values (1, ar.own_cover_hash), (2, ${folderPicture(view)}),
        (3, case when part.n is null then ar.${of}cover_hash else part.cover end)) as v(place, hash)
      join catalog.covers k on k.hash = v.hash and k.state = 'ok' order by v.place limit 1) c on true
    order by ${order}`.execute(db)
  return rows
}

/** In the order of `ids`; unknown ones and those out of the caller's reach are left out. */
export async function artistsById(db: Db, view: View, ids: readonly string[]): Promise<ArtistRow[]> {
  if (ids.length === 0) return []
  const rows = await artistsWhere(db, view, [sql`t.id = any(${[...ids]}::uuid[])`], sql`ar.id`)
  const byId = new Map(rows.map((r) => [r.id, r]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}

export const ARTISTS_BY_NAME: Sort = { by: sql`t.sort_key`, kind: 'text', direction: 'up' }

/** Id of the artist of this name, as a list for filters. */
export async function artistIdsByName(db: Db, identity: string): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from catalog.artists where identity_key = ${identity}`.execute(db)
  return rows.map((r) => r.id)
}

type CoverKind = 'song' | 'album' | 'artist'
export async function coverHashes(
  db: Db,
  view: View,
  kind: CoverKind,
  ids: readonly string[],
): Promise<{ id: string; hash: string }[]> {
  if (kind !== 'song') {
    const things = kind === 'album' ? await albumsById(db, view, ids) : await artistsById(db, view, ids)
    return things.flatMap(({ id, coverHash: hash }) => (hash === null ? [] : { id, hash }))
  }
  const { rows } = await sql<{ id: string; hash: string }>`
    select t.id, c.hash from catalog.songs t join catalog.covers c on c.hash = t.cover_hash and c.state = 'ok'
    where t.id = any(${[...ids]}::uuid[]) and ${songsInReach(view, 'access')}`.execute(db)
  return rows
}

/** Whether an album or artist stands in any list, whoever sees it. */
export async function isThere(db: Db, kind: 'album' | 'artist', id: string): Promise<boolean> {
  const table = kind === 'album' ? sql`catalog.albums` : sql`catalog.artists`
  const { rows } = await sql`select from ${table} where id = ${id}::uuid and shelf >= 0`.execute(db)
  return rows.length > 0
}
