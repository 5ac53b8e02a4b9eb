import { type Insertable, sql } from 'kysely'
import type { Db, LettersTable, MailTokensTable } from '#modules/identity/tables.ts'
import type { UserRow } from '#modules/identity/users.ts'

// Order of locks, so that no two wait for each other: the user, then letters, then links, then sessions.

type Purpose = MailTokensTable['purpose']

/** Links of one purpose that work for one user at the same time: the newest. */
const LINKS_MAX = 5

export const insertLetter = (db: Db, letter: Insertable<LettersTable>) =>
  db.insertInto('identity.letters').values(letter).execute()

export const letterById = (db: Db, id: string) =>
  db.selectFrom('identity.letters').selectAll().where('id', '=', id).executeTakeFirst()

/** False when it was sent or dropped meanwhile. */
export const lockLetter = async (db: Db, id: string): Promise<boolean> =>
  (await db.selectFrom('identity.letters').select('id').where('id', '=', id).forUpdate().executeTakeFirst()) !==
  undefined

/** Neither goes nor takes another e-mail until this transaction ends. */
export const holdUser = (db: Db, by: { id: string } | { email: string }): Promise<UserRow | undefined> => {
  const all = db.selectFrom('identity.users').selectAll()
  const one = 'id' in by ? all.where('id', '=', by.id) : all.where('email', '=', by.email)
  return one.forKeyShare().executeTakeFirst()
}

export async function assignLetter(db: Db, id: string, userId: string): Promise<void> {
  await db.updateTable('identity.letters').set({ user_id: userId }).where('id', '=', id).execute()
}

export async function dropLetter(db: Db, id: string): Promise<void> {
  await db.deleteFrom('identity.letters').where('id', '=', id).execute()
}

type Owner = Pick<UserRow, 'id' | 'email'>

/** All links of a user, sent or not, but those that prove the e-mail that the account has (or is about to have). */
export async function dropLinks(db: Db, { id, email }: Owner): Promise<void> {
  await sql`delete from identity.letters where user_id = ${id}
    and (kind = 'reset' or (kind = 'verify' and email is distinct from ${email}))`.execute(db)
  await sql`delete from identity.mail_tokens where user_id = ${id}
    and (purpose = 'reset' or email is distinct from ${email})`.execute(db)
}

export async function insertLink(db: Db, link: Insertable<MailTokensTable>): Promise<void> {
  await db.insertInto('identity.mail_tokens').values(link).execute()
  await sql`delete from identity.mail_tokens where hash in (
    select hash from identity.mail_tokens where user_id = ${link.user_id} and purpose = ${link.purpose}
    order by created_at desc, hash offset ${LINKS_MAX})`.execute(db)
}

/** A link that works, with the account it is for; blocked people have none. */
export const livingLink = (db: Db, hash: Buffer, purpose: Purpose, now: Date) =>
  db
    .selectFrom('identity.mail_tokens as t')
    .innerJoin('identity.users as u', 'u.id', 't.user_id')
    .selectAll('u')
    .select('t.email as proven_email')
    .where('t.hash', '=', hash)
    .where('t.purpose', '=', purpose)
    .where('t.expires_at', '>', now)
    .where('u.is_blocked', '=', false)
    .executeTakeFirst()

/** Uses a link up. Of two that try at once, one gets true. */
export async function takeLink(db: Db, hash: Buffer): Promise<boolean> {
  return (
    Number((await db.deleteFrom('identity.mail_tokens').where('hash', '=', hash).executeTakeFirst()).numDeletedRows) > 0
  )
}

/** What was proven by mail; an address that was proven before keeps its date. */
export const markVerified = (db: Db, userId: string, email: string, at: Date): Promise<UserRow | undefined> =>
  db
    .updateTable('identity.users')
    .set({ email_verified_at: sql`coalesce(email_verified_at, ${at})`, updated_at: sql`now()` })
    .where('id', '=', userId)
    .where('email', '=', email)
    .returningAll()
    .executeTakeFirst()

/** Throws `unique_violation` when another account has it. */
export const replaceEmail = (
  db: Db,
  user: Pick<UserRow, 'id' | 'email'>,
  to: { email: string; verifiedAt: Date | null },
): Promise<UserRow | undefined> =>
  db
    .updateTable('identity.users')
    .set({ email: to.email, email_verified_at: to.verifiedAt, updated_at: sql`now()` })
    .where('id', '=', user.id)
    .where('email', 'is not distinct from', user.email)
    .where('is_blocked', '=', false)
    .returningAll()
    .executeTakeFirst()

export const userByEmail = (db: Db, email: string): Promise<UserRow | undefined> =>
  db.selectFrom('identity.users').selectAll().where('email', '=', email).executeTakeFirst()

export const sessionOpenedAt = async (db: Db, sessionId: string): Promise<Date | undefined> =>
  (await db.selectFrom('identity.sessions').select('created_at').where('id', '=', sessionId).executeTakeFirst())
    ?.created_at

/** By which somebody signs in with others. Answers how many there were. */
export async function dropIdentities(db: Db, userId: string): Promise<number> {
  const gone = await db.deleteFrom('identity.identities').where('user_id', '=', userId).executeTakeFirst()
  return Number(gone.numDeletedRows)
}

export async function dropExchangeCodes(db: Db, userId: string): Promise<void> {
  await db.deleteFrom('identity.exchange_codes').where('user_id', '=', userId).execute()
}

/** What has run out: links, sign-ins under way, codes, and letters that could not be sent for a day. */
export async function prune(db: Db, now: Date): Promise<void> {
  await sql`delete from identity.mail_tokens where expires_at < ${now}`.execute(db)
  await sql`delete from identity.flows where expires_at < ${now}`.execute(db)
  await sql`delete from identity.exchange_codes where expires_at < ${now}`.execute(db)
  await sql`delete from identity.letters where created_at < ${now}::timestamptz - interval '1 day'`.execute(db)
}
