import { sql } from 'kysely'
import type { Db, Sql } from './db.ts'
import { type At, inOrder, type Listed, type PageEnd, pageOf, type Sort } from './pages.ts'

/**
 * Pages entered far down a long list. To pass over half a million rows takes a tenth of a second even in an index, so
 * every so many rows one is remembered, and passing over begins there. INVARIANT: what is remembered is used only while
 * the list is as it was, told by a version that is read in the same snapshot as the page; otherwise rows are passed over
 * one by one, and the answer is right either way.
 */

/** Rows between two that are remembered. */
const STEP = 2000
/** Nearer pages than this are quick without. */
export const FAR_MIN = 10_000
/** Lists (an order as somebody sees it) remembered of a database; the one used longest ago is forgotten. */
const LISTS_MAX = 48

type Marks = { version: string; marks: readonly PageEnd[] }
type Remembered = { asked: string; marks: Marks | undefined; isMaking: boolean }
const kept = new WeakMap<Db, Map<string, Remembered>>()

function rememberedOf(db: Db, key: string): Remembered {
  const lists = kept.get(db) ?? new Map<string, Remembered>()
  kept.set(db, lists)
  const one = lists.get(key) ?? { asked: '', marks: undefined, isMaking: false }
  lists.delete(key)
  lists.set(key, one)
  const [oldest] = lists.keys()
  if (lists.size > LISTS_MAX && oldest !== undefined) lists.delete(oldest)
  return one
}

const isOfFacts = (sort: Sort): boolean => sort.kind === 'real'
/** Of this order as it is now. */
const versionOf = (sort: Sort): Sql => sql`(select string_agg(version::text, '.' order by of_what)
  from catalog.list_versions where of_what = 'songs' or ${sql.lit(isOfFacts(sort))})`

async function versionNow(db: Db, sort: Sort): Promise<string> {
  const { rows } = await sql<{ version: string }>`select ${versionOf(sort)} as version`.execute(db)
  return rows[0]?.version ?? ''
}

async function makeMarks(db: Db, list: Listed, sort: Sort, step: number): Promise<Marks> {
  const all = inOrder(list, { sort, cursor: undefined })
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (tx) => {
      const version = await versionNow(tx, sort)
      const { rows } = await sql<PageEnd>`select x.id, x.value
        from (select s.id, s.value, row_number() over () as n from ${all} s) x where x.n % ${step} = 0`.execute(tx)
      return { version, marks: rows }
    })
}

/** Measures the list beside the request that noticed; one that fails is measured at the next. */
async function remember(one: Remembered, make: () => Promise<Marks>): Promise<void> {
  if (one.isMaking) return
  one.isMaking = true
  try {
    one.marks = await make()
  } catch {
    // Without marks pages are right too.
  } finally {
    one.isMaking = false
  }
}

/** From the last mark before the page; nothing when the list is another by now. */
async function pageFromMark(
  db: Db,
  list: Listed,
  at: At & { step: number },
  known: Marks,
): Promise<PageEnd[] | undefined> {
  const before = Math.min(Math.floor(at.offset / at.step), known.marks.length)
  const mark = known.marks[before - 1]
  if (mark === undefined) return undefined
  const cursor = { ...mark, seed: 0 }
  const { rows } = await sql<{ version: string; id: string | null; value: string | number }>`
    select v.version, p.id, p.value from (select ${versionOf(at.sort)} as version) v left join lateral (
      select s.id, s.value from ${inOrder(list, { sort: at.sort, cursor })} s
      limit ${at.limit} offset ${at.offset - before * at.step}) p on true`.execute(db)
  if (rows[0]?.version !== known.version) return undefined
  return rows.flatMap(({ id, value }) => (id === null ? [] : [{ id, value }]))
}

/** A page of a list without filter; `key` names the list as its viewer sees it. */
export async function farPage(db: Db, list: Listed, at: At, key: string, step = STEP): Promise<PageEnd[]> {
  const one = rememberedOf(db, key)
  const found = one.marks && (await pageFromMark(db, list, { ...at, step }, one.marks))
  if (found) return found
  const version = await versionNow(db, at.sort)
  // A list that changes all the time is not worth measuring: it was asked for twice as it is now.
  if (one.asked === version) void remember(one, () => makeMarks(db, list, at.sort, step))
  one.asked = version
  return pageOf(db, list, at)
}
