import { type Kysely, sql } from 'kysely'
import type { Role } from '#kernel/caller.ts'
import type { PublicUser, User } from './schema.ts'

export type UserRow = {
  id: string
  username: string
  email: string | null
  display_name: string
  password_hash: string | null
  role: Role
  is_blocked: boolean
  created_at: Date
  updated_at: Date
}
type SessionRow = {
  id: string
  user_id: string
  user_agent: string | null
  created_at: Date
  used_at: Date
  expires_at: Date
  ended_at: Date | null
}
type TokenRow = { hash: Buffer; session_id: string; used_at: Date | null }
export type Tables = {
  'identity.users': UserRow
  'identity.sessions': SessionRow
  'identity.refresh_tokens': TokenRow
  'identity.setup_code': { one: boolean; code: string }
}
type Db = Kysely<Tables>

export const toUser = (r: UserRow): User => ({
  id: r.id,
  username: r.username,
  email: r.email,
  displayName: r.display_name,
  role: r.role,
  isBlocked: r.is_blocked,
  createdAt: r.created_at.toISOString(),
})
export const toPublicUser = (r: Pick<UserRow, 'id' | 'username' | 'display_name'>): PublicUser => ({
  id: r.id,
  username: r.username,
  displayName: r.display_name,
})

export async function hasUsers(db: Db): Promise<boolean> {
  return (await db.selectFrom('identity.users').select('id').limit(1).executeTakeFirst()) !== undefined
}

/** Nobody else makes an account until this transaction ends: "the first account" is one account. */
export const lockRegistration = (db: Db) => sql`select pg_advisory_xact_lock(hashtext('identity.register'))`.execute(db)

export type NewUser = Pick<UserRow, 'id' | 'username' | 'email' | 'display_name' | 'password_hash' | 'role'>

/** Undefined when the username or e-mail is taken. */
export const insertUser = (db: Db, user: NewUser): Promise<UserRow | undefined> =>
  db
    .insertInto('identity.users')
    .values(user as UserRow)
    .onConflict((c) => c.doNothing())
    .returningAll()
    .executeTakeFirst()

/** By e-mail or username, whichever is given; both fold case. */
export const findLogin = (db: Db, login: string): Promise<UserRow | undefined> =>
  db
    .selectFrom('identity.users')
    .selectAll()
    .where((eb) => eb.or([eb('email', '=', login.toLowerCase()), eb(sql`lower(username)`, '=', login.toLowerCase())]))
    .executeTakeFirst()

export const usersById = (db: Db, ids: readonly string[]): Promise<UserRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('identity.users')
        .selectAll()
        .where('id', 'in', [...ids])
        .execute()

export async function insertSession(
  db: Db,
  s: { id: string; userId: string; userAgent: string | null; expiresAt: Date },
): Promise<void> {
  await db
    .insertInto('identity.sessions')
    .values({ id: s.id, user_id: s.userId, user_agent: s.userAgent, expires_at: s.expiresAt } as SessionRow)
    .execute()
}
export async function insertToken(db: Db, hash: Buffer, sessionId: string): Promise<void> {
  await db.insertInto('identity.refresh_tokens').values({ hash, session_id: sessionId, used_at: null }).execute()
}

/** The token with its living session and user, locked against a second use at the same time. */
export async function lockToken(db: Db, hash: Buffer) {
  const token = await db
    .selectFrom('identity.refresh_tokens')
    .selectAll()
    .where('hash', '=', hash)
    .forUpdate()
    .executeTakeFirst()
  if (!token) return undefined
  const session = await db
    .selectFrom('identity.sessions')
    .selectAll()
    .where('id', '=', token.session_id)
    .forUpdate()
    .executeTakeFirstOrThrow()
  const user = await db
    .selectFrom('identity.users')
    .selectAll()
    .where('id', '=', session.user_id)
    .executeTakeFirstOrThrow()
  return { token, session, user }
}
export async function useToken(db: Db, hash: Buffer, sessionId: string, expiresAt: Date): Promise<void> {
  await db.updateTable('identity.refresh_tokens').set({ used_at: sql`now()` }).where('hash', '=', hash).execute()
  await db
    .updateTable('identity.sessions')
    .set({ used_at: sql`now()`, expires_at: expiresAt })
    .where('id', '=', sessionId)
    .execute()
}

/** The user whose session it was, or undefined when it had ended already. */
export async function endSession(db: Db, id: string): Promise<string | undefined> {
  const ended = await db
    .updateTable('identity.sessions')
    .set({ ended_at: sql`now()` })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returning('user_id')
    .executeTakeFirst()
  return ended?.user_id
}
export async function sessionOfToken(db: Db, hash: Buffer): Promise<string | undefined> {
  const row = await db
    .selectFrom('identity.refresh_tokens')
    .select('session_id')
    .where('hash', '=', hash)
    .executeTakeFirst()
  return row?.session_id
}

export const livingSession = (db: Db, id: string) =>
  db
    .selectFrom('identity.sessions as s')
    .innerJoin('identity.users as u', 'u.id', 's.user_id')
    .select(['u.id as userId', 'u.role as role'])
    .where('s.id', '=', id)
    .where('s.ended_at', 'is', null)
    .where('s.expires_at', '>', sql<Date>`now()`)
    .where('u.is_blocked', '=', false)
    .executeTakeFirst()

/** Ended and expired sessions are of no use after a month. */
export async function pruneSessions(db: Db): Promise<void> {
  await sql`delete from identity.sessions where coalesce(ended_at, expires_at) < now() - interval '30 days'`.execute(db)
}

export async function setupCode(db: Db): Promise<string | undefined> {
  return (await db.selectFrom('identity.setup_code').select('code').executeTakeFirst())?.code
}
/** Keeps the code that is there: it has been printed already. */
export async function keepSetupCode(db: Db, code: string): Promise<string> {
  await db
    .insertInto('identity.setup_code')
    .values({ one: true, code })
    .onConflict((c) => c.doNothing())
    .execute()
  return (await setupCode(db)) ?? code
}
export const dropSetupCode = (db: Db) => db.deleteFrom('identity.setup_code').execute()
