import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import { ACCESS, reachOf } from '#modules/catalog/policy.ts'
import type { Sql } from './db.ts'

/**
 * The policy "see" as SQL over songs `t`, the only place where it is written so: `access` for songs asked for by id,
 * `shelf` for lists. Written with a constant for nobody, so that the partial indexes of public songs serve.
 */
export function songsInReach(who: Caller, level: 'access' | 'shelf'): Sql<boolean> {
  const { least, ownerId } = reachOf(who)
  const column = level === 'access' ? sql`t.access` : sql`t.shelf`
  if (least === ACCESS.anyone) return sql`${column} = 3`
  if (ownerId === null) return sql`${column} >= ${sql.lit(least)}`
  return sql`(${column} >= ${sql.lit(least)} or (t.owner_id = ${ownerId}::uuid and ${column} >= ${sql.lit(ACCESS.owner)}))`
}

/** Albums or artists `t` with at least one song on a shelf the caller reaches. */
export const thingsInReach = (who: Caller): Sql<boolean> => {
  const { least } = reachOf(who)
  return least === ACCESS.anyone ? sql`t.shelf = 3` : sql`t.shelf >= ${sql.lit(least)}`
}
