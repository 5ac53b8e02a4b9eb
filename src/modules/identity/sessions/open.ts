import { randomBytes } from 'node:crypto'
import type { Caller } from '#kernel/caller.ts'
import { ACCESS_AUDIENCE, ACCESS_ENDED, type AccessEnded } from '#kernel/identify.ts'
import type { Ctx } from '#kernel/module.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import type { Session } from '#modules/identity/things.ts'
import { toUser, type UserRow } from '#modules/identity/users.ts'
import * as store from './store.ts'

const REFRESH_BYTES = 32
const USER_AGENT_LENGTH_MAX = 300
/** Living sessions of one person; all of them are shown. */
export const SESSIONS_MAX = 100

type Context = Ctx<Tables>

/** What a session keeps of the device that opened or used it. */
export const deviceOf = (who: Caller) => ({
  address: who.address ?? null,
  userAgent: who.userAgent?.slice(0, USER_AGENT_LENGTH_MAX) ?? null,
})

/** A session ends when it is not used for a while, and some day in any case. */
export function expiryOf(ctx: Context, openedAt: Date = ctx.now()): Date {
  const { refreshTokenTtlSec, sessionLifeMaxSec } = ctx.config
  const unused = ctx.now().getTime() + refreshTokenTtlSec * 1000
  return new Date(Math.min(unused, openedAt.getTime() + sessionLifeMaxSec * 1000))
}

/** A new session with its first pair of tokens. `method` says how the person proved who they are. */
export async function openSession(
  ctx: Context,
  tx: Db,
  o: { user: UserRow; who: Caller; method: string },
): Promise<Session> {
  const id = ctx.newId()
  const { address, userAgent } = deviceOf(o.who)
  await store.insertSession(tx, {
    id,
    user_id: o.user.id,
    method: o.method,
    address,
    user_agent: userAgent,
    expires_at: expiryOf(ctx),
  })
  return newTokens(ctx, tx, { user: o.user, sessionId: id })
}

/** Who signs in once more than fits loses the session that was used longest ago. */
export async function keepNewestSessions(ctx: Context, userId: string): Promise<void> {
  const ended = await ctx.write((tx) => store.endAllButNewest(tx, userId, SESSIONS_MAX))
  for (const sessionId of ended) await tellEnded(ctx, { userId, sessionId })
}

/** The next pair of a session. */
export async function newTokens(ctx: Context, tx: Db, o: { user: UserRow; sessionId: string }): Promise<Session> {
  const refreshToken = randomBytes(REFRESH_BYTES).toString('base64url')
  await store.insertToken(tx, hashOf(refreshToken), o.sessionId)
  const expiresIn = ctx.config.accessTokenTtlSec
  const accessToken = await ctx.keys.sign(
    { sub: o.user.id, sid: o.sessionId },
    { audience: ACCESS_AUDIENCE, lifeSec: expiresIn },
  )
  return { user: toUser(o.user), accessToken, refreshToken, expiresIn }
}

/** After the commit: every process forgets the session, the key or the whole user, and closes their sockets at once. */
export const tellEnded = (ctx: Context, ended: AccessEnded): Promise<void> => ctx.pubsub.publish(ACCESS_ENDED, ended)
