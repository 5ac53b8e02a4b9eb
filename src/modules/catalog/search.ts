import type { Db } from './store/db.ts'
import { forgive } from './search/forgive.ts'
import { commonNow } from './search/common.ts'
import { parse, tsqueryOf } from './search/query.ts'

/** Old face, for rooms that do not say who looks: see `search/find.ts`. */
export async function filterQuery(db: Db, q: string): Promise<string> {
  const query = parse(q)
  const needed = query.clauses.filter((c) => !c.isOptional)
  const { query: meant } = await forgive(db, { ...query, clauses: needed }, await commonNow(db))
  return tsqueryOf(meant.clauses)
}
