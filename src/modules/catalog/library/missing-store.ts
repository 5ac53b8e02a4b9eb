import { sql } from 'kysely'
import type { Db } from '#modules/catalog/store/db.ts'
import type { MissingSong } from './contract.ts'

export type MissingRow = {
  songId: string
  path: string
  reason: MissingSong['reason']
  since: Date
  goneAt: Date | null
  /** Where it stands in this list, in microseconds: when its file was deleted, else the end of time. */
  orderUs: string
}
/** As the index `songs_missing` has it. */
const ORDER = sql`coalesce(t.gone_at, timestamptz '9999-12-31 00:00:00+00')`

/** Songs that are forgotten first come first, those that never are, last; after the last one of the page before. */
export async function missing(
  db: Db,
  after: { orderUs: string; id: string } | undefined,
  limit: number,
): Promise<MissingRow[]> {
  const rest =
    after === undefined
      ? sql`true`
      : sql`(${ORDER}, t.id) > (to_timestamp(0) + ${after.orderUs}::bigint * interval '1 microsecond', ${after.id}::uuid)`
  const { rows } = await sql<MissingRow>`
    select t.id as "songId", coalesce(f.path_text, '') as path, t.gone_at as "goneAt",
      case when t.gone_at is not null then 'deleted' when f.is_unreachable then 'folder_unreachable'
        else 'faulty' end as reason,
      coalesce(t.gone_at, f.unreachable_since, f.fault_at, t.updated_at) as since,
      (extract(epoch from ${ORDER}) * 1000000)::bigint::text as "orderUs"
    from (select * from catalog.songs t where t.is_missing and ${rest} order by ${ORDER}, t.id limit ${limit}) t
    left join lateral (select lf.path_text, lf.fault_at, fo.state = 'unreachable' as is_unreachable, fo.unreachable_since
      from catalog.library_files lf join catalog.folders fo on fo.id = lf.folder_id
      where lf.song_id = t.id order by lf.state = 'missing', lf.id limit 1) f on true
    order by ${ORDER}, t.id`.execute(db)
  return rows
}
export async function missingCount(db: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from catalog.songs t where t.is_missing`.execute(db)
  return rows[0]?.n ?? 0
}
