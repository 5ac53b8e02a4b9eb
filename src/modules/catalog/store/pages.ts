import { sql } from 'kysely'
import type { Cursor, SortKind } from '#modules/catalog/cursor.ts'
import type { Db, Sql } from './db.ts'

/** One order of a list. An index on (`by`, id) serves it in both directions. */
export type Sort = { readonly by: Sql; readonly kind: SortKind; readonly direction: 'up' | 'down' }
export type PageEnd = { id: string; value: string | number }

const cast: Record<Exclude<SortKind, 'id'>, (value: string | number) => Sql> = {
  text: (v) => sql`${v}::text collate "C"`,
  int: (v) => sql`${v}::integer`,
  bigint: (v) => sql`${v}::bigint`,
}
const after = (sort: Sort, cursor: Cursor): Sql<boolean> => {
  const than = sort.direction === 'up' ? sql`>` : sql`<`
  if (sort.kind === 'id') return sql`t.id ${than} ${cursor.id}::uuid`
  return sql`(${sort.by}, t.id) ${than} (${cast[sort.kind](cursor.value)}, ${cursor.id}::uuid)`
}
const order = (sort: Sort): Sql => {
  const way = sort.direction === 'up' ? sql`asc` : sql`desc`
  return sort.kind === 'id' ? sql`t.id ${way}` : sql`${sort.by} ${way}, t.id ${way}`
}
const shown = (sort: Sort): Sql =>
  sort.kind === 'id' ? sql`''` : sort.kind === 'bigint' ? sql`(${sort.by})::text` : sort.by

export const allOf = (conditions: readonly Sql<boolean>[]): Sql<boolean> =>
  conditions.length === 0 ? sql`true` : sql`${sql.join(conditions, sql` and `)}`

/**
 * Ids of one page of `table` (known as `t` in the conditions), in order, after `offset` rows that are passed over;
 * `limit` rows at most. Reads nothing but what the sort's index holds, so that passing over is cheap.
 */
export async function pageOf(
  db: Db,
  table: Sql,
  where: readonly Sql<boolean>[],
  o: { sort: Sort; cursor: Cursor | undefined; offset: number; limit: number },
): Promise<PageEnd[]> {
  const conditions = o.cursor ? [...where, after(o.sort, o.cursor)] : where
  const { rows } = await sql<PageEnd>`
    select t.id, ${shown(o.sort)} as value from ${table} t
    where ${allOf(conditions)} order by ${order(o.sort)} limit ${o.limit} offset ${o.offset}`.execute(db)
  return rows
}

export async function countOf(db: Db, table: Sql, where: readonly Sql<boolean>[]): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${table} t where ${allOf(where)}`.execute(db)
  return rows[0]?.n ?? 0
}
