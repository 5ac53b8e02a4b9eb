import { type Selectable, sql } from 'kysely'
import type { AuditTable, Db } from '#modules/identity/tables.ts'
import { idAt } from './times.ts'

export type Filter = Partial<Record<'action' | 'actorId' | 'subjectId', string | undefined>> & {
  from?: Date | undefined
  to?: Date | undefined
}
export type Listed = Selectable<AuditTable> & { actor: string | null; subject: string | null }

/** Entries deleted by one statement, so that none holds the table for long. */
const PRUNED_MAX = 5000

/** Times are asked of the ids, which hold them: so each index of the log serves a range of time too. */
function filtered(db: Db, f: Filter) {
  let query = db.selectFrom('identity.audit_log as e')
  if (f.action !== undefined) query = query.where('e.action', '=', f.action)
  if (f.actorId !== undefined) query = query.where('e.actor_id', '=', f.actorId)
  if (f.subjectId !== undefined) query = query.where('e.subject_id', '=', f.subjectId)
  if (f.from !== undefined) query = query.where('e.id', '>=', idAt(f.from))
  if (f.to !== undefined) query = query.where('e.id', '<', idAt(f.to))
  return query
}
const usernameOf = (column: 'e.actor_id' | 'e.subject_id') =>
  sql<string | null>`(select u.username from identity.users u where u.id = ${sql.ref(column)})`

/** The newest first, below `afterId`, at most `limit`; with the usernames of this day. */
export function listEntries(db: Db, f: Filter, afterId: string | undefined, limit: number): Promise<Listed[]> {
  const query = afterId === undefined ? filtered(db, f) : filtered(db, f).where('e.id', '<', afterId)
  return query
    .selectAll('e')
    .select([usernameOf('e.actor_id').as('actor'), usernameOf('e.subject_id').as('subject')])
    .orderBy('e.id', 'desc')
    .limit(limit)
    .execute()
}

export async function countEntries(db: Db, f: Filter): Promise<number> {
  const counted = await filtered(db, f)
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return counted.n
}

/** Takes out what is older than `days`; the one way by which entries go, and the database refuses it for young ones. */
export async function pruneAudit(db: Db, o: { days: number; now: Date; signal: AbortSignal }): Promise<void> {
  const before = idAt(new Date(o.now.getTime() - o.days * 86_400_000))
  for (let gone = PRUNED_MAX; gone === PRUNED_MAX && !o.signal.aborted; ) {
    const { numAffectedRows } = await sql`
      delete from identity.audit_log where id in (
        select id from identity.audit_log where id < ${before}::uuid order by id limit ${PRUNED_MAX})`.execute(db)
    gone = Number(numAffectedRows ?? 0)
  }
}

/**
 * For the erasure of a person: the entries stay, without whom they tell of. Where the person acted, or nobody is known
 * to have, the address and device go too, since they may be theirs.
 */
export async function forgetInAudit(tx: Db, userId: string): Promise<void> {
  await sql`
    update identity.audit_log set
      address = case when actor_id <> ${userId}::uuid then address end,
      user_agent = case when actor_id <> ${userId}::uuid then user_agent end,
      actor_id = nullif(actor_id, ${userId}::uuid),
      subject_id = nullif(subject_id, ${userId}::uuid)
    where ${userId}::uuid in (actor_id, subject_id)`.execute(tx)
}
