import { sql } from 'kysely'
import { countedAs } from '#kernel/counters/address.ts'
import type { Db } from '#modules/identity/tables.ts'

/** Sessions looked at, those used last first; ended ones count for as long as they are kept. */
const SESSIONS_MAX = 100

/**
 * Whether the account of this e-mail or username was signed in from this address (of IPv6: its network) lately. One
 * query for every name, so that its time does not tell which names have an account.
 */
export async function isKnownPlace(db: Db, login: string, address: string | undefined): Promise<boolean> {
  const name = login.toLowerCase()
  const rows = await db
    .selectFrom('identity.sessions as s')
    .innerJoin('identity.users as u', 'u.id', 's.user_id')
    .select('s.address')
    .where((eb) => eb.or([eb('u.email', '=', name), eb(sql`lower(u.username)`, '=', name)]))
    .orderBy('s.used_at', 'desc')
    .limit(SESSIONS_MAX)
    .execute()
  if (address === undefined) return false
  const here = countedAs(address)
  return rows.some((row) => row.address !== null && countedAs(row.address) === here)
}
