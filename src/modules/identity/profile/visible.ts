import { sql } from 'kysely'
import { type Caller, isSignedIn } from '#kernel/caller.ts'
import type { Db } from '#modules/identity/tables.ts'
import type { UserRow } from '#modules/identity/users.ts'

/** A user whom `who` may know of: no admin has blocked them, and neither of the two has blocked the other. */
export function visibleUser(db: Db, who: Caller, id: string): Promise<UserRow | undefined> {
  const found = db
    .selectFrom('identity.users as u')
    .selectAll()
    .where('u.id', '=', id)
    .where('u.is_blocked', '=', false)
  if (!isSignedIn(who) || who.userId === id) return found.executeTakeFirst()
  return found
    .where(
      sql<boolean>`not exists (select from identity.blocks b where (b.user_id, b.blocked_id) in ((u.id, ${who.userId}::uuid), (${who.userId}::uuid, u.id)))`,
    )
    .executeTakeFirst()
}
