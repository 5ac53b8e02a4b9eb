import { badRequest } from '#kernel/errors.ts'
import type { Api } from '#kernel/contract.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import type { admin } from '#modules/identity/admin/contract.ts'
import { decodeCursor, encodeCursor, pageFrom, UUID } from '#modules/identity/admin/cursor.ts'
import type { Db } from '#modules/identity/tables.ts'
import * as store from './store.ts'

type AuditLog = Api<typeof admin>['auditLog']

const timeOf = (text: string | undefined, path: string): Date | undefined => {
  if (text === undefined) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime()) || at.getTime() < 0)
    throw badRequest('invalid_input', `${path} must be a time since 1970.`, [
      { path: `/${path}`, message: 'is no time' },
    ])
  return at
}

/** One page of the log, the newest first. */
export async function auditPage(db: Db, input: Parameters<AuditLog>[1]): ReturnType<AuditLog> {
  const { limit = PAGE_DEFAULT, action, actorId, subjectId } = input
  const filter = { action, actorId, subjectId, from: timeOf(input.from, 'from'), to: timeOf(input.to, 'to') }
  const after = decodeCursor(input.cursor, 'audit', UUID)
  const rows = await store.listEntries(db, filter, after, limit + 1)
  const { page, nextCursor } = pageFrom(rows, limit, (last) => encodeCursor('audit', last.id))
  const total = input.count ? { total: await store.countEntries(db, filter) } : {}
  return { items: page.map(toEntry), nextCursor, ...total }
}

const named = (id: string | null, username: string | null) => (id === null ? null : { id, username })

const toEntry = (r: store.Listed) => ({
  id: r.id,
  at: r.at.toISOString(),
  action: r.action,
  actor: named(r.actor_id, r.actor),
  subject: named(r.subject_id, r.subject),
  address: r.address,
  userAgent: r.user_agent,
  detail: r.detail,
})
