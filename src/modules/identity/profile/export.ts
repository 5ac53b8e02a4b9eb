import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Caller, SignedIn } from '#kernel/caller.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { toUser, userById, type UserRow } from '#modules/identity/users.ts'
import { accountGone } from './me.ts'
import type { Pictures } from './pictures.ts'

/** Of the file; it grows when a reader of the one before could not read the next. */
const FORMAT_VERSION = 1
type Deps = { readonly ctx: Ctx<Tables>; readonly pictures: Pictures }

/** One file with everything. Every part is there before the first byte goes out. */
export async function exportMe(
  d: Deps,
  who: Caller,
  _request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  signedIn(who)
  const { ctx } = d
  const user = await userById(ctx.db, who.userId)
  if (!user) throw accountGone()
  const parts = await ctx.askAll('exportOfUser', who, { userId: user.id })
  const now = ctx.now()
  await ctx.write((tx) => audit(tx, who, { action: 'account.exported', subjectId: user.id }))
  const document = {
    format: 'tutti-export',
    version: FORMAT_VERSION,
    exportedAt: now.toISOString(),
    ...(await accountOf(d, user)),
    audit: await auditOf(ctx.db, who),
    parts: Object.fromEntries(parts.map((p) => [p.contract, p.output])),
  }
  return reply
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('content-disposition', `attachment; filename="${fileName(user, now)}"`)
    .send(`${JSON.stringify(document, null, 2)}\n`)
}

/** Usernames are of letters, digits, dots and dashes alone. */
const fileName = (user: UserRow, now: Date) => `tutti-${user.username}-${now.toISOString().slice(0, 10)}.json`

/** No hash and no token: whoever finds the file must not be able to sign in with it. */
async function accountOf({ ctx: { db }, pictures }: Deps, user: UserRow) {
  const [sessions, apiKeys, linkedAccounts, mails, flows, blocks, picture] = await Promise.all([
    db
      .selectFrom('identity.sessions')
      .select(['id', 'method', 'address', 'user_agent as userAgent', 'created_at as createdAt'])
      .select(['used_at as usedAt', 'expires_at as expiresAt', 'ended_at as endedAt'])
      .where('user_id', '=', user.id)
      .orderBy('id')
      .execute(),
    db
      .selectFrom('identity.api_keys')
      .select([
        'id',
        'name',
        'hint',
        'scopes',
        'created_at as createdAt',
        'expires_at as expiresAt',
        'used_at as usedAt',
      ])
      .where('user_id', '=', user.id)
      .orderBy('id')
      .execute(),
    db
      .selectFrom('identity.identities')
      .select(['id', 'provider', 'subject', 'email', 'email_verified as emailVerified', 'name', 'scopes'])
      .select(['created_at as createdAt', 'used_at as usedAt'])
      .where('user_id', '=', user.id)
      .orderBy('id')
      .execute(),
    db
      .selectFrom('identity.mail_tokens')
      .select(['purpose', 'email', 'created_at as createdAt', 'expires_at as expiresAt'])
      .where('user_id', '=', user.id)
      .execute(),
    db
      .selectFrom('identity.flows')
      .select(['provider', 'return_to as returnTo', 'expires_at as expiresAt'])
      .where('user_id', '=', user.id)
      .execute(),
    db
      .selectFrom('identity.blocks')
      .select(['blocked_id as userId', 'created_at as createdAt'])
      .where('user_id', '=', user.id)
      .orderBy('blocked_id')
      .execute(),
    user.avatar === null ? undefined : pictures.bytes(user.avatar),
  ])
  const { preferences, ...account } = toUser(user)
  return {
    account,
    preferences,
    avatar: picture ? { type: 'image/webp', base64: Buffer.from(picture).toString('base64') } : null,
    sessions,
    apiKeys,
    linkedAccounts,
    mailsUnderWay: mails,
    signInsUnderWay: flows,
    blocks,
  }
}

/** By the person and about them. Of what others did, nothing that tells who they are or from where. */
async function auditOf(db: Db, who: SignedIn) {
  const rows = await db
    .selectFrom('identity.audit_log')
    .selectAll()
    .where((eb) => eb.or([eb('actor_id', '=', who.userId), eb('subject_id', '=', who.userId)]))
    .orderBy('id')
    .execute()
  return rows.map((r) => {
    const isOwn = r.actor_id === null || r.actor_id === who.userId
    return {
      at: r.at,
      action: r.action,
      byYou: r.actor_id === who.userId,
      aboutYou: r.subject_id === who.userId,
      address: isOwn ? r.address : null,
      userAgent: isOwn ? r.user_agent : null,
      detail: r.detail,
    }
  })
}
