import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest, conflict, unauthorized } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { chosenName } from '#modules/identity/display-name.ts'
import { askToVerify } from '#modules/identity/recovery/emails.ts'
import { addressToTell } from '#modules/identity/recovery/passwords.ts'
import { openSession } from '#modules/identity/sessions/open.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { Session } from '#modules/identity/things.ts'
import { hasUsers, insertUser, lockAccounts, toUser, userById } from '#modules/identity/users.ts'
import { createAttempts } from './attempts.ts'
import type { identity } from './contract.ts'
import { login } from './login.ts'
import { hashPassword, passwordFault } from './passwords.ts'
import { checkSetupCode, dropSetupCode, setupCode } from './setup.ts'

type Context = Ctx<Tables>
type Service = Pick<Api<typeof identity>, 'setup' | 'register' | 'login' | 'me'>

export function createAccounts(ctx: Context): Service {
  const attempts = createAttempts(ctx.counters)
  return {
    async setup() {
      const needsFirstAccount = !(await hasUsers(ctx.db))
      return { needsFirstAccount, needsSetupCode: needsFirstAccount && (await setupCode(ctx.db)) !== undefined }
    },
    register: (who, input) => register(ctx, who, input),
    login: (who, input) => login(ctx, attempts, who, input),
    async me(who) {
      signedIn(who)
      const row = await userById(ctx.db, who.userId)
      if (!row) throw unauthorized('session_ended', 'This account is gone.')
      return toUser(row)
    },
  }
}

type Registration = Parameters<Service['register']>[1]

async function register(ctx: Context, who: Caller, input: Registration): Promise<Session> {
  const fault = passwordFault(input.password, [input.username, input.email, input.displayName ?? ''])
  if (fault) throw badRequest('weak_password', fault, [{ path: '/password', message: fault }])
  const displayName = chosenName(input.displayName ?? input.username)
  await checkSetupCode(ctx.db, input.setupCode)
  const password_hash = await hashPassword(input.password, who)
  const email = input.email.toLowerCase()
  const told = await addressToTell(ctx, 'verify', email)
  return ctx.write(async (tx, _emit, enqueue) => {
    await lockAccounts(tx)
    const first = !(await hasUsers(tx))
    // Asked again under the lock: the account that was to be second may have become the first.
    if (first) await checkSetupCode(tx, input.setupCode)
    const user = await insertUser(tx, {
      id: ctx.newId(),
      username: input.username,
      email,
      display_name: displayName,
      password_hash,
      role: first ? 'admin' : 'user',
    })
    if (!user)
      throw conflict('name_taken', 'This username or e-mail has an account already: sign in, or choose another.')
    if (first) await dropSetupCode(tx)
    await audit(tx, who, { action: 'account.registered', subjectId: user.id })
    if (told !== undefined) await askToVerify(ctx, { tx, enqueue }, user, who)
    return openSession(ctx, tx, { user, who, method: 'password' })
  })
}
