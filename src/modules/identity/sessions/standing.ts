import type { Api } from '#kernel/contract.ts'
import type { identity } from '#modules/identity/accounts/contract.ts'
import { roleOfKey } from '#modules/identity/api-keys/service.ts'
import { livingKeyById } from '#modules/identity/api-keys/store.ts'
import type { Db } from '#modules/identity/tables.ts'
import { userById } from '#modules/identity/users.ts'
import { livingSession } from './store.ts'

type Standing = Api<typeof identity>['standing']
type Asked = Parameters<Standing>[1]

/**
 * What a person may do now by what they had signed in with once: for what was signed in their name and lives on. Null
 * when the session has ended, the key is revoked or expired, or the person is blocked or gone.
 */
export async function standing(db: Db, { userId, sessionId, keyId }: Asked): ReturnType<Standing> {
  if (sessionId !== undefined) {
    const session = await livingSession(db, sessionId)
    return session?.userId === userId ? { role: session.role } : null
  }
  if (keyId !== undefined) {
    const key = await livingKeyById(db, keyId)
    return key?.userId === userId ? { role: roleOfKey(key.role, key.scopes), scopes: key.scopes } : null
  }
  const user = await userById(db, userId)
  return user && !user.is_blocked ? { role: user.role } : null
}
