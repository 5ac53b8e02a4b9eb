import { sql } from 'kysely'
import type { View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from '#modules/catalog/store/db.ts'
import { songsInReach } from '#modules/catalog/store/reach.ts'

/** Directories directly inside one that are ordered and shown; of more, the first in the order of bytes. */
export const SUBDIRS_MAX = 20_000
/** Songs directly inside a directory that are ordered as people count; more come in the order of bytes. */
export const NATURAL_MAX = 5_000

/** All directories below `dir` (which stands apart): those that begin with `dir/`. `0` follows `/` in ASCII. */
const below = (dir: Buffer): Sql<boolean> => {
  if (dir.length === 0) return sql`lf.dir > ''::bytea`
  const [first, last] = ['/', '0'].map((c) => Buffer.concat([dir, Buffer.from(c)]))
  return sql`(lf.dir >= ${first}::bytea and lf.dir < ${last}::bytea)`
}
const STANDS = sql<boolean>`lf.state <> 'missing' and lf.song_id is not null`

/** Directory, 1-based place where the name of the child begins in it, and its files. */
export type Subdir = { name: Buffer; songCount: number }
/** Directories directly inside `dir` with the files in and below each. What an admin hid counts for admins alone. */
export async function subdirs(db: Db, view: View, at: { folderId: string; dir: Buffer }): Promise<Subdir[]> {
  const from = at.dir.length === 0 ? 1 : at.dir.length + 2
  const hidden = sql`select lf.dir, -count(*) as n from catalog.songs t join catalog.library_files lf on lf.song_id = t.id
    where t.folder_id = ${at.folderId}::uuid and t.shelf = 0 and not (${songsInReach(view, 'shelf')})
      and lf.folder_id = t.folder_id and ${below(at.dir)} and ${STANDS} group by lf.dir`
  const { rows } = await sql<Subdir>`
    select name, sum(n)::int as "songCount" from (
      select substring(rest from 1 for case when position('\\x2f'::bytea in rest) = 0 then length(rest)
          else position('\\x2f'::bytea in rest) - 1 end) as name, n
      from (select substring(dir from ${sql.lit(from)}) as rest, n from (
        select lf.dir, count(*) as n from catalog.library_files lf
        where lf.folder_id = ${at.folderId}::uuid and ${below(at.dir)} and ${STANDS} group by lf.dir
        union all ${hidden}) d) r) c
    group by name having sum(n) > 0 order by name limit ${SUBDIRS_MAX}`.execute(db)
  return rows
}

export type TreeSong = { songId: string; name: Buffer }
/** Songs directly inside, by the bytes of their names, after one of them. */
export async function songsInside(
  db: Db,
  view: View,
  o: { folderId: string; dir: Buffer; after: Buffer | undefined; limit: number },
): Promise<TreeSong[]> {
  const rest = o.after === undefined ? sql`true` : sql`lf.name > ${o.after}::bytea`
  const { rows } = await sql<TreeSong>`
    select t.id as "songId", lf.name from catalog.library_files lf join catalog.songs t on t.id = lf.song_id
    where lf.folder_id = ${o.folderId}::uuid and lf.dir = ${o.dir}::bytea and ${STANDS} and ${rest}
      and ${songsInReach(view, 'shelf')}
    order by lf.name limit ${o.limit}`.execute(db)
  return rows
}
