import { type Caller, ROLES, type Role, SCOPES } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest, conflict, forbidden, notFound, unauthorized } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import type { Selectable } from 'kysely'
import { audit } from '#modules/identity/audit/audit.ts'
import { hashOf } from '#modules/identity/secrets.ts'
import { tellEnded } from '#modules/identity/sessions/open.ts'
import type { ApiKeysTable, Tables } from '#modules/identity/tables.ts'
import type { apiKeys } from './contract.ts'
import { hintOf, isKey, newKey } from './key.ts'
import * as store from './store.ts'

/** Living keys of one person. */
const KEYS_MAX = 50
const DAY_MS = 86_400_000
const EXPIRY_DAYS_MAX = 3650

type Context = Ctx<Tables>
type Service = Api<typeof apiKeys>
type Wanted = Parameters<Service['createApiKey']>[1]

export function createApiKeys(ctx: Context): Service {
  return {
    createApiKey: (who, input) => create(ctx, who, input),
    async apiKeys(who) {
      signedIn(who)
      const rows = await store.keysOf(ctx.db, who.userId, KEYS_MAX)
      return {
        items: rows.map((r) => ({ ...toKey(r), usedAt: r.used_at?.toISOString() ?? null })),
        nextCursor: null,
      }
    },
    async revokeApiKey(who, { id }) {
      signedIn(who)
      await ctx.write(async (tx) => {
        if (!(await store.deleteKey(tx, who.userId, id))) throw notFound('API key')
        await audit(tx, who, { action: 'api-key.revoked', subjectId: who.userId, detail: { keyId: id } })
      })
      await tellEnded(ctx, { userId: who.userId, keyId: id })
      return {}
    },
  }
}

const toKey = (r: Selectable<ApiKeysTable>) => ({
  id: r.id,
  name: r.name,
  hint: r.hint,
  scopes: r.scopes,
  createdAt: r.created_at.toISOString(),
  expiresAt: r.expires_at?.toISOString() ?? null,
})

async function create(ctx: Context, who: Caller, input: Wanted): ReturnType<Service['createApiKey']> {
  signedIn(who)
  const expires_at = expiryOf(ctx.now(), input)
  const scopes = SCOPES.filter((s) => (input.scopes ?? ['read']).includes(s))
  const key = newKey()
  const row = await ctx.write(async (tx) => {
    // Held still: keys made at once are counted one after the other, and none slips past a block.
    const owner = await store.lockOwner(tx, who.userId)
    if (!owner) throw unauthorized('session_ended', 'This account is gone or blocked.')
    if (scopes.includes('admin') && owner.role !== 'admin')
      throw forbidden('Only the key of an admin can have the scope "admin".', 'role_required')
    await makeRoom(tx, who.userId)
    const made = await store.insertKey(tx, {
      id: ctx.newId(),
      user_id: who.userId,
      name: input.name,
      hint: hintOf(key),
      hash: hashOf(key),
      scopes,
      expires_at,
    })
    const detail = { keyId: made.id, scopes: scopes.join(' '), expiresAt: expires_at?.toISOString() ?? null }
    await audit(tx, who, { action: 'api-key.made', subjectId: who.userId, detail })
    return made
  })
  return { ...toKey(row), key }
}

/** Expired keys stay in the list until their places are needed. */
async function makeRoom(tx: Parameters<typeof store.countKeys>[0], userId: string): Promise<void> {
  if ((await store.countKeys(tx, userId)) < KEYS_MAX) return
  await store.deleteExpiredOf(tx, userId)
  if ((await store.countKeys(tx, userId)) >= KEYS_MAX)
    throw conflict('too_many_api_keys', `You have ${KEYS_MAX} API keys, the most there can be: revoke one first.`)
}

const wrongExpiry = (message: string) =>
  badRequest('invalid_input', `expiresAt ${message}.`, [{ path: '/expiresAt', message }])

function expiryOf(now: Date, { expiresAt, expiresInDays }: Wanted): Date | null {
  if (expiresAt === undefined)
    return expiresInDays === undefined ? null : new Date(now.getTime() + expiresInDays * DAY_MS)
  if (expiresInDays !== undefined) throw wrongExpiry('and expiresInDays say the same: give one')
  const at = new Date(expiresAt)
  const inMs = at.getTime() - now.getTime()
  if (!(inMs > 0 && inMs <= EXPIRY_DAYS_MAX * DAY_MS))
    throw wrongExpiry(`must be later than now and within ${EXPIRY_DAYS_MAX} days`)
  return at
}

/** What a key makes of its owner's role of this moment: without the scope `admin` an artist at most. */
export const roleOfKey = (role: Role, scopes: readonly string[]): Role =>
  scopes.includes('admin') || role !== 'admin' ? role : (ROLES[ROLES.indexOf('admin') - 1] as Role)

/** Who stands behind an API key; null when it is none, or not living (any more). */
export async function authenticateKey(ctx: Context, key: string) {
  if (!isKey(key)) return null
  const found = await store.livingKey(ctx.db, hashOf(key))
  if (!found) return null
  await store.touchKey(ctx.db, found.keyId)
  return {
    userId: found.userId,
    role: roleOfKey(found.role, found.scopes),
    keyId: found.keyId,
    scopes: found.scopes,
    ...(found.expiresAt ? { expiresAt: found.expiresAt.toISOString() } : {}),
  }
}
