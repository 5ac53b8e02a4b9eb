import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Sql } from './db.ts'

const smallints = (nos: readonly number[]): Sql => sql`${[...nos]}::smallint[]`

/**
 * The policy "see" as SQL over songs `t`, the only place where it is written so: `access` for songs asked for by id,
 * `shelf` for lists. Written with a constant for nobody, so that the partial indexes of public songs serve.
 */
export function songsInReach(view: View, level: 'access' | 'shelf'): Sql<boolean> {
  const { least, ownerId, withheld } = view
  const column = level === 'access' ? sql`t.access` : sql`t.shelf`
  if (least === ACCESS.anyone) return sql`${column} = 3`
  const shared = sql<boolean>`${column} >= ${sql.lit(least)}`
  const open =
    withheld.length === 0
      ? shared
      : sql<boolean>`(${shared} and (${column} = 3 or t.folder_no is null or t.folder_no <> all(${smallints(withheld)})))`
  if (ownerId === null) return open
  return sql`(${open} or (t.owner_id = ${ownerId}::uuid and ${column} >= ${sql.lit(ACCESS.owner)}))`
}

/** Not only in folders that are withheld. `folder_nos` are those of the library's songs; uploads have none. */
const inOpenFolder = ({ withheld }: View): Sql<boolean> =>
  withheld.length === 0
    ? sql`true`
    : sql`(t.shelf = 3 or t.folder_nos = '{}' or not t.folder_nos <@ ${smallints(withheld)})`

/** Albums `t` with at least one song on a shelf the caller reaches, and the caller's own that no admin hid. */
export function albumsInReach(view: View): Sql<boolean> {
  const { least, ownerId } = view
  if (least === ACCESS.anyone) return sql`t.shelf = 3`
  if (ownerId === null) return sql`(t.shelf >= ${sql.lit(least)} and ${inOpenFolder(view)})`
  return sql`((t.shelf >= ${sql.lit(least)} and ${inOpenFolder(view)})
    or (t.owner_id = ${ownerId}::uuid and t.shelf >= ${sql.lit(ACCESS.owner)}))`
}

/**
 * Whether an album `al` may be named beside a song of it that the caller sees. One made of the songs that name it may: a
 * song on it is seen; one that somebody owns only when it is public, or theirs; none that an admin hid.
 */
export function albumNamed({ least, ownerId }: View): Sql<boolean> {
  if (least === ACCESS.admins) return sql`true`
  const open = sql<boolean>`(al.shelf = 3 or (al.owner_id is null and al.is_visible))`
  if (ownerId === null) return open
  return sql`(${open} or (al.owner_id = ${ownerId}::uuid and al.shelf >= ${sql.lit(ACCESS.owner)}))`
}

/** Artists `t` with at least one song on a shelf the caller reaches, or a public album; own uploads and albums included. */
export function artistsInReach(view: View): Sql<boolean> {
  const { least, ownerId } = view
  if (least === ACCESS.anyone) return sql`t.shelf = 3`
  if (ownerId === null) return sql`(t.shelf >= ${sql.lit(least)} and ${inOpenFolder(view)})`
  const own = sql`own.owner_id = ${ownerId}::uuid and own.shelf >= ${sql.lit(ACCESS.owner)}`
  // Looked up for the few artists that are not shared. `limit` keeps the planner from making the set of all instead.
  return sql`((t.shelf >= ${sql.lit(least)} and ${inOpenFolder(view)})
    or (t.shelf >= ${sql.lit(ACCESS.owner)} and coalesce(
      (select true from catalog.known_artists k where k.owner_id = ${ownerId}::uuid and k.artist_id = t.id limit 1)
      and ((select true from catalog.song_artists sa join catalog.songs own on own.id = sa.song_id
          where sa.artist_id = t.id and ${own} limit 1) is not null
        or (select true from catalog.album_artists aa join catalog.albums own on own.id = aa.album_id
          where aa.artist_id = t.id and ${own} limit 1) is not null), false)))`
}

/** Songs or albums `t` of one person, whoever may see them: for their own lists alone. */
export const ownedBy = (ownerId: string): Sql<boolean> => sql<boolean>`t.owner_id = ${ownerId}::uuid`
