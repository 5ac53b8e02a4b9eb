import type { FastifyRequest } from 'fastify'
import { type Caller, isSignedIn, nobody, ROLES, type Role } from '#kernel/caller.ts'
import type { Config } from '#kernel/config/index.ts'
import { forbidden, unauthorized } from '#kernel/errors.ts'
import type { Keys } from '#kernel/keys.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'

export const ACCESS_AUDIENCE = 'access'
const INTERNAL_AUDIENCE = 'internal'
const INTERNAL_LIFE_SEC = 60
const SIGN_OUT_LATE_SEC = 90 * 86_400
export const INTERNAL_HEADER = 'x-tutti-internal'

/** With TLS the names carry `__Host-`, which ties them to this host and path /. */
export const cookieNames = (secure: boolean) =>
  secure
    ? { access: '__Host-tutti-access', refresh: '__Host-tutti-refresh' }
    : { access: 'tutti-access', refresh: 'tutti-refresh' }

/** Channel on which the owner of sessions says that one session or API key, or all of a user, lost access: `{userId, sessionId?, keyId?}`. */
export const ACCESS_ENDED = 'kernel.access-ended'
export type AccessEnded = { userId: string; sessionId?: string; keyId?: string }

const KEPT_MAX = 10_000
/** Longest time for which a missed notice could leave an ended session alive in another process. */
const KEPT_MS = 10_000

/** Whose session it is, or null when it has ended. */
export type CheckSession = (sessionId: string) => Promise<{ userId: string; role: Role } | null>
export type Identify = {
  /** Throws 401 for a credential that is not valid; no credential at all is nobody. */
  request(request: FastifyRequest, o?: { tolerant?: boolean | undefined }): Promise<Caller>
  token(token: string, from: { address?: string; userAgent?: string; requestId: string }): Promise<Caller>
  /** A token for one call to another process of this installation. */
  internalToken(who: Caller): Promise<string>
}

export function createIdentify(d: {
  keys: Keys
  pubsub: PubSub
  checkSession: CheckSession
  allowedOrigins: readonly string[]
}): Identify {
  const check = rememberSessions(d.checkSession, d.pubsub)
  const byToken: Identify['token'] = async (token, from) => {
    const { sid } = await d.keys.verify(token, ACCESS_AUDIENCE)
    const session = typeof sid === 'string' ? await check(sid) : null
    if (!session) throw unauthorized('session_ended', 'This session has ended: sign in again.')
    return { kind: 'user', userId: session.userId, role: session.role, sessionId: String(sid), ...from }
  }
  return {
    token: byToken,
    async request(request, o = {}) {
      const inner = request.headers[INTERNAL_HEADER]
      if (typeof inner === 'string') return fromInternal(await d.keys.verify(inner, INTERNAL_AUDIENCE))
      const from = {
        address: request.ip,
        requestId: request.id,
        ...(request.headers['user-agent'] ? { userAgent: request.headers['user-agent'] } : {}),
      }
      const credential = credentialOf(request)
      if (!credential) return { ...nobody(request.id), ...from }
      if (credential.from === 'cookie') requireSameOrigin(request, d.allowedOrigins)
      if (!o.tolerant) return byToken(credential.token, from)
      return byToken(credential.token, from).catch(() =>
        leaving(d.keys, credential.token, { ...nobody(request.id), ...from }),
      )
    },
    internalToken: (who) =>
      d.keys.sign({ who: { ...who } }, { audience: INTERNAL_AUDIENCE, lifeSec: INTERNAL_LIFE_SEC }),
  }
}

/** Nobody, but with the session of a token that was ours and has expired: who signs out late still ends that session. */
async function leaving(keys: Keys, token: string, who: Caller): Promise<Caller> {
  const payload = await keys
    .verify(token, ACCESS_AUDIENCE, { expiredBySecMax: SIGN_OUT_LATE_SEC })
    .catch(() => undefined)
  return typeof payload?.sid === 'string' ? { ...who, sessionId: payload.sid } : who
}

/** The caller that another process of ours vouches for. */
function fromInternal(payload: Record<string, unknown>): Caller {
  const who = payload.who as Caller
  const known = who.kind === 'nobody' || who.kind === 'system' || (isSignedIn(who) && ROLES.includes(who.role))
  if (!known) throw unauthorized('token_invalid', 'The internal token names no caller.')
  return who
}

type Credential = { token: string; from: 'header' | 'cookie' }

export function credentialOf(request: {
  headers: Record<string, unknown>
  cookies?: Record<string, string | undefined>
}): Credential | undefined {
  const header = request.headers.authorization
  if (typeof header === 'string') {
    const [scheme, token] = header.split(' ')
    if (scheme?.toLowerCase() === 'bearer' && token) return { token, from: 'header' }
    throw unauthorized('token_invalid', 'The Authorization header must be "Bearer <access token>".')
  }
  const cookies = request.cookies ?? {}
  const token = cookies[cookieNames(true).access] ?? cookies[cookieNames(false).access]
  return token ? { token, from: 'cookie' } : undefined
}

/** Origins whose pages may act with a cookie, besides the address itself: configured ones, and what people call this server. */
export const trustedOrigins = (config: Pick<Config, 'corsOrigins' | 'publicUrl'>): readonly string[] =>
  config.publicUrl ? [...config.corsOrigins, new URL(config.publicUrl).origin] : config.corsOrigins

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A cookie is sent by any page's request; only our own pages may change things with it. */
export function requireSameOrigin(request: FastifyRequest, allowed: readonly string[]): void {
  if (SAFE.has(request.method)) return
  const origin = request.headers.origin
  const own = `${request.protocol}://${request.host}`
  const site = request.headers['sec-fetch-site']
  if (origin === undefined ? site === 'same-origin' || site === 'none' : origin === own || allowed.includes(origin))
    return
  throw forbidden('A request signed in by cookie must come from the web app itself (Origin).', 'wrong_origin')
}

/** Remember live sessions for some seconds; a notice that access ended forgets them at once in every process. */
function rememberSessions(check: CheckSession, pubsub: PubSub): CheckSession {
  type Kept = { at: number; found: Awaited<ReturnType<CheckSession>> }
  const kept = new Map<string, Kept>()
  /** Counts the notices: an answer that was asked for before a notice came is not kept. */
  let notices = 0
  pubsub.subscribe(ACCESS_ENDED, (payload) => {
    const ended = payload as AccessEnded
    notices += 1
    for (const [sid, k] of kept)
      if (ended.sessionId ? sid === ended.sessionId : k.found?.userId === ended.userId) kept.delete(sid)
  })
  return async (sid) => {
    const known = kept.get(sid)
    if (known && Date.now() - known.at < KEPT_MS) return known.found
    const before = notices
    const found = await check(sid)
    if (kept.size >= KEPT_MAX) kept.delete(kept.keys().next().value as string)
    if (found && before === notices) kept.set(sid, { at: Date.now(), found })
    return found
  }
}

/** The refresh token of the web app. Whoever reads it must have checked where the request comes from. */
export function refreshCookieOf(request: FastifyRequest, allowed: readonly string[]): string | undefined {
  const token = request.cookies[cookieNames(true).refresh] ?? request.cookies[cookieNames(false).refresh]
  // A gateway of ours has checked the origin before it passed the request on.
  if (token && !request.headers[INTERNAL_HEADER]) requireSameOrigin(request, allowed)
  return token
}
