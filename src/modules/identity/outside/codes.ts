import { createHash, randomBytes } from 'node:crypto'
import type { Caller } from '#kernel/caller.ts'
import { forbidden, unauthorized } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { hashOf, isSameText } from '#modules/identity/secrets.ts'
import { keepNewestSessions, openSession } from '#modules/identity/sessions/open.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { Session } from '#modules/identity/things.ts'
import type { UserRow } from '#modules/identity/users.ts'
import { linkTo } from './become.ts'
import type { Found } from './provider.ts'
import { blocked } from './refusals.ts'
import * as store from './store.ts'

/** A browser brings the code at once; longer only helps who finds it in a log. */
const CODE_LIFE_SEC = 60
const CODE_BYTES = 32

type Context = Ctx<Tables>
type Issue = { userId: string; method: string; bindingHash: Buffer | null; codeChallenge: string | null; link?: Found }

const aboutLink = (hash: Buffer) => `identity.exchange_codes:${hash.toString('hex')}:link`

/** A code for the address of the front end, good once and for a minute: it stands for a session, or for a link. */
export async function issueCode(ctx: Context, o: Issue): Promise<string> {
  const code = randomBytes(CODE_BYTES).toString('base64url')
  const hash = hashOf(code)
  await store.insertCode(ctx.db, {
    hash,
    user_id: o.userId,
    method: o.method,
    link: o.link ? ctx.vault.seal(JSON.stringify(o.link), aboutLink(hash)) : null,
    binding_hash: o.bindingHash,
    code_challenge: o.codeChallenge,
    expires_at: new Date(ctx.now().getTime() + CODE_LIFE_SEC * 1000),
  })
  return code
}

/** Gone with the first use, also a wrong one: whoever tries a code they found cannot try twice. */
async function takeCode(ctx: Context, code: string, kind: 'session' | 'link'): Promise<store.CodeRow> {
  const row = await store.takeCode(ctx.db, hashOf(code))
  const isOfKind = row && (row.link === null) === (kind === 'session')
  if (!isOfKind || row.expires_at <= ctx.now())
    throw unauthorized('code_invalid', 'This code was used, or is older than a minute: sign in again.')
  return row
}

type Exchange = { code: string; codeVerifier?: string; binding?: string; mode?: string }

/**
 * A session for a code. A stranger's code in the address of our page must sign nobody in (they would act, and tell, in
 * the stranger's account): with cookies only the browser that left for the provider may have it. Apps without cookies
 * prove by the verifier of their challenge that they began; who gave no challenge trusts the address that it came by.
 */
export async function exchange(ctx: Context, who: Caller, o: Exchange): Promise<Session> {
  const row = await takeCode(ctx, o.code, 'session')
  if (o.mode === 'cookie') requireBinding(row, o.binding)
  requireVerifier(row, o.codeVerifier)
  const session = await ctx.write(async (tx) => {
    // Held still: who is blocked at this moment has no session left over for later.
    const user = unblocked(await store.lockUser(tx, row.user_id))
    await audit(tx, who, { action: 'sign-in.succeeded', subjectId: user.id, detail: { method: row.method } })
    return openSession(ctx, tx, { user, who, method: row.method })
  })
  await keepNewestSessions(ctx, row.user_id)
  return session
}

const unblocked = (user: UserRow | undefined): UserRow => {
  if (!user || user.is_blocked) throw blocked()
  return user
}

function requireBinding(row: store.CodeRow, binding: string | undefined): void {
  if (row.binding_hash && binding && row.binding_hash.equals(hashOf(binding))) return
  throw forbidden('This sign-in was begun in another browser: begin it again in this one.', 'code_not_bound')
}

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')

function requireVerifier(row: store.CodeRow, verifier: string | undefined): void {
  const right =
    verifier !== undefined && row.code_challenge !== null && isSameText(challengeOf(verifier), row.code_challenge)
  if (row.code_challenge === null || right) return
  throw unauthorized(
    'code_verifier_wrong',
    'This code needs the codeVerifier of the codeChallenge that the sign-in began with: begin again.',
  )
}

/** The link that a code stands for, for the account that began it and for no other. */
export async function redeemLink(
  ctx: Context,
  who: Caller & { userId: string },
  code: string,
): Promise<store.IdentityRow> {
  const row = await takeCode(ctx, code, 'link')
  const plain = row.link === null ? undefined : ctx.vault.open(row.link, aboutLink(row.hash))
  if (row.user_id !== who.userId || plain === undefined)
    throw forbidden('This link was begun by another account: sign in as that one, or begin it again.', 'code_not_bound')
  const found = JSON.parse(plain) as Found
  return ctx.write((tx) => linkTo(ctx, tx, { provider: row.method, found, who }, who.userId))
}
