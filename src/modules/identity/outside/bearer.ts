import { StartError } from '#kernel/db/embedded/errors.ts'
import { system } from '#kernel/caller.ts'
import { AppError } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import type { Authenticated } from '#modules/identity/sessions/authenticate.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { become } from './become.ts'
import { createTokenCheck, type OutsideClaims } from './issuer.ts'
import { foundIn } from './oidc.ts'
import { BEARER_KEY } from './providers.ts'
import * as store from './store.ts'

/** How exactly is told when a link was used: tokens of some issuers live for a minute, and each would be a write. */
const SEEN_EVERY_MS = 3_600_000

type Context = Ctx<Tables>
/** Whose a token of the outside issuer is; null when it is no good one, or its account is blocked. */
export type AuthenticateBearer = (token: string) => Promise<Authenticated>

/** Throws a {@link StartError} for an issuer without audience: any token of it, made for whatever, would be good here. */
export function createBearer(ctx: Context): AuthenticateBearer {
  const { bearerIssuer: issuer, bearerAudience: audience, bearerJwksUrl: jwksUrl } = ctx.config
  if (issuer === undefined) return async () => null
  if (audience === undefined)
    throw new StartError(
      'bearer_audience_missing',
      'BEARER_ISSUER needs BEARER_AUDIENCE: the audience that its tokens for this server name (aud, or azp of Clerk).',
    )
  const check = createTokenCheck({ issuer, audience, jwksUrl })
  return async (token) => {
    const claims = await check(token)
    return claims ? actor(ctx, issuer, claims) : null
  }
}

async function actor(ctx: Context, issuer: string, claims: OutsideClaims): Promise<Authenticated> {
  const known = await store.actorBy(ctx.db, issuer, claims.sub)
  if (known?.isBlocked) return null
  const expiresAt = new Date(claims.exp * 1000).toISOString()
  if (!known) {
    const user = await firstUse(ctx, issuer, claims)
    return user && { userId: user.id, role: user.role, expiresAt }
  }
  if (ctx.now().getTime() - known.usedAt.getTime() > SEEN_EVERY_MS)
    await store.updateIdentity(ctx.db, known.identityId, { used_at: ctx.now() })
  return { userId: known.userId, role: known.role, expiresAt }
}

/** The account of somebody whose token is seen for the first time: linked, or made. */
async function firstUse(ctx: Context, issuer: string, claims: OutsideClaims) {
  const proven = { provider: BEARER_KEY, found: foundIn(issuer, claims), who: system(ctx.newId()) }
  try {
    return await ctx.write((tx) => become(ctx, tx, proven))
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.code === 'account_blocked') return null
    throw thrown
  }
}
