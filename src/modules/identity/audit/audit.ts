import { createHash } from 'node:crypto'
import type { Insertable } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import { newId } from '#kernel/ids.ts'
import type { AuditTable, Db } from '#modules/identity/tables.ts'
import { timeOfId } from './times.ts'

/** Bounds of `detail`: a longer text is cut, further fields are left out. */
const TEXT_MAX = 200
const FIELDS_MAX = 12
const USER_AGENT_MAX = 300

/** What is worth remembering for an admin who asks later what happened. */
export const AUDIT_ACTIONS = [
  'account.registered',
  'account.erased',
  'account.blocked',
  'account.unblocked',
  'account.role-changed',
  'account.password-changed',
  'account.password-reset-asked',
  'account.password-reset',
  'account.email-changed',
  'account.email-verified',
  'account.exported',
  'sign-in.succeeded',
  'sign-in.failed',
  'sign-in.limited',
  'session.ended',
  'session.refresh-reused',
  'api-key.made',
  'api-key.revoked',
  'identity.linked',
  'identity.unlinked',
  'song.hidden',
  'song.shown',
  'album.hidden',
  'album.shown',
] as const
export type AuditAction = (typeof AUDIT_ACTIONS)[number]

export type AuditEntry = {
  action: AuditAction
  /** Whose account it is about; absent where there is none (a sign-in with an unknown name). */
  subjectId?: string
  /** Never a secret, an e-mail or a name that was typed. */
  detail?: Record<string, string | number | boolean | null>
}

const bounded = (detail: NonNullable<AuditEntry['detail']>) =>
  Object.fromEntries(
    Object.entries(detail)
      .slice(0, FIELDS_MAX)
      .map(([k, v]) => [k, typeof v === 'string' ? v.slice(0, TEXT_MAX).toWellFormed() : v]),
  )

/** Written with the transaction of what it tells of, so that neither is without the other. */
export async function audit(tx: Db, who: Caller, e: AuditEntry): Promise<void> {
  await tx
    .insertInto('identity.audit_log')
    .values(rowOf(newId(), who, e))
    .execute()
}

const rowOf = (id: string, who: Caller, e: AuditEntry): Insertable<AuditTable> => ({
  id,
  at: timeOfId(id),
  action: e.action,
  actor_id: who.userId ?? null,
  subject_id: e.subjectId ?? null,
  address: who.address ?? null,
  user_agent: who.userAgent?.slice(0, USER_AGENT_MAX) ?? null,
  detail: JSON.stringify(bounded({ ...e.detail, ...(who.keyId ? { byApiKey: who.keyId } : {}) })),
})

/**
 * For what strangers can bring about as often as they like: of each action one entry a minute and account, the first;
 * and one for all that is about no account. Its id says all three, so that the database keeps the second out, whichever
 * process writes it. Its time is the beginning of that minute.
 */
export async function auditOnceAMinute(db: Db, who: Caller, e: AuditEntry, at = new Date()): Promise<void> {
  const id = minuteId(at, `${e.action} ${e.subjectId ?? ''}`)
  await db
    .insertInto('identity.audit_log')
    .values(rowOf(id, who, e))
    .onConflict((c) => c.column('id').doNothing())
    .execute()
}

const MINUTE_MS = 60_000

/** A UUIDv7 whose random bits are a hash. */
function minuteId(at: Date, of: string): string {
  const b = createHash('sha256').update(of).digest().subarray(0, 16)
  b.writeUIntBE(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS, 0, 6)
  b.writeUInt8((b.readUInt8(6) & 0x0f) | 0x70, 6)
  b.writeUInt8((b.readUInt8(8) & 0x3f) | 0x80, 8)
  return b.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
