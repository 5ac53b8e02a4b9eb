import { createHash } from 'node:crypto'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest, conflict, tooMany } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import type { Attempts } from '#modules/identity/accounts/attempts.ts'
import type { identity } from '#modules/identity/accounts/contract.ts'
import { hashPassword, passwordFault } from '#modules/identity/accounts/passwords.ts'
import { deleteKeysOf } from '#modules/identity/api-keys/store.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import { newTokens, tellEnded } from '#modules/identity/sessions/open.ts'
import { endSessionsOf, endOthersOf, retireTokens } from '#modules/identity/sessions/store.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import type { Session } from '#modules/identity/things.ts'
import { replaceHash, type UserRow } from '#modules/identity/users.ts'
import { writeLetter } from './letters.ts'
import { proven } from './proof.ts'
import * as store from './store.ts'
import type { LetterKind } from './texts.ts'

type Context = Ctx<Tables>
type Service = Pick<Api<typeof identity>, 'forgotPassword' | 'resetPassword' | 'changePassword'>
type Input<K extends keyof Service> = Parameters<Service[K]>[1]

const HOUR_MS = 3_600_000
/** Letters an hour to one address, asked for by whomever. */
export const LETTERS_MAX = 5
const letters = { max: LETTERS_MAX, windowMs: HOUR_MS }

export const linkInvalid = () =>
  badRequest('link_invalid', 'This link was used already or is too old: ask for a new one.')

const hashed = (email: string): string => createHash('sha256').update(email.toLowerCase()).digest('base64url')

/** Counts a letter to an address, which may be anything that somebody typed. Throws 429 when there were too many. */
export async function countLetter(ctx: Context, email: string): Promise<void> {
  const { isAllowed, resetMs } = await ctx.counters.take(`letters:${hashed(email)}`, letters)
  if (isAllowed) return
  const waitSec = Math.ceil(resetMs / 1000)
  throw tooMany(
    'This e-mail was sent several links already: use the newest, or wait as long as Retry-After says.',
    waitSec,
  )
}

/**
 * The address that is sent a letter for which nobody there has asked; undefined where none is sent, or when enough of
 * the kind were. An account may name an address of somebody else: it must not fill their mailbox.
 */
export async function addressToTell(ctx: Context, kind: LetterKind, email: string | null): Promise<string | undefined> {
  if (!ctx.mail.isConfigured || email === null) return undefined
  return (await ctx.counters.take(`letters-${kind}:${hashed(email)}`, letters)).isAllowed ? email : undefined
}

/** The same steps for every e-mail: whose it is, if anybody's, is looked up by the job, behind the answer. */
export async function forgotPassword(ctx: Context, who: Caller, { email }: Input<'forgotPassword'>) {
  await countLetter(ctx, email)
  await ctx.write((tx, _emit, enqueue) =>
    writeLetter(ctx, { tx, enqueue }, { kind: 'reset', email: email.toLowerCase(), userId: null, who }),
  )
  return { delivery: ctx.mail.isConfigured ? ('mail' as const) : ('log' as const) }
}

/**
 * Ends all that could be used to come in: sessions, links, codes. When it is by this link that the address is proven for
 * the first time, then API keys and accounts elsewhere, too: who has made the account until now may be a stranger who
 * typed somebody's address and waits for them to take it over.
 */
export async function resetPassword(
  ctx: Context,
  attempts: Attempts,
  who: Caller,
  { token, password }: Input<'resetPassword'>,
) {
  const hash = hashOf(token)
  const user = await store.livingLink(ctx.db, hash, 'reset', ctx.now())
  if (!user || user.email !== user.proven_email) throw linkInvalid()
  refuseWeak(password, '/password', user)
  const passwordHash = await hashPassword(password, { ...who, rank: 'known' })
  const told = await addressToTell(ctx, 'password-changed', user.email)
  await ctx.write(async (tx, _emit, enqueue) => {
    const changed = await replaceHash(tx, user, passwordHash)
    if (!changed || !(await store.markVerified(tx, user.id, user.proven_email, ctx.now()))) throw linkInvalid()
    if (!(await store.takeLink(tx, hash))) throw linkInvalid()
    await store.dropLinks(tx, user)
    await store.dropExchangeCodes(tx, user.id)
    const ended = { ...(await strangersWaysEnded(tx, changed)), sessions: await endSessionsOf(tx, user.id) }
    await audit(tx, who, { action: 'account.password-reset', subjectId: user.id, detail: ended })
    await tellChanged(ctx, { tx, enqueue }, { userId: user.id, told, who })
  })
  await tellEnded(ctx, { userId: user.id })
  await attempts.forgive([{ name: user.username }, { name: user.proven_email }, { accountId: user.id }])
  return {}
}

export async function changePassword(
  ctx: Context,
  attempts: Attempts,
  who: Caller,
  { currentPassword, newPassword }: Input<'changePassword'>,
): Promise<Session> {
  const user = await proven(ctx, attempts, { who, password: currentPassword, field: 'currentPassword' })
  refuseWeak(newPassword, '/newPassword', user)
  const passwordHash = await hashPassword(newPassword, { ...who, rank: 'known' })
  const told = await addressToTell(ctx, 'password-changed', user.email)
  const { session, ended } = await ctx.write(async (tx, _emit, enqueue) => {
    const changed = await replaceHash(tx, user, passwordHash)
    if (!changed) throw conflict('changed_meanwhile', 'The password was changed at the same time: look again.')
    await store.dropLinks(tx, user)
    const ended = await endOthersOf(tx, user.id, user.sessionId)
    await retireTokens(tx, user.sessionId, ctx.now())
    await audit(tx, who, { action: 'account.password-changed', subjectId: user.id, detail: { sessions: ended.length } })
    await tellChanged(ctx, { tx, enqueue }, { userId: user.id, told, who })
    return { ended, session: await newTokens(ctx, tx, { user: changed, sessionId: user.sessionId }) }
  })
  for (const sessionId of ended) await tellEnded(ctx, { userId: user.id, sessionId })
  return session
}

function refuseWeak(password: string, path: string, { username, email, display_name }: UserRow): void {
  const fault = passwordFault(password, [username, email ?? '', display_name])
  if (fault) throw badRequest('weak_password', fault, [{ path, message: fault }])
}

/** Nothing when the address was proven before: what is there then is of who has the address. */
async function strangersWaysEnded(tx: Db, user: UserRow): Promise<Record<string, number>> {
  if (user.email_verified_at !== null) return {}
  return { apiKeys: await deleteKeysOf(tx, user.id), links: await store.dropIdentities(tx, user.id) }
}

type Told = { userId: string; told: string | undefined; who: Caller }

/** Only where mail is sent: who can read the log knows already. */
async function tellChanged(ctx: Context, out: Parameters<typeof writeLetter>[1], { userId, told, who }: Told) {
  if (told !== undefined) await writeLetter(ctx, out, { kind: 'password-changed', email: told, userId, who })
}
