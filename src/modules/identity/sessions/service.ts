import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { notFound, unauthorized } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import type { identity } from '#modules/identity/accounts/contract.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { Session } from '#modules/identity/things.ts'
import { deviceOf, expiryOf, newTokens, SESSIONS_MAX, tellEnded } from './open.ts'
import * as store from './store.ts'

type Context = Ctx<Tables>
type Service = Pick<Api<typeof identity>, 'refresh' | 'logout' | 'sessions' | 'endSession' | 'endOtherSessions'>

export function createSessions(ctx: Context): Service {
  return {
    refresh: (who, input) => refresh(ctx, who, input.refreshToken),
    logout: (who, input) => logout(ctx, who, input.refreshToken),
    async sessions(who) {
      signedIn(who)
      const rows = await store.livingSessionsOf(ctx.db, who.userId, SESSIONS_MAX)
      return {
        items: rows.map((r) => ({
          id: r.id,
          method: r.method,
          address: r.address,
          userAgent: r.user_agent,
          isCurrent: r.id === who.sessionId,
          createdAt: r.created_at.toISOString(),
          usedAt: r.used_at.toISOString(),
          expiresAt: r.expires_at.toISOString(),
        })),
        nextCursor: null,
      }
    },
    async endSession(who, { id }) {
      signedIn(who)
      await ctx.write(async (tx) => {
        if (!(await store.endSession(tx, id, who.userId))) throw notFound('session')
        await audit(tx, who, { action: 'session.ended', subjectId: who.userId })
      })
      await tellEnded(ctx, { userId: who.userId, sessionId: id })
      return {}
    },
    async endOtherSessions(who) {
      signedIn(who)
      const ids = await ctx.write(async (tx) => {
        const ended = await store.endOthersOf(tx, who.userId, who.sessionId)
        await audit(tx, who, { action: 'session.ended', subjectId: who.userId, detail: { ended: ended.length } })
        return ended
      })
      for (const sessionId of ids) await tellEnded(ctx, { userId: who.userId, sessionId })
      return {}
    },
  }
}

/**
 * Each token works once. A second use means that two hold it, one of them a thief: the whole session ends. (The
 * transaction that finds a reuse must commit the end of the session, so it returns instead of throwing.)
 */
async function refresh(ctx: Context, who: Caller, token: string | undefined): Promise<Session> {
  if (!token) throw unauthorized('refresh_invalid', 'There is no refresh token: sign in again.')
  const outcome = await ctx.write(async (tx) => {
    const found = await store.lockToken(tx, hashOf(token))
    if (!found || found.session.ended_at || found.session.expires_at < ctx.now() || found.user.is_blocked)
      return 'invalid' as const
    if (found.token.used_at) {
      await store.endSession(tx, found.session.id)
      await audit(tx, who, { action: 'session.refresh-reused', subjectId: found.user.id })
      return { reused: { userId: found.user.id, sessionId: found.session.id } }
    }
    const seen = { at: ctx.now(), expiresAt: expiryOf(ctx, found.session.created_at), ...deviceOf(who) }
    await store.useToken(tx, found.token.hash, found.session.id, seen)
    return newTokens(ctx, tx, { user: found.user, sessionId: found.session.id })
  })
  if (outcome === 'invalid')
    throw unauthorized('refresh_invalid', 'The refresh token is not valid any more: sign in again.')
  if (!('reused' in outcome)) return outcome
  await tellEnded(ctx, outcome.reused)
  throw unauthorized(
    'refresh_reused',
    'This refresh token was used before, so the session has been ended: sign in again.',
  )
}

async function logout(ctx: Context, who: Caller, token: string | undefined): Promise<Record<string, never>> {
  const byToken = token ? await store.sessionOfToken(ctx.db, hashOf(token)) : undefined
  for (const sessionId of new Set([who.sessionId, byToken])) {
    const userId = sessionId && (await ctx.write((tx) => store.endSession(tx, sessionId)))
    if (userId && sessionId) await tellEnded(ctx, { userId, sessionId })
  }
  return {}
}
