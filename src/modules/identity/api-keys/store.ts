import { type Insertable, sql } from 'kysely'
import type { ApiKeysTable, Db } from '#modules/identity/tables.ts'

/** An expired key is shown to its owner for so long; the audit log remembers it longer. */
const EXPIRED_KEPT = '30 days'
/** How exactly `used_at` is kept: a key in constant use writes this often. */
const USED_EVERY = '1 minute'

export const insertKey = (db: Db, key: Insertable<ApiKeysTable>) =>
  db.insertInto('identity.api_keys').values(key).returningAll().executeTakeFirstOrThrow()

/** The newest first, expired ones too. */
export const keysOf = (db: Db, userId: string, max: number) =>
  db
    .selectFrom('identity.api_keys')
    .selectAll()
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(max)
    .execute()

export async function countKeys(db: Db, userId: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from identity.api_keys where user_id = ${userId}`.execute(db)
  return rows[0]?.n ?? 0
}

/** The owner's account, held still until the transaction ends; undefined when it is gone or blocked. */
export const lockOwner = (db: Db, userId: string) =>
  db
    .selectFrom('identity.users')
    .select('role')
    .where('id', '=', userId)
    .where('is_blocked', '=', false)
    .forUpdate()
    .executeTakeFirst()

/** Whether the person had such a key. */
export async function deleteKey(db: Db, userId: string, id: string): Promise<boolean> {
  const gone = await db
    .deleteFrom('identity.api_keys')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return gone.numDeletedRows > 0n
}

/** All of a person. Answers how many there were. */
export async function deleteKeysOf(db: Db, userId: string): Promise<number> {
  const gone = await db.deleteFrom('identity.api_keys').where('user_id', '=', userId).executeTakeFirst()
  return Number(gone.numDeletedRows)
}

export async function deleteExpiredOf(db: Db, userId: string): Promise<void> {
  await sql`delete from identity.api_keys where user_id = ${userId} and expires_at <= now()`.execute(db)
}

export async function pruneKeys(db: Db): Promise<void> {
  await sql`delete from identity.api_keys where expires_at < now() - ${EXPIRED_KEPT}::interval`.execute(db)
}

const livingKeys = (db: Db) =>
  db
    .selectFrom('identity.api_keys as k')
    .innerJoin('identity.users as u', 'u.id', 'k.user_id')
    .select(['k.id as keyId', 'k.user_id as userId', 'k.scopes', 'k.expires_at as expiresAt', 'u.role as role'])
    .where((eb) => eb.or([eb('k.expires_at', 'is', null), eb('k.expires_at', '>', sql<Date>`now()`)]))
    .where('u.is_blocked', '=', false)

/** The living key of somebody who is not blocked, with their role of this moment. */
export const livingKey = (db: Db, hash: Buffer) => livingKeys(db).where('k.hash', '=', hash).executeTakeFirst()
export const livingKeyById = (db: Db, id: string) => livingKeys(db).where('k.id', '=', id).executeTakeFirst()

/** Now, unless that was written within the last minute. */
export async function touchKey(db: Db, id: string): Promise<void> {
  await sql`
    update identity.api_keys set used_at = now()
    where id = ${id} and (used_at is null or used_at < now() - ${USED_EVERY}::interval)`.execute(db)
}
