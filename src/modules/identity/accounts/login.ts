import { setTimeout as delay } from 'node:timers/promises'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { AppError, badRequest, forbidden, unauthorized } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { type AuditAction, audit, auditOnceAMinute } from '#modules/identity/audit/audit.ts'
import { keepNewestSessions, openSession } from '#modules/identity/sessions/open.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { Session } from '#modules/identity/things.ts'
import { holdUnchanged, replaceHash, type UserRow, userByLogin } from '#modules/identity/users.ts'
import { type Attempts, REFUSED_PAUSE_MS } from './attempts.ts'
import type { identity } from './contract.ts'
import { hashPassword, isOutdated, verifyPassword } from './passwords.ts'
import { isKnownPlace } from './places.ts'

type Context = Ctx<Tables>
type Login = Parameters<Api<typeof identity>['login']>[1]

const wrongLogin = () => unauthorized('wrong_login', 'E-mail, username or password is wrong.')

/**
 * The same steps, and the same hash, whether the name has an account, a password or neither: neither the answer nor its
 * time tells. That an account is blocked is told to whom knows its password.
 */
export async function login(ctx: Context, attempts: Attempts, who: Caller, input: Login): Promise<Session> {
  const name = input.email ?? input.username
  if (name === undefined)
    throw badRequest('invalid_input', 'Give an email or a username.', [{ path: '/email', message: 'is needed' }])
  const user = await guessed(ctx, attempts, who, { name, password: input.password })
  if (!user) {
    await Promise.all([noteRefusal(ctx, who, 'sign-in.failed', name), delay(REFUSED_PAUSE_MS)])
    throw wrongLogin()
  }
  if (user.is_blocked) throw forbidden('This account is blocked: ask the admin of this server.', 'account_blocked')
  const current = await withTodaysHash(ctx, user, input.password)
  const session = await ctx.write(async (tx) => {
    // Between the look at the password and now it may have been changed, which has ended all sessions but this one.
    if (!(await holdUnchanged(tx, current))) throw wrongLogin()
    await audit(tx, who, { action: 'sign-in.succeeded', subjectId: current.id })
    return openSession(ctx, tx, { user: current, who, method: 'password' })
  })
  await keepNewestSessions(ctx, current.id)
  return session
}

/** Undefined when name or password is wrong. */
async function guessed(
  ctx: Context,
  attempts: Attempts,
  who: Caller,
  { name, password }: { name: string; password: string },
): Promise<UserRow | undefined> {
  const isKnown = await isKnownPlace(ctx.db, name, who.address)
  const look = async () => {
    const found = await userByLogin(ctx.db, name)
    const onBehalf = { ...who, rank: isKnown ? 'known' : 'unknown' } as const
    return (await verifyPassword(password, found?.password_hash, onBehalf)) ? found : undefined
  }
  try {
    return await attempts.guess({ name, who, isKnownPlace: isKnown }, look)
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.status === 429) await noteRefusal(ctx, who, 'sign-in.limited', name)
    throw thrown
  }
}

async function noteRefusal(ctx: Context, who: Caller, action: AuditAction, name: string): Promise<void> {
  const user = await userByLogin(ctx.db, name)
  await auditOnceAMinute(ctx.db, who, user ? { action, subjectId: user.id } : { action })
}

/** The password is at hand only now: a hash that was made cheaper than today's is made anew. */
async function withTodaysHash(ctx: Context, user: UserRow, password: string): Promise<UserRow> {
  if (user.password_hash === null || !isOutdated(user.password_hash)) return user
  const hash = await hashPassword(password, { rank: 'known' })
  return (await ctx.write((tx) => replaceHash(tx, user, hash))) ?? user
}
