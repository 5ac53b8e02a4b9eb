import type { Static } from '#kernel/schema.ts'
import type { Ctx } from '#kernel/module.ts'
import { authenticateKey } from '#modules/identity/api-keys/service.ts'
import type { identity } from '#modules/identity/accounts/contract.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { livingSession } from './store.ts'

type Authenticate = (typeof identity)['operations']['authenticate']
export type Credential = Static<Authenticate['input']>
export type Authenticated = Static<Authenticate['output']>

/** Who stands behind a credential that the kernel has seen; null when it is not good (any more). */
export async function authenticate(
  ctx: Ctx<Tables>,
  credential: Credential,
  authenticateBearer: (token: string) => Promise<Authenticated>,
): Promise<Authenticated> {
  if (credential.sessionId) return authenticateSession(ctx, credential.sessionId)
  if (credential.apiKey) return authenticateKey(ctx, credential.apiKey)
  if (credential.bearer) return authenticateBearer(credential.bearer)
  return null
}

async function authenticateSession(ctx: Ctx<Tables>, id: string): Promise<Authenticated> {
  const found = await livingSession(ctx.db, id)
  return found ? { ...found, expiresAt: found.expiresAt.toISOString() } : null
}
