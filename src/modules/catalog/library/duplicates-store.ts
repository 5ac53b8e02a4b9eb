import { sql } from 'kysely'
import type { Db } from '#modules/catalog/store/db.ts'

export type DuplicateRow = { contentId: string; wastedBytes: number; songCount: number }
/** Those that waste most first; `after` is the last one of the page before. */
export async function duplicates(
  db: Db,
  after: Pick<DuplicateRow, 'contentId' | 'wastedBytes'> | undefined,
  limit: number,
): Promise<DuplicateRow[]> {
  const rest =
    after === undefined
      ? sql`true`
      : sql`(d.wasted_bytes, d.content_id) < (${after.wastedBytes}::bigint, ${after.contentId}::text)`
  const { rows } = await sql<DuplicateRow>`
    select d.content_id as "contentId", d.wasted_bytes as "wastedBytes", d.song_count as "songCount"
    from catalog.duplicates d where ${rest} order by d.wasted_bytes desc, d.content_id desc limit ${limit}`.execute(db)
  return rows
}
export async function duplicateCount(db: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from catalog.duplicates`.execute(db)
  return rows[0]?.n ?? 0
}

export type Copy = { contentId: string; songId: string; path: string | null }
/** The oldest `limit` songs of each audio, with where one file of each lies; uploads lie nowhere. */
export async function copiesOf(db: Db, contentIds: readonly string[], limit: number): Promise<Copy[]> {
  const { rows } = await sql<Copy>`
    select w.id as "contentId", s.id as "songId", f.path from unnest(${[...contentIds]}::text[]) as w(id)
      -- Kept apart by the offset: else all songs may be walked in the order of ids to find these few.
      cross join lateral (select s.id from (select id, shelf from catalog.songs where content_id = w.id offset 0) s
        where s.shelf >= 0 order by s.id limit ${limit}) s
      left join lateral (select lf.path_text as path from catalog.library_files lf where lf.song_id = s.id
        order by lf.state, lf.id limit 1) f on true
    order by s.id`.execute(db)
  return rows
}
