import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { conflict, unauthorized, unavailable } from '#kernel/errors.ts'
import type { Ctx, Enqueue } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import type { Attempts } from '#modules/identity/accounts/attempts.ts'
import type { identity } from '#modules/identity/accounts/contract.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { toUser, type UserRow, userById } from '#modules/identity/users.ts'
import { writeLetter } from './letters.ts'
import { addressToTell, countLetter, linkInvalid } from './passwords.ts'
import { proven } from './proof.ts'
import * as store from './store.ts'

type Context = Ctx<Tables>
type Service = Pick<Api<typeof identity>, 'verifyEmail' | 'resendVerification' | 'changeEmail'>
type Input<K extends keyof Service> = Parameters<Service[K]>[1]

const UNIQUE_VIOLATION = '23505'
const emailTaken = () => conflict('name_taken', 'Another account has this e-mail: choose another.')

/** Two accounts may prove one address at the same time: the database lets one of them have it. */
const unlessTaken = (thrown: unknown): never => {
  throw (thrown as { code?: string }).code === UNIQUE_VIOLATION ? emailTaken() : thrown
}

/** For a new account; where no mail is sent nobody is asked. */
export async function askToVerify(
  ctx: Context,
  out: { tx: Db; enqueue: Enqueue },
  user: Pick<UserRow, 'id' | 'email'>,
  who: Caller,
): Promise<void> {
  if (!ctx.mail.isConfigured || user.email === null) return
  await writeLetter(ctx, out, { kind: 'verify', email: user.email, userId: user.id, who })
}

export async function resendVerification(ctx: Context, who: Caller) {
  signedIn(who)
  const user = await userById(ctx.db, who.userId)
  if (!user) throw unauthorized('session_ended', 'This account is gone.')
  if (user.email_verified_at !== null) return { emailVerified: true }
  if (user.email === null) throw conflict('no_email', 'This account has no e-mail: give it one first.')
  if (!ctx.mail.isConfigured)
    throw unavailable('mail_not_configured', 'This server sends no mail: its admin can set SMTP_URL.')
  await countLetter(ctx, user.email)
  await ctx.write((tx, _emit, enqueue) => askToVerify(ctx, { tx, enqueue }, user, who))
  return { emailVerified: false }
}

/** The link proves the address it was sent to: the account's own, or the one it is to have from now on. */
export async function verifyEmail(ctx: Context, who: Caller, { token }: Input<'verifyEmail'>) {
  const hash = hashOf(token)
  const user = await store.livingLink(ctx.db, hash, 'verify', ctx.now())
  if (!user) throw linkInvalid()
  const isOwn = user.email === user.proven_email
  const told = isOwn ? undefined : await addressToTell(ctx, 'email-changed', user.email)
  const work = ctx.write(async (tx, _emit, enqueue) => {
    const done = isOwn
      ? await markProven(ctx, tx, who, user)
      : await takeOver(ctx, { tx, enqueue }, { user, told, who })
    if (!done || !(await store.takeLink(tx, hash))) throw linkInvalid()
  })
  await work.catch(unlessTaken)
  return { emailVerified: true }
}

type Proven = UserRow & { proven_email: string }

async function markProven(ctx: Context, tx: Db, who: Caller, user: Proven): Promise<boolean> {
  if (!(await store.markVerified(tx, user.id, user.proven_email, ctx.now()))) return false
  await audit(tx, who, { action: 'account.email-verified', subjectId: user.id })
  return true
}

type Taking = { user: Proven; told: string | undefined; who: Caller }

/** Links that were sent to the old address do not work any more; its owner is told. */
async function takeOver(ctx: Context, out: Parameters<typeof writeLetter>[1], { user, told, who }: Taking) {
  const changed = await store.replaceEmail(out.tx, user, { email: user.proven_email, verifiedAt: ctx.now() })
  if (!changed) return false
  await store.dropLinks(out.tx, changed)
  await audit(out.tx, who, { action: 'account.email-changed', subjectId: user.id, detail: { verified: true } })
  if (told !== undefined) await writeLetter(ctx, out, { kind: 'email-changed', email: told, userId: user.id, who })
  return true
}

export async function changeEmail(ctx: Context, attempts: Attempts, who: Caller, input: Input<'changeEmail'>) {
  const user = await proven(ctx, attempts, { who, password: input.password, field: 'password' })
  const email = input.email.toLowerCase()
  if (email === user.email) return { user: toUser(user), pendingEmail: null }
  if (!ctx.mail.isConfigured) return changeAtOnce(ctx, who, user, email)
  await countLetter(ctx, email)
  await ctx.write(async (tx, _emit, enqueue) => {
    // Only the address that was asked for last can still take effect.
    await store.holdUser(tx, user)
    await store.dropLinks(tx, user)
    const kind = (await store.userByEmail(tx, email)) ? 'email-taken' : 'verify'
    await writeLetter(ctx, { tx, enqueue }, { kind, email, userId: user.id, who })
  })
  return { user: toUser(user), pendingEmail: email }
}

/** Where no mail is sent nothing can be proven, and nobody but the admin reads what is sent. */
async function changeAtOnce(ctx: Context, who: Caller, user: UserRow, email: string) {
  const work = ctx.write(async (tx) => {
    const changed = await store.replaceEmail(tx, user, { email, verifiedAt: null })
    if (!changed) throw conflict('changed_meanwhile', 'The e-mail was changed at the same time: look again.')
    await store.dropLinks(tx, changed)
    await audit(tx, who, { action: 'account.email-changed', subjectId: user.id, detail: { verified: false } })
    return changed
  })
  return { user: toUser(await work.catch(unlessTaken)), pendingEmail: null }
}
