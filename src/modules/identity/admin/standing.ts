import { type Caller, isSignedIn } from '#kernel/caller.ts'
import { conflict, forbidden, notFound } from '#kernel/errors.ts'
import type { Db } from '#modules/identity/tables.ts'
import { lockAccounts, userById, type UserRow } from '#modules/identity/users.ts'
import { hasOtherAdmin } from './store.ts'

const isLivingAdmin = (user: Pick<UserRow, 'role' | 'is_blocked'>): boolean => user.role === 'admin' && !user.is_blocked

/**
 * Invariant: once there is an account, one of them is an admin who is not blocked. Whoever takes that away from a user
 * (by role, block or erasure) asks here first, after {@link lockAccounts} in the same transaction.
 */
export async function assertAdminRemains(tx: Db, user: Pick<UserRow, 'id' | 'role' | 'is_blocked'>): Promise<void> {
  if (isLivingAdmin(user) && !(await hasOtherAdmin(tx, user.id)))
    throw conflict('last_admin', 'This is the last admin who can sign in: make somebody else admin first.')
}

export function refuseSelf(who: Caller, id: string): void {
  if (id === who.userId) throw conflict('not_yourself', 'Nobody can do this to their own account: ask another admin.')
}

/**
 * The account that an admin is about to change, with all accounts held still until the transaction ends. What admins
 * do to each other at the same time happens one after the other, so the admin is asked again whether they still are.
 */
export async function holdOther(tx: Db, who: Caller, id: string, o: { keepsAdmin: boolean }): Promise<UserRow> {
  await lockAccounts(tx)
  const user = await userById(tx, id)
  if (!user) throw notFound('user')
  refuseSelf(who, user.id)
  if (!o.keepsAdmin) await assertAdminRemains(tx, user)
  const actor = isSignedIn(who) ? await userById(tx, who.userId) : undefined
  if (isSignedIn(who) && !(actor && isLivingAdmin(actor)))
    throw forbidden('You are not an admin any more.', 'role_required')
  return user
}
