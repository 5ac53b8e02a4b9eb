import type { FastifyRequest } from 'fastify'
import { type Caller, isSignedIn, nobody, ROLES } from '#kernel/caller.ts'
import type { Config } from '#kernel/config/index.ts'
import { type Authenticate, type Checked, createCheck } from '#kernel/credentials/check.ts'
import { ACCESS_AUDIENCE, type AccessEnded, INTERNAL_HEADER } from '#kernel/credentials/names.ts'
import { createNotices } from '#kernel/credentials/notices.ts'
import {
  type Credential,
  cookieCredential,
  headerCredential,
  isSecure,
  requireSameOrigin,
  trustedOrigins,
} from '#kernel/credentials/read.ts'
import { AppError, unauthorized } from '#kernel/errors.ts'
import type { Keys } from '#kernel/keys.ts'
import type { PubSub } from '#kernel/pubsub/index.ts'

export {
  ACCESS_AUDIENCE,
  ACCESS_ENDED,
  type AccessEnded,
  cookieNames,
  INTERNAL_HEADER,
} from '#kernel/credentials/names.ts'
export type { Authenticate } from '#kernel/credentials/check.ts'
export { isSecure, refreshCookieOf, trustedOrigins } from '#kernel/credentials/read.ts'

const INTERNAL_AUDIENCE = 'internal'
/** With what a gateway passes on: good for the public routes, and never for the operations between processes. */
const FORWARDED_AUDIENCE = 'forwarded'
const INTERNAL_LIFE_SEC = 60
/** Both are what somebody tells: kept with sessions and in logs, and sent along between processes. */
const ADDRESS_LENGTH_MAX = 60
const USER_AGENT_LENGTH_MAX = 300
const SIGN_OUT_LATE_SEC = 90 * 86_400

type From = Pick<Caller, 'address' | 'userAgent' | 'requestId'>
/** A caller who stays: a socket outlives the token that opened it. */
export type Connection = {
  readonly who: Caller
  /** From then on `isGood` must be asked. */
  expiresAtMs(): number
  /** Whether a notice that its access ended has come since it was let in. */
  hasEnded(): boolean
  /** Whether its credential would still be let in; asked anew. */
  isGood(): Promise<boolean>
}
export type Identify = {
  /** Throws 401 for a credential that is not valid; no credential at all is nobody. */
  request(request: FastifyRequest, o?: { tolerant?: boolean | undefined }): Promise<Caller>
  connection(credential: Credential, from: From): Promise<Connection>
  /** Called when access of a session, a key or a whole user ended, in whatever process. */
  onEnded(handle: (ended: AccessEnded) => void): void
  /** For whom another process of this installation calls. Throws 401 for everybody else. */
  call(request: FastifyRequest): Promise<Caller>
  /** A token for one call to another process of this installation. */
  internalToken(who: Caller): Promise<string>
  /** A token for one request that is passed on to where its route is. */
  forwardedToken(who: Caller): Promise<string>
}
type Deps = {
  keys: Keys
  pubsub: PubSub
  authenticate: Authenticate
  config: Pick<Config, 'publicUrl' | 'corsOrigins' | 'bearerIssuer'>
}

export function createIdentify({ keys, pubsub, authenticate, config }: Deps): Identify {
  const origins = trustedOrigins(config)
  const notices = createNotices(pubsub)
  const check = createCheck({ keys, notices, authenticate, bearerIssuer: config.bearerIssuer })
  return {
    async request(request, o = {}) {
      const inner = request.headers[INTERNAL_HEADER]
      if (typeof inner === 'string') return fromInternal(await keys.verify(inner, FORWARDED_AUDIENCE))
      const from = fromOf(request)
      const credential =
        headerCredential(request.headers) ?? cookieCredential(request.cookies, isSecure(request, config))
      if (!credential) return { ...nobody(request.id), ...from }
      if (credential.kind === 'cookie') requireSameOrigin(request, origins)
      if (!o.tolerant) return callerOf(await check.credential(credential), from)
      return check.credential(credential).then(
        (checked) => callerOf(checked, from),
        (thrown) => leaving(thrown, keys, credential, from),
      )
    },
    async connection(credential, from) {
      const checked = await check.credential(credential)
      let { endsAtMs } = checked
      return {
        who: callerOf(checked, from),
        expiresAtMs: () => endsAtMs,
        hasEnded: () => notices.concern(checked.mark, checked.holder),
        async isGood() {
          const until = await check.again(checked)
          endsAtMs = until ?? endsAtMs
          return until !== null
        },
      }
    },
    onEnded: (handle) => notices.onNotice((notice) => notice !== 'missed' && handle(notice)),
    async call(request) {
      const inner = request.headers[INTERNAL_HEADER]
      if (typeof inner === 'string') return fromInternal(await keys.verify(inner, INTERNAL_AUDIENCE))
      throw unauthorized('token_invalid', 'This address is for other processes of this installation.')
    },
    internalToken: (who) => tokenFor(keys, who, INTERNAL_AUDIENCE),
    forwardedToken: (who) => tokenFor(keys, who, FORWARDED_AUDIENCE),
  }
}

const tokenFor = (keys: Keys, who: Caller, audience: string): Promise<string> =>
  keys.sign({ who: { ...who } }, { audience, lifeSec: INTERNAL_LIFE_SEC })

function fromOf(request: FastifyRequest): From {
  const userAgent = request.headers['user-agent']
  return {
    address: request.ip.slice(0, ADDRESS_LENGTH_MAX),
    requestId: request.id,
    ...(userAgent ? { userAgent: userAgent.slice(0, USER_AGENT_LENGTH_MAX) } : {}),
  }
}

function callerOf({ holder }: Checked, from: From): Caller {
  const { userId, role, sessionId, keyId, scopes } = holder
  const by = { ...(sessionId ? { sessionId } : {}), ...(keyId ? { keyId } : {}), ...(scopes ? { scopes } : {}) }
  return { kind: 'user', userId, role, ...by, ...from }
}

/**
 * For signing in and out: whose credential is refused is nobody, but with the session of a token that was ours and has
 * expired, so that who signs out late still ends that session. When nobody can tell, nobody is let through.
 */
async function leaving(thrown: unknown, keys: Keys, { kind, text }: Credential, from: From): Promise<Caller> {
  if (!(thrown instanceof AppError) || thrown.status !== 401) throw thrown
  const who = { ...nobody(from.requestId), ...from }
  if (kind === 'apiKey') return who
  const payload = await keys
    .verify(text, ACCESS_AUDIENCE, { expiredBySecMax: SIGN_OUT_LATE_SEC })
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
