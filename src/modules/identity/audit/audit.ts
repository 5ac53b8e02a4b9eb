import type { Caller } from '#kernel/caller.ts'
import { newId } from '#kernel/ids.ts'
import type { Db } from '#modules/identity/tables.ts'
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
  const id = newId()
  await tx
    .insertInto('identity.audit_log')
    .values({
      id,
      at: timeOfId(id),
      action: e.action,
      actor_id: who.userId ?? null,
      subject_id: e.subjectId ?? null,
      address: who.address ?? null,
      user_agent: who.userAgent?.slice(0, USER_AGENT_MAX) ?? null,
      detail: JSON.stringify(bounded({ ...e.detail, ...(who.keyId ? { byApiKey: who.keyId } : {}) })),
    })
    .execute()
}
