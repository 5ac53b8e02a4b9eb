import type { Caller } from '#kernel/caller.ts'
import { badRequest, forbidden, unauthorized } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import type { Attempts } from '#modules/identity/accounts/attempts.ts'
import { verifyPassword } from '#modules/identity/accounts/passwords.ts'
import type { Tables } from '#modules/identity/tables.ts'
import { type UserRow, userById } from '#modules/identity/users.ts'
import { sessionOpenedAt } from './store.ts'

/** Who has no password shows that they are there by having signed in with others just now. */
const FRESH_MS_MAX = 10 * 60_000

type Context = Ctx<Tables>
type Given = {
  who: Caller
  password: string | undefined
  /** The input field of the password. */
  field: string
}

/** The account of a caller who has shown once more that it is theirs: a session alone may have been left open. */
export async function proven(ctx: Context, attempts: Attempts, given: Given): Promise<UserRow & { sessionId: string }> {
  signedIn(given.who)
  const { userId, sessionId } = given.who
  const user = await userById(ctx.db, userId)
  if (!user || sessionId === undefined) throw unauthorized('session_ended', 'This session has ended: sign in again.')
  if (user.password_hash === null) await requireFresh(ctx, sessionId)
  else await requirePassword(attempts, user, given)
  return { ...user, sessionId }
}

async function requirePassword(attempts: Attempts, user: UserRow, { who, password, field }: Given): Promise<void> {
  if (password === undefined)
    throw badRequest('invalid_input', 'Give your password.', [{ path: `/${field}`, message: 'is needed' }])
  // By account: only who has a session gets here, so strangers who guess at the sign-in do not lock its owner out.
  const isRight = await attempts.guess({ accountId: user.id, who, isKnownPlace: false }, async () =>
    (await verifyPassword(password, user.password_hash, { ...who, rank: 'known' })) ? true : undefined,
  )
  if (!isRight) throw forbidden('This is not your password.', 'wrong_password')
}

async function requireFresh(ctx: Context, sessionId: string): Promise<void> {
  const openedAt = await sessionOpenedAt(ctx.db, sessionId)
  if (openedAt && ctx.now().getTime() - openedAt.getTime() < FRESH_MS_MAX) return
  throw forbidden('Sign out and in again, then do this within ten minutes.', 'sign_in_again')
}
