import { sql } from 'kysely'
import type { Cursor, SortKind } from '#modules/catalog/cursor.ts'
import type { Db, Sql } from './db.ts'
import { byBitmap, type Facts, type Narrow } from './narrow.ts'
import { type Shuffle, STRETCH } from './shuffle.ts'

/** One order of a list. An index on (`by`, id) serves it in both directions. */
export type Sort = {
  readonly by: Sql
  readonly kind: SortKind
  readonly direction: 'up' | 'down'
  /** Random order that an index on the hash of the id serves. */
  readonly shuffle?: Shuffle
}
export type PageEnd = { id: string; value: string | number }
export type At = { sort: Sort; cursor: Cursor | undefined; offset: number; limit: number }
/** What is listed: a table, known as `t`, and who sees what of it. */
export type Listed = {
  readonly table: Sql
  readonly where: readonly Sql<boolean>[]
  readonly narrow?: Narrow | undefined
  /** Columns the list's indexes hold for `narrow.covered`. */
  readonly facts?: Facts | undefined
}

export type Bounds = {
  /** Rows of an order that are looked at before matches are looked for otherwise: in the index alone … */
  readonly inIndex: number
  /** … in random order, where each few of them are looked up … */
  readonly inStretches: number
  /** … and by reading each. */
  readonly reading: number
  /** Matches that are collected and sorted; among more of them a page is soon full where they stand alike. */
  readonly collected: number
}
const BOUNDS: Bounds = { inIndex: 10_000, inStretches: 2500, reading: 1000, collected: 2000 }
/** Of a page that is filled to this share, walking on fills the rest sooner than anything else. */
const DENSE_SHARE = 1 / 3
/** Where walking on is worth it, how many times as far as before. */
const FARTHER = 4
/** A guess of so many times as many as are collected is no longer doubted. */
const SURELY_MORE = 2
/** Rows are walked for as many matches there are to collect; to collect one costs more than to pass over a row. */
const WALKED_PER_MATCH = 1 / 8

const cast: Record<Exclude<SortKind, 'id'>, (value: string | number) => Sql> = {
  text: (v) => sql`${v}::text collate "C"`,
  int: (v) => sql`${v}::integer`,
  real: (v) => sql`${v}::real`,
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

const conditionsOf = (list: Listed, { sort, cursor }: Pick<At, 'sort' | 'cursor'>): Sql<boolean>[] =>
  cursor ? [...list.where, after(sort, cursor)] : [...list.where]

/** Rows in order with what is known of them in the index; `walked` of them at most, or of stretches of random order. */
export function inOrder(list: Listed, at: Pick<At, 'sort' | 'cursor'>, walked?: number): Sql {
  const { sort, cursor } = at
  const facts = list.facts === undefined ? sql`` : sql`, ${list.facts.columns}`
  const where = allOf(conditionsOf(list, at))
  if (!sort.shuffle || sort.shuffle.places === 1)
    return sql`(select t.id, ${shown(sort)} as value${facts} from ${list.table} t where ${where} order by ${order(sort)}
      ${walked === undefined ? sql`` : sql`limit ${walked}`})`
  const { placeOf, places, inPlace } = sort.shuffle
  const first = cursor === undefined ? 0 : placeOf(BigInt(cursor.value))
  const last = walked === undefined ? places - 1 : Math.min(places - 1, first + Math.ceil(walked / STRETCH))
  // The stretches come in the order of their places, each sorted: nothing sorts the whole.
  return sql`(select x.* from (select generate_series(${sql.lit(first)}::bigint, ${sql.lit(last)}::bigint) as p) g
    cross join lateral (select t.id, ${shown(sort)} as value${facts} from ${list.table} t
      where ${inPlace} and ${where} order by ${order(sort)}) x)`
}

async function plainPage(db: Db, list: Listed, at: At): Promise<PageEnd[]> {
  const { rows } = await sql<PageEnd>`
    select s.id, s.value from ${inOrder(list, at)} s limit ${at.limit} offset ${at.offset}`.execute(db)
  return rows
}

/** Walks the order and answers the matches it meets. */
async function walkedPage(db: Db, list: Listed, narrow: Narrow, at: At, walked?: number): Promise<PageEnd[]> {
  const covered = narrow.covered(sql`s`)
  // As a value the planner cannot turn it into a join of everything: rows are read one by one, and few of them.
  const exact = sql<boolean>`(select ${allOf(narrow.exact)} from ${list.table} t where t.id = s.id)`
  const { rows } = await sql<PageEnd>`
    select s.id, s.value from ${inOrder(list, at, walked ?? Number.MAX_SAFE_INTEGER)} s
    where ${allOf([...covered, exact])} limit ${at.limit} offset ${at.offset}`.execute(db)
  return rows
}

/** Collects the matches, wherever they stand, and sorts them; nothing when they are more than `collected`. */
async function collectedPage(
  db: Db,
  list: Listed,
  narrow: Narrow,
  at: At & { collected?: number },
): Promise<PageEnd[] | undefined> {
  const where = allOf([...conditionsOf(list, at), ...narrow.exact, ...narrow.found])
  const { by, kind, direction } = at.sort
  const way = direction === 'up' ? sql`asc` : sql`desc`
  const { rows } = await byBitmap(db, (tx) =>
    sql<{ matches: number; id: string | null; value: string | number }>`
      with m as materialized (select t.id, ${kind === 'id' ? sql`''` : by} as value
        from ${list.table} t where ${where} ${at.collected === undefined ? sql`` : sql`limit ${at.collected + 1}`})
      select (select count(*) from m) as matches, p.id, p.value
      from (select 1) one left join lateral (
        select m.id, ${kind === 'bigint' ? sql`m.value::text` : sql`m.value`} as value from m
        order by m.value ${way}, m.id ${way} limit ${at.limit} offset ${at.offset}
      ) p on true`.execute(tx),
  )
  if (at.collected !== undefined && (rows[0]?.matches ?? 0) > at.collected) return undefined
  return rows.flatMap(({ id, value }) => (id === null ? [] : [{ id, value }]))
}

/** How many matches the planner thinks there are: good for one common word, which is what it is asked for. */
async function guessOf(db: Db, list: Listed, narrow: Narrow): Promise<number> {
  const where = allOf([...list.where, ...narrow.exact])
  const { rows } = await sql<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>`
    explain (format json) select from ${list.table} t where ${where}`.execute(db)
  return rows[0]?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0
}

/** Pages filled by one way after the other, until one of them is sure of its page or fills it. */
async function firstFull(limit: number, ways: readonly (() => Promise<PageEnd[] | undefined>)[]): Promise<PageEnd[]> {
  let last: PageEnd[] = []
  for (const way of ways) {
    const page = await way()
    if (page?.length === limit) return page
    last = page ?? last
  }
  return last
}

/** The order for a while, as long as it takes to collect what may match; then all matches. */
async function readPage(
  db: Db,
  list: Listed,
  narrow: Narrow,
  at: At & Bounds & { walked: number },
): Promise<PageEnd[]> {
  const { sort, cursor, offset, limit, walked } = at
  return firstFull(limit, [
    () => walkedPage(db, list, narrow, at, walked),
    () => collectedPage(db, list, narrow, { sort, cursor, offset, limit }),
  ])
}

/** What comes when the begin of the order, as far as it was `walked`, was not enough: matches are few, or stand far away. */
async function sparsePage(
  db: Db,
  list: Listed,
  narrow: Narrow,
  at: At & Bounds & { walked: number },
): Promise<PageEnd[]> {
  const guess = narrow.reads ? await guessOf(db, list, narrow) : 0
  const found = guess > at.collected * SURELY_MORE ? undefined : await collectedPage(db, list, narrow, at)
  if (found) return found
  if (!narrow.reads) return walkedPage(db, list, narrow, at)
  const walked = Math.max(at.reading, Math.ceil(guess * WALKED_PER_MATCH))
  if (walked > at.walked) return readPage(db, list, narrow, { ...at, walked })
  const { sort, cursor, offset, limit } = at
  return (await collectedPage(db, list, narrow, { sort, cursor, offset, limit })) ?? []
}

/**
 * A page of what a filter leaves over, however much that is, and wherever in the order it stands: the planner, which
 * must guess both, is not asked. First a bounded stretch of the order is walked, which fills the page when matches are
 * common; then the matches are collected and sorted, if they are few; else they are many, but stand far away: walking on
 * in the index meets them, and where each row must be read, no more is walked than collecting them would cost.
 */
async function narrowedPage(db: Db, list: Listed, narrow: Narrow, at: At & Bounds): Promise<PageEnd[]> {
  // A short list in random order has no index to walk: it is sorted whole.
  if (at.sort.shuffle?.places === 1)
    return (await collectedPage(db, list, narrow, at)) ?? plainPage(db, allNarrowed(list, narrow), at)
  const inIndex = at.sort.shuffle === undefined ? at.inIndex : at.inStretches
  const walked = narrow.covered(sql`t`).length > 0 ? inIndex : at.reading
  const first = await walkedPage(db, list, narrow, at, walked)
  if (first.length === at.limit) return first
  if (first.length < at.limit * DENSE_SHARE) return sparsePage(db, list, narrow, { ...at, walked })
  return narrow.reads
    ? readPage(db, list, narrow, { ...at, walked: walked * FARTHER })
    : walkedPage(db, list, narrow, at)
}
const allNarrowed = (list: Listed, narrow: Narrow): Listed => ({
  table: list.table,
  where: [...list.where, ...narrow.exact],
})

/**
 * Ids of one page, in order, after `offset` rows that are passed over; `limit` rows at most. Reads nothing but what the
 * order's index holds, so that passing over is cheap.
 */
export const pageOf = (db: Db, list: Listed, at: At, bounds = BOUNDS): Promise<PageEnd[]> =>
  list.narrow === undefined ? plainPage(db, list, at) : narrowedPage(db, list, list.narrow, { ...at, ...bounds })

export async function countOf(db: Db, list: Listed): Promise<number> {
  const where = allOf([...list.where, ...(list.narrow?.exact ?? []), ...(list.narrow?.found ?? [])])
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${list.table} t where ${where}`.execute(db)
  return rows[0]?.n ?? 0
}
