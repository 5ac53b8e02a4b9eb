import { sql } from 'kysely'
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

async function accountOf({ ctx: { db }, pictures }: Deps, user: UserRow) {
  const kept = await Promise.all(
    Object.entries(KEPT_OF_PERSON).map(async ([name, o]) => [name, await rowsOf(db, o, user.id)] as const),
  )
  const picture = user.avatar === null ? undefined : await pictures.bytes(user.avatar)
  const { preferences, ...account } = toUser(user)
  return {
    account,
    preferences,
    avatar: picture ? { type: 'image/webp', base64: Buffer.from(picture).toString('base64') } : null,
    ...Object.fromEntries(kept),
  }
}

type Kept = { readonly table: string; readonly columns: readonly string[]; readonly withheld: readonly string[] }
/**
 * Tables with rows of a person, by the names they have in the file. What is withheld is a secret, or tells nothing: who
 * finds the file must not be able to sign in with it. A test holds the columns against the database.
 */
export const KEPT_OF_PERSON: Readonly<Record<string, Kept>> = {
  sessions: {
    table: 'identity.sessions',
    columns: ['id', 'method', 'address', 'user_agent', 'created_at', 'used_at', 'expires_at', 'ended_at'],
    withheld: ['user_id'],
  },
  apiKeys: {
    table: 'identity.api_keys',
    columns: ['id', 'name', 'hint', 'scopes', 'created_at', 'expires_at', 'used_at'],
    withheld: ['user_id', 'hash'],
  },
  linkedAccounts: {
    table: 'identity.identities',
    columns: [
      'id',
      'provider',
      'issuer',
      'subject',
      'email',
      'email_verified',
      'name',
      'scopes',
      'consent_ended_at',
      'created_at',
      'used_at',
    ],
    withheld: ['user_id', 'tokens', 'renewing_until'],
  },
  signInsUnderWay: {
    table: 'identity.flows',
    columns: ['provider', 'return_to', 'expires_at'],
    withheld: ['user_id', 'state_hash', 'verifier', 'nonce', 'redirect_uri', 'front', 'binding_hash', 'code_challenge'],
  },
  codesUnderWay: {
    table: 'identity.exchange_codes',
    columns: ['method', 'expires_at'],
    withheld: ['user_id', 'hash', 'link', 'binding_hash', 'code_challenge'],
  },
  mailTokens: {
    table: 'identity.mail_tokens',
    columns: ['purpose', 'email', 'created_at', 'expires_at'],
    withheld: ['user_id', 'hash'],
  },
  lettersUnderWay: {
    table: 'identity.letters',
    columns: ['kind', 'email', 'address', 'user_agent', 'created_at'],
    withheld: ['id', 'user_id'],
  },
  blocks: {
    table: 'identity.blocks',
    columns: ['blocked_id', 'created_at'],
    withheld: ['user_id'],
  },
}

async function rowsOf(db: Db, { table, columns }: Kept, userId: string): Promise<object[]> {
  const named = columns.map((c) => sql`${sql.ref(c)} as ${sql.ref(inCamelCase(c))}`)
  const { rows } = await sql<object>`
    select ${sql.join(named)} from ${sql.table(table)} where user_id = ${userId}::uuid order by 1`.execute(db)
  return rows
}
const inCamelCase = (column: string) => column.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())

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
