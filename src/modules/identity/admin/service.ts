import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { notFound } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { requireRole } from '#kernel/policy.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { deleteKeysOf } from '#modules/identity/api-keys/store.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { auditPage } from '#modules/identity/audit/list.ts'
import { eraseUser } from '#modules/identity/profile/erase.ts'
import { tellEnded } from '#modules/identity/sessions/open.ts'
import { endSessionsOf, livingSessionsOf } from '#modules/identity/sessions/store.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { toUser } from '#modules/identity/users.ts'
import type { admin } from './contract.ts'
import { decodeCursor, encodeCursor, pageFrom, UUID } from './cursor.ts'
import { holdOther, refuseSelf } from './standing.ts'
import * as store from './store.ts'

/** Sessions of one person shown; who has more sees those used last. */
const SESSIONS_MAX = 100
/** Words of one search; what follows is not looked for. */
const TERMS_MAX = 8
const SMALL_USERNAME = /^[a-z0-9][a-z0-9_.-]{2,19}$/

type Context = Ctx<Tables>
type Service = Api<typeof admin>
type Wanted = Parameters<Service['adminUsers']>[1]

export function createAdmin(ctx: Context): Service {
  return {
    async adminUsers(who, input) {
      requireRole(who, 'admin')
      return usersPage(ctx.db, input)
    },
    async adminUser(who, { id }) {
      requireRole(who, 'admin')
      return userFor(ctx.db, id)
    },
    setUserBlocked: (who, input) => setBlocked(ctx, who, input),
    setUserRole: (who, input) => setRole(ctx, who, input),
    async deleteUser(who, { id }) {
      requireRole(who, 'admin')
      refuseSelf(who, id)
      await eraseUser(ctx, who, id)
      return {}
    },
    async userSessions(who, { id }) {
      requireRole(who, 'admin')
      await userFor(ctx.db, id)
      return { items: (await livingSessionsOf(ctx.db, id, SESSIONS_MAX)).map(toSession), nextCursor: null }
    },
    async endUserSessions(who, { id }) {
      requireRole(who, 'admin')
      await userFor(ctx.db, id)
      await ctx.write(async (tx) => {
        const ended = await endSessionsOf(tx, id)
        await audit(tx, who, { action: 'session.ended', subjectId: id, detail: { ended } })
      })
      await tellEnded(ctx, { userId: id })
      return {}
    },
    async auditLog(who, input) {
      requireRole(who, 'admin')
      return auditPage(ctx.db, input)
    },
  }
}

type ListedSession = Awaited<ReturnType<typeof livingSessionsOf>>[number]
const toSession = (s: ListedSession) => ({
  id: s.id,
  method: s.method,
  address: s.address,
  userAgent: s.user_agent,
  createdAt: s.created_at.toISOString(),
  usedAt: s.used_at.toISOString(),
  expiresAt: s.expires_at.toISOString(),
})
const toAdminUser = (r: store.ListedUser) => ({
  ...toUser(r),
  lastSeenAt: r.last_seen_at?.toISOString() ?? null,
})

async function userFor(db: Db, id: string): ReturnType<Service['adminUser']> {
  const row = await store.listedUser(db, id)
  if (!row) throw notFound('user')
  return toAdminUser(row)
}

const SORTS: Record<NonNullable<Wanted['sort']>, { by: 'id' | 'username'; direction: 'asc' | 'desc' }> = {
  newest: { by: 'id', direction: 'desc' },
  oldest: { by: 'id', direction: 'asc' },
  username: { by: 'username', direction: 'asc' },
  '-username': { by: 'username', direction: 'desc' },
}

async function usersPage(db: Db, input: Wanted): ReturnType<Service['adminUsers']> {
  const { limit = PAGE_DEFAULT, sort = 'newest', q, role, isBlocked } = input
  const filter = {
    terms: (q ?? '')
      .split(/\s+/)
      .filter((term) => term !== '')
      .slice(0, TERMS_MAX),
    ...(role === undefined ? {} : { role }),
    ...(isBlocked === undefined ? {} : { isBlocked }),
  }
  const by = SORTS[sort]
  const after = decodeCursor(input.cursor, `users:${sort}`, by.by === 'id' ? UUID : SMALL_USERNAME)
  const rows = await store.listUsers(db, filter, { ...by, after }, limit + 1)
  const end = (r: store.ListedUser) => (by.by === 'id' ? r.id : r.username.toLowerCase())
  const { page, nextCursor } = pageFrom(rows, limit, (last) => encodeCursor(`users:${sort}`, end(last)))
  const total = input.count ? { total: await store.countUsers(db, filter) } : {}
  return { items: page.map(toAdminUser), nextCursor, ...total }
}

type Block = Parameters<Service['setUserBlocked']>[1]

/** Sessions and keys end for good: what a thief holds does not come back with the owner. */
async function setBlocked(ctx: Context, who: Caller, { id, isBlocked }: Block): ReturnType<Service['adminUser']> {
  requireRole(who, 'admin')
  const ended = await ctx.write(async (tx) => {
    const user = await holdOther(tx, who, id, { keepsAdmin: isBlocked === false })
    const to = isBlocked ?? !user.is_blocked
    if (to === user.is_blocked) return false
    await store.setStanding(tx, id, { is_blocked: to })
    const detail = to ? { sessions: await endSessionsOf(tx, id), apiKeys: await deleteKeysOf(tx, id) } : {}
    await audit(tx, who, { action: to ? 'account.blocked' : 'account.unblocked', subjectId: id, detail })
    return to
  })
  if (ended) await tellEnded(ctx, { userId: id })
  return userFor(ctx.db, id)
}

type NewRole = Parameters<Service['setUserRole']>[1]

async function setRole(ctx: Context, who: Caller, { id, role }: NewRole): ReturnType<Service['adminUser']> {
  requireRole(who, 'admin')
  const changed = await ctx.write(async (tx) => {
    const user = await holdOther(tx, who, id, { keepsAdmin: role === 'admin' })
    if (user.role === role) return false
    await store.setStanding(tx, id, { role })
    const detail = { from: user.role, to: role }
    await audit(tx, who, { action: 'account.role-changed', subjectId: id, detail })
    return true
  })
  // What is signed in stays so: every process asks anew who it is, and its sockets come back with the new role.
  if (changed) await tellEnded(ctx, { userId: id, why: 'role' })
  return userFor(ctx.db, id)
}
