import { type Insertable, sql } from 'kysely'
import type { Db, SessionsTable } from '#modules/identity/tables.ts'

export const insertSession = (db: Db, session: Insertable<SessionsTable>) =>
  db.insertInto('identity.sessions').values(session).execute()

export async function insertToken(db: Db, hash: Buffer, sessionId: string): Promise<void> {
  await db.insertInto('identity.refresh_tokens').values({ hash, session_id: sessionId, used_at: null }).execute()
}

/**
 * The token with its session and user, locked against a second use at the same time. First the session, then its token:
 * in that order a session goes, too, so that the two never wait for each other.
 */
export async function lockToken(db: Db, hash: Buffer) {
  const sessionId = await sessionOfToken(db, hash)
  if (sessionId === undefined) return undefined
  const session = await db
    .selectFrom('identity.sessions')
    .selectAll()
    .where('id', '=', sessionId)
    .forUpdate()
    .executeTakeFirst()
  const token = await db
    .selectFrom('identity.refresh_tokens')
    .selectAll()
    .where('hash', '=', hash)
    .forUpdate()
    .executeTakeFirst()
  if (!session || !token) return undefined
  const user = await db
    .selectFrom('identity.users')
    .selectAll()
    .where('id', '=', session.user_id)
    .executeTakeFirstOrThrow()
  return { token, session, user }
}

export type Seen = { at: Date; expiresAt: Date; address: string | null; userAgent: string | null }
export async function useToken(db: Db, hash: Buffer, sessionId: string, seen: Seen): Promise<void> {
  await db.updateTable('identity.refresh_tokens').set({ used_at: seen.at }).where('hash', '=', hash).execute()
  await db
    .updateTable('identity.sessions')
    .set({ used_at: seen.at, expires_at: seen.expiresAt, address: seen.address, user_agent: seen.userAgent })
    .where('id', '=', sessionId)
    .execute()
}

/** The user whose session it was, or undefined when it had ended already, or is not of this user. */
export async function endSession(db: Db, id: string, ofUserId?: string): Promise<string | undefined> {
  let ending = db
    .updateTable('identity.sessions')
    .set({ ended_at: sql`now()` })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
  if (ofUserId !== undefined) ending = ending.where('user_id', '=', ofUserId)
  return (await ending.returning('user_id').executeTakeFirst())?.user_id
}

/** Ends all of a user, or all but one. Answers how many it ended. */
export async function endSessionsOf(db: Db, userId: string, exceptId?: string): Promise<number> {
  let ending = db
    .updateTable('identity.sessions')
    .set({ ended_at: sql`now()` })
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
  if (exceptId) ending = ending.where('id', '<>', exceptId)
  return Number((await ending.executeTakeFirst()).numUpdatedRows)
}

/** Ends all of a user but one. Answers which it ended. */
export async function endOthersOf(db: Db, userId: string, exceptId: string | undefined): Promise<string[]> {
  let ending = db
    .updateTable('identity.sessions')
    .set({ ended_at: sql`now()` })
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
  if (exceptId) ending = ending.where('id', '<>', exceptId)
  return (await ending.returning('id').execute()).map((s) => s.id)
}

/** Answers which it ended. */
export async function endAllButNewest(db: Db, userId: string, max: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`update identity.sessions set ended_at = now() where id in (
    select id from identity.sessions where user_id = ${userId} and ended_at is null
    order by used_at desc, id desc offset ${max}) and ended_at is null returning id`.execute(db)
  return rows.map((r) => r.id)
}

/** No refresh token that a session has had so far is good any more: whoever uses one ends it. */
export async function retireTokens(db: Db, sessionId: string, at: Date): Promise<void> {
  await db
    .updateTable('identity.refresh_tokens')
    .set({ used_at: at })
    .where('session_id', '=', sessionId)
    .where('used_at', 'is', null)
    .execute()
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
    .select(['u.id as userId', 'u.role as role', 's.id as sessionId', 's.expires_at as expiresAt'])
    .where('s.id', '=', id)
    .where('s.ended_at', 'is', null)
    .where('s.expires_at', '>', sql<Date>`now()`)
    .where('u.is_blocked', '=', false)
    .executeTakeFirst()

/** Living ones, the one used last first. */
export const livingSessionsOf = (db: Db, userId: string, max: number) =>
  db
    .selectFrom('identity.sessions')
    .selectAll()
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .orderBy('used_at', 'desc')
    .limit(max)
    .execute()

/** Ended and expired sessions are of no use after a month. */
export async function pruneSessions(db: Db): Promise<void> {
  await sql`delete from identity.sessions where coalesce(ended_at, expires_at) < now() - interval '30 days'`.execute(db)
}
