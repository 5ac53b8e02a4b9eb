import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely'
import type { Role } from '#kernel/caller.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import type { UserRow } from '#modules/identity/users.ts'

export type Filter = { terms: readonly string[]; role?: Role; isBlocked?: boolean }
/** `after`: the id, or for a sort by name the small-lettered username, of the last row of the page before. */
export type Sorted = { by: 'id' | 'username'; direction: 'asc' | 'desc'; after?: string | undefined }
export type ListedUser = UserRow & { last_seen_at: Date | null }

type Users = ExpressionBuilder<Tables & { u: Tables['identity.users'] }, 'u'>
type Condition = ExpressionWrapper<Tables & { u: Tables['identity.users'] }, 'u', SqlBool>

/** Must be as the index `users_by_grams` has it. */
const GRAMS = sql`identity.user_grams(u.username, u.email, u.display_name)`
const TEXT = sql`identity.user_text(u.username, u.email, u.display_name)`

/** A term of three letters or more may stand anywhere in a word, a shorter one begins it. */
const hasTerm = (term: string) => sql<boolean>`(
  ${GRAMS} @> identity.term_grams(${term}) and position(identity.folded(${term}) in ${TEXT}) > 0)`

const conditions = (eb: Users, f: Filter): Condition =>
  eb.and([
    ...f.terms.map(hasTerm),
    ...(f.role === undefined ? [] : [eb('u.role', '=', f.role)]),
    ...(f.isBlocked === undefined ? [] : [f.isBlocked ? sql<boolean>`u.is_blocked` : sql<boolean>`not u.is_blocked`]),
  ])

const lastSeen = sql<Date | null>`(select max(s.used_at) from identity.sessions s where s.user_id = u.id)`

/** In order, at most `limit`. Keyset: what joins or leaves the list shifts no page. */
export function listUsers(db: Db, f: Filter, sort: Sorted, limit: number): Promise<ListedUser[]> {
  const key = sort.by === 'id' ? sql`u.id` : sql`lower(u.username)`
  const than = sort.direction === 'asc' ? sql`>` : sql`<`
  let query = db
    .selectFrom('identity.users as u')
    .selectAll('u')
    .select(lastSeen.as('last_seen_at'))
    .where((eb) => conditions(eb, f))
    .orderBy(key, sort.direction)
    .limit(limit)
  if (sort.after !== undefined) query = query.where(sql<boolean>`${key} ${than} ${sort.after}`)
  return query.execute()
}

export async function countUsers(db: Db, f: Filter): Promise<number> {
  const counted = await db
    .selectFrom('identity.users as u')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where((eb) => conditions(eb, f))
    .executeTakeFirstOrThrow()
  return counted.n
}

export const listedUser = (db: Db, id: string): Promise<ListedUser | undefined> =>
  db
    .selectFrom('identity.users as u')
    .selectAll('u')
    .select(lastSeen.as('last_seen_at'))
    .where('u.id', '=', id)
    .executeTakeFirst()

/** Somebody else who is an admin and not blocked. */
export async function hasOtherAdmin(db: Db, exceptId: string): Promise<boolean> {
  const other = await db
    .selectFrom('identity.users')
    .select('id')
    .where('role', '=', 'admin')
    .where('is_blocked', '=', false)
    .where('id', '<>', exceptId)
    .limit(1)
    .executeTakeFirst()
  return other !== undefined
}

export async function setStanding(db: Db, id: string, to: { role: Role } | { is_blocked: boolean }): Promise<void> {
  await db
    .updateTable('identity.users')
    .set({ ...to, updated_at: sql`now()` })
    .where('id', '=', id)
    .execute()
}
