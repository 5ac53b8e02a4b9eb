import { sql } from 'kysely'
import { unauthorized } from '#kernel/errors.ts'
import type { Db, Sql } from './db.ts'

const digestOf = (id: Sql): Sql => sql`sha256(convert_to((${id})::text, 'UTF8'))`

/** From now on nothing new may belong to this person. */
export async function noteErased(db: Db, userId: string): Promise<void> {
  await sql`insert into catalog.erased_owners (digest) values (${digestOf(sql`${userId}::uuid`)})
    on conflict do nothing`.execute(db)
}

/** Throws 401 when the account is gone: the request was let in before that. */
export async function assertNotErased(db: Db, ownerId: string): Promise<void> {
  const { rows } = await sql`select from catalog.erased_owners
    where digest = ${digestOf(sql`${ownerId}::uuid`)}`.execute(db)
  if (rows.length > 0) throw unauthorized('token_invalid', 'This account does not exist any more.')
}

/** Erased people to whom something belongs all the same. */
export async function erasedOwners(db: Db): Promise<string[]> {
  const { rows: erased } = await sql`select from catalog.erased_owners limit 1`.execute(db)
  if (erased.length === 0) return []
  const { rows } = await sql<{ id: string }>`
    select o.id from (select owner_id as id from catalog.songs where owner_id is not null
      union select owner_id from catalog.albums where owner_id is not null
      union select owner_id from catalog.uploads
      union select user_id from catalog.folder_users) o
    where ${digestOf(sql`o.id`)} in (select digest from catalog.erased_owners)`.execute(db)
  return rows.map((r) => r.id)
}

/** No request is under way for so long. */
export async function forgetErased(db: Db, keptSec: number): Promise<void> {
  await sql`delete from catalog.erased_owners
    where erased_at < now() - ${keptSec} * interval '1 second'`.execute(db)
}
