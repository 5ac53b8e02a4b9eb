import { type Selectable, sql } from 'kysely'
import type { Db, UsersTable } from './tables.ts'
import { DEFAULT_PREFERENCES, type PublicUser, type User } from './things.ts'

export type UserRow = Selectable<UsersTable>

/** The path changes with the picture, so that it can be cached for ever. */
const avatarUrl = (r: Pick<UserRow, 'id' | 'avatar'>): string | null =>
  r.avatar === null ? null : `/api/v1/users/${r.id}/avatar?v=${r.avatar.slice(0, 12)}`

export const toUser = (r: UserRow): User => ({
  id: r.id,
  username: r.username,
  email: r.email,
  emailVerified: r.email_verified_at !== null,
  displayName: r.display_name,
  avatarUrl: avatarUrl(r),
  role: r.role,
  isBlocked: r.is_blocked,
  hasPassword: r.password_hash !== null,
  isAnonymous: r.is_anonymous,
  preferences: { ...DEFAULT_PREFERENCES, ...r.preferences },
  revision: r.revision,
  createdAt: r.created_at.toISOString(),
})
export const toPublicUser = (r: Pick<UserRow, 'id' | 'username' | 'display_name' | 'avatar'>): PublicUser => ({
  id: r.id,
  username: r.username,
  displayName: r.display_name,
  avatarUrl: avatarUrl(r),
})

export async function hasUsers(db: Db): Promise<boolean> {
  return (await db.selectFrom('identity.users').select('id').limit(1).executeTakeFirst()) !== undefined
}

export const userById = (db: Db, id: string): Promise<UserRow | undefined> =>
  db.selectFrom('identity.users').selectAll().where('id', '=', id).executeTakeFirst()

export const usersById = (db: Db, ids: readonly string[]): Promise<UserRow[]> =>
  ids.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('identity.users')
        .selectAll()
        .where('id', 'in', [...ids])
        .execute()

/** By e-mail or username, whichever is given; both fold case. */
export const userByLogin = (db: Db, login: string): Promise<UserRow | undefined> =>
  db
    .selectFrom('identity.users')
    .selectAll()
    .where((eb) => eb.or([eb('email', '=', login.toLowerCase()), eb(sql`lower(username)`, '=', login.toLowerCase())]))
    .executeTakeFirst()

export type NewUser = Pick<UserRow, 'id' | 'username' | 'email' | 'display_name' | 'password_hash' | 'role'> & {
  email_verified_at?: Date | null
}

/** Undefined when the username or e-mail is taken. */
export const insertUser = (db: Db, user: NewUser): Promise<UserRow | undefined> =>
  db
    .insertInto('identity.users')
    .values(user)
    .onConflict((c) => c.doNothing())
    .returningAll()
    .executeTakeFirst()

/** Nobody else makes an account, or takes one's role, until this transaction ends. */
export const lockAccounts = (db: Db) => sql`select pg_advisory_xact_lock(hashtext('identity.register'))`.execute(db)

/** Whether password and standing are still what they were; nobody changes them until this transaction ends. */
export async function holdUnchanged(db: Db, user: Pick<UserRow, 'id' | 'password_hash'>): Promise<boolean> {
  const held = await db
    .selectFrom('identity.users')
    .select('id')
    .where('id', '=', user.id)
    .where('password_hash', 'is not distinct from', user.password_hash)
    .where('is_blocked', '=', false)
    .forShare()
    .executeTakeFirst()
  return held !== undefined
}

/** Undefined when the password is not what it was, or its owner is blocked or gone. */
export const replaceHash = (
  db: Db,
  user: Pick<UserRow, 'id' | 'password_hash'>,
  passwordHash: string,
): Promise<UserRow | undefined> =>
  db
    .updateTable('identity.users')
    .set({ password_hash: passwordHash, updated_at: sql`now()` })
    .where('id', '=', user.id)
    .where('password_hash', 'is not distinct from', user.password_hash)
    .where('is_blocked', '=', false)
    .returningAll()
    .executeTakeFirst()
