import type { Output } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { tell } from '#lib/ui/toasts.svelte.ts'
import { type Role, roleName } from './roles.ts'

export type Person = Output<'admin', 'adminUser'>
/** What is about to be done to an account, and asks to be confirmed. */
export type Change =
  | { kind: 'block' | 'admit' | 'delete'; person: Person }
  | { kind: 'role'; person: Person; role: Role }

/** Does it; answers the account as it is then, null when it is gone. */
export async function apply(change: Change): Promise<Person | null> {
  const { id, username } = change.person
  if (change.kind === 'delete') {
    await client.admin.deleteUser({ id })
    tell(`${username} is deleted.`)
    return null
  }
  if (change.kind === 'role') {
    const changed = await client.admin.setUserRole({ id, role: change.role })
    tell(`${username} has the role “${roleName(change.role)}” now.`)
    return changed
  }
  const isBlocked = change.kind === 'block'
  const changed = await client.admin.setUserBlocked({ id, isBlocked })
  tell(isBlocked ? `${username} is blocked.` : `${username} may sign in again.`)
  return changed
}
