import type { Caller } from '#kernel/caller.ts'
import { conflict, unavailable } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { checkSetupCode, dropSetupCode } from '#modules/identity/accounts/setup.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { hasUsers, insertUser, lockAccounts, userById, type UserRow } from '#modules/identity/users.ts'
import { displayNameFrom, numbered, usernameFrom } from './names.ts'
import type { Found } from './provider.ts'
import { blocked } from './refusals.ts'
import * as store from './store.ts'
import { sealTokens } from './tokens.ts'

const NAME_TRIES_MAX = 20
const TEXT_LENGTH_MAX = 254

type Context = Ctx<Tables>
/** `provider`: the key under which the identity is kept. */
export type Proven = { provider: string; found: Found; who: Caller }

/**
 * Which account somebody is whom a provider has named:
 * 1. the one that this (issuer, subject) is linked with;
 * 2. else the one with the same e-mail, only when the provider vouches for the address *and* the account has proven it
 *    itself: an address that somebody merely typed in, here or there, opens nothing;
 * 3. else a new one, which takes the e-mail only when the provider vouches for it and nobody has it.
 * Throws 403 for a blocked account, and for the first account of all where that needs the set-up code.
 */
export async function become(ctx: Context, tx: Db, p: Proven): Promise<UserRow> {
  const known = await signInKnown(ctx, tx, p)
  if (known) return known
  // From here one at a time: of two first sign-ins of one person, the second finds what the first made.
  await lockAccounts(tx)
  return (await signInKnown(ctx, tx, p)) ?? linkByEmail(ctx, tx, p)
}

async function signInKnown(ctx: Context, tx: Db, p: Proven): Promise<UserRow | undefined> {
  const identity = await store.identityOf(tx, p.found.issuer, p.found.subject)
  if (!identity) return undefined
  const user = unblocked(await userById(tx, identity.user_id))
  await seenAgain(ctx, tx, identity, p)
  return user
}

const unblocked = (user: UserRow | undefined): UserRow => {
  if (!user || user.is_blocked) throw blocked()
  return user
}

async function linkByEmail(ctx: Context, tx: Db, p: Proven): Promise<UserRow> {
  const email = vouchedEmail(p.found)
  const holder = email === null ? undefined : await store.userByEmail(tx, email)
  const proven = holder?.email_verified_at != null ? unblocked(holder) : undefined
  const user = proven ?? (await newUser(ctx, tx, p, holder ? null : email))
  await insertLink(ctx, tx, p, user.id)
  return user
}

/** Of other letters some become one of these when they are made small (the Kelvin sign a k): another's address. */
const PLAIN_EMAIL = /^[\x21-\x7e]+@[\x21-\x7e]+$/

const vouchedEmail = ({ email, emailVerified }: Found): string | null =>
  emailVerified && email !== null && email.length <= TEXT_LENGTH_MAX && PLAIN_EMAIL.test(email)
    ? email.toLowerCase()
    : null

async function newUser(ctx: Context, tx: Db, p: Proven, email: string | null): Promise<UserRow> {
  const isFirst = !(await hasUsers(tx))
  if (isFirst) await checkSetupCode(tx, undefined)
  const wished = usernameFrom([p.found.nickname, p.found.name])
  const name = displayNameFrom(p.found.name)
  for (let tries = 0; tries < NAME_TRIES_MAX; tries++) {
    const username = tries === 0 ? wished : numbered(wished)
    const user = await insertUser(tx, {
      id: ctx.newId(),
      username,
      email,
      email_verified_at: email === null ? null : ctx.now(),
      display_name: name ?? username,
      password_hash: null,
      role: isFirst ? 'admin' : 'user',
    })
    if (!user) continue
    if (isFirst) await dropSetupCode(tx)
    await audit(tx, p.who, { action: 'account.registered', subjectId: user.id, detail: { provider: p.provider } })
    return user
  }
  throw unavailable('busy', 'No free username was found for this account: try again in a moment.', 1)
}

/** Links with an account that asked for it. Throws 409 `identity_taken` when it is another's already. */
export async function linkTo(ctx: Context, tx: Db, p: Proven, userId: string): Promise<store.IdentityRow> {
  unblocked(await store.lockUser(tx, userId))
  const known = await store.identityOf(tx, p.found.issuer, p.found.subject)
  if (known && known.user_id !== userId) throw taken()
  return known ? seenAgain(ctx, tx, known, p) : insertLink(ctx, tx, p, userId)
}

const taken = () =>
  conflict(
    'identity_taken',
    'This account of the provider is linked with another account here: sign in with it instead.',
  )

async function insertLink(ctx: Context, tx: Db, p: Proven, userId: string): Promise<store.IdentityRow> {
  const id = ctx.newId()
  const { issuer, subject } = p.found
  const row = await store.insertIdentity(tx, {
    id,
    user_id: userId,
    provider: p.provider,
    issuer,
    subject,
    ...kept(ctx, id, p.found),
  })
  if (!row) throw taken()
  await audit(tx, p.who, { action: 'identity.linked', subjectId: userId, detail: { provider: p.provider } })
  return row
}

const seenAgain = (ctx: Context, tx: Db, row: store.IdentityRow, p: Proven): Promise<store.IdentityRow> =>
  store.updateIdentity(tx, row.id, { provider: p.provider, ...kept(ctx, row.id, p.found), used_at: ctx.now() })

/** What is kept of somebody: how they are called there, and what we may do in their name. */
const kept = (ctx: Context, identityId: string, found: Found) => ({
  email: found.email?.slice(0, TEXT_LENGTH_MAX) ?? null,
  email_verified: found.emailVerified,
  name: displayNameFrom(found.name ?? found.nickname) ?? null,
  ...(found.tokens
    ? {
        tokens: sealTokens(ctx, identityId, found.tokens),
        scopes: found.tokens.scopes.join(' '),
        consent_ended_at: null,
      }
    : {}),
})
