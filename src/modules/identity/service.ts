import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest, conflict, forbidden, notFound, unauthorized } from '#kernel/errors.ts'
import { ACCESS_AUDIENCE, ACCESS_ENDED, type AccessEnded } from '#kernel/identify.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { type Attempts, createAttempts } from './attempts.ts'
import { hashPassword, passwordFault, verifyPassword } from './passwords.ts'
import type { identity, Session } from './schema.ts'
import * as store from './store.ts'

const REFRESH_BYTES = 32
const LOOPBACK = new Set(['127.0.0.1', '::1', '[::1]', 'localhost'])
const REFUSED_PAUSE_MS = 100

type Context = Ctx<store.Tables>
type Service = Api<typeof identity>

const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
const wrongLogin = () => unauthorized('wrong_login', 'E-mail, username or password is wrong.')
const sameText = (a: string, b: string): boolean => timingSafeEqual(hashOf(a), hashOf(b))

export function createService(ctx: Context): Service {
  const attempts = createAttempts(() => ctx.now().getTime())
  return {
    async setup() {
      const needsFirstAccount = !(await store.hasUsers(ctx.db))
      return { needsFirstAccount, needsSetupCode: needsFirstAccount && (await store.setupCode(ctx.db)) !== undefined }
    },
    register: (who, input) => register(ctx, who, input),
    login: (who, input) => login(ctx, attempts, who, input),
    refresh: (who, input) => refresh(ctx, who, input.refreshToken),
    logout: (who, input) => logout(ctx, who, input.refreshToken),
    async me(who) {
      signedIn(who)
      const [row] = await store.usersById(ctx.db, [who.userId])
      if (!row) throw unauthorized('session_ended', 'This account is gone.')
      return store.toUser(row)
    },
    async getUser(_who, { id }) {
      const [row] = await store.usersById(ctx.db, [id])
      if (!row || row.is_blocked) throw notFound('user')
      return store.toPublicUser(row)
    },
    async authenticate(_who, { sessionId }) {
      return (await store.livingSession(ctx.db, sessionId)) ?? null
    },
    async getUsers(_who, { ids }) {
      return (await store.usersById(ctx.db, ids)).map(store.toPublicUser)
    },
  }
}

type Registration = Parameters<Service['register']>[1]

async function register(ctx: Context, who: Caller, input: Registration): Promise<Session> {
  const fault = passwordFault(input.password, [input.username, input.email, input.displayName ?? ''])
  if (fault) throw badRequest('weak_password', fault, [{ path: '/password', message: fault }])
  await checkSetupCode(ctx, input.setupCode)
  const password_hash = await hashPassword(input.password)
  return ctx.write(async (tx) => {
    await store.lockRegistration(tx)
    const first = !(await store.hasUsers(tx))
    // Asked again under the lock: the account that was to be second may have become the first.
    if (first) await checkSetupCode({ ...ctx, db: tx }, input.setupCode)
    const names = {
      username: input.username,
      email: input.email.toLowerCase(),
      display_name: input.displayName ?? input.username,
    }
    const user = await store.insertUser(tx, {
      id: ctx.newId(),
      ...names,
      password_hash,
      role: first ? 'admin' : 'user',
    })
    if (!user)
      throw conflict('name_taken', 'This username or e-mail has an account already: sign in, or choose another.')
    if (first) await store.dropSetupCode(tx)
    return openSession({ ...ctx, db: tx }, user, who)
  })
}

async function checkSetupCode(ctx: Pick<Context, 'db'>, given: string | undefined): Promise<void> {
  if (await store.hasUsers(ctx.db)) return
  const code = await store.setupCode(ctx.db)
  if (code === undefined || (given !== undefined && sameText(given.trim().toUpperCase(), code))) return
  throw forbidden(
    'The first account needs the set-up code that the server has printed in its log.',
    'setup_code_needed',
  )
}

type Login = Parameters<Service['login']>[1]

async function login(ctx: Context, attempts: Attempts, who: Caller, input: Login): Promise<Session> {
  const name = input.email ?? input.username
  if (name === undefined)
    throw badRequest('invalid_input', 'Give an email or a username.', [{ path: '/email', message: 'is needed' }])
  attempts.check(name)
  const user = await store.findLogin(ctx.db, name)
  const right = await verifyPassword(input.password, user?.password_hash)
  if (!user || !right) {
    attempts.failed(name)
    await delay(REFUSED_PAUSE_MS)
    throw wrongLogin()
  }
  if (user.is_blocked) throw forbidden('This account is blocked: ask the admin of this server.', 'account_blocked')
  return ctx.write((tx) => openSession({ ...ctx, db: tx }, user, who))
}

async function openSession(ctx: Context, user: store.UserRow, who: Caller): Promise<Session> {
  const id = ctx.newId()
  await store.insertSession(ctx.db, {
    id,
    userId: user.id,
    userAgent: who.userAgent?.slice(0, 300) ?? null,
    expiresAt: expiry(ctx),
  })
  return tokens(ctx, user, id)
}

const expiry = (ctx: Context): Date => new Date(ctx.now().getTime() + ctx.config.refreshTokenTtlSec * 1000)

async function tokens(ctx: Context, user: store.UserRow, sessionId: string): Promise<Session> {
  const refreshToken = randomBytes(REFRESH_BYTES).toString('base64url')
  await store.insertToken(ctx.db, hashOf(refreshToken), sessionId)
  const expiresIn = ctx.config.accessTokenTtlSec
  const accessToken = await ctx.keys.sign(
    { sub: user.id, sid: sessionId },
    { audience: ACCESS_AUDIENCE, lifeSec: expiresIn },
  )
  return { user: store.toUser(user), accessToken, refreshToken, expiresIn }
}

/**
 * Each token works once. A second use means that two hold it, one of them a thief: the whole session ends. (The
 * transaction that finds a reuse must commit the end of the session, so it returns instead of throwing.)
 */
async function refresh(ctx: Context, _who: Caller, token: string | undefined): Promise<Session> {
  if (!token) throw unauthorized('refresh_invalid', 'There is no refresh token: sign in again.')
  const outcome = await ctx.write(async (tx) => {
    const found = await store.lockToken(tx, hashOf(token))
    if (!found || found.session.ended_at || found.session.expires_at < ctx.now() || found.user.is_blocked)
      return 'invalid' as const
    if (found.token.used_at) {
      await store.endSession(tx, found.session.id)
      return { reused: { userId: found.user.id, sessionId: found.session.id } }
    }
    await store.useToken(tx, found.token.hash, found.session.id, expiry(ctx))
    return tokens({ ...ctx, db: tx }, found.user, found.session.id)
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

/** Every process forgets the session and closes its sockets at once. */
const tellEnded = (ctx: Context, ended: AccessEnded): Promise<void> => ctx.pubsub.publish(ACCESS_ENDED, ended)

/** Whether nobody from outside can call: behind a proxy (`PUBLIC_URL`) a loopback address is open to all too. */
const isOnlyHere = ({ host, publicUrl }: Context['config']): boolean =>
  LOOPBACK.has(host) && (publicUrl === undefined || LOOPBACK.has(new URL(publicUrl).hostname))

/** Beyond loopback a stranger could be first: the first account then needs a code that only the operator sees. */
export async function announceSetup(ctx: Context): Promise<void> {
  if (await store.hasUsers(ctx.db)) return
  if (isOnlyHere(ctx.config)) return void (await store.dropSetupCode(ctx.db))
  const fresh = randomBytes(5).toString('hex').toUpperCase()
  const code = await store.keepSetupCode(ctx.db, fresh)
  ctx.log.warn(`The first account (admin) needs this set-up code: ${code}`)
}
