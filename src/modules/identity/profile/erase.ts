import { sql } from 'kysely'
import { type Caller, system } from '#kernel/caller.ts'
import { badRequest } from '#kernel/errors.ts'
import { forgetAnswersTo } from '#kernel/http/idempotency.ts'
import { type Ctx, type EventHandler, on } from '#kernel/module.ts'
import type { Attempts } from '#modules/identity/accounts/attempts.ts'
import { assertAdminRemains, holdOther } from '#modules/identity/admin/standing.ts'
import { audit } from '#modules/identity/audit/audit.ts'
import { idAt } from '#modules/identity/audit/times.ts'
import { forgetInAudit } from '#modules/identity/audit/store.ts'
import { removePicture, userDeleted } from '#modules/identity/events.ts'
import { proven } from '#modules/identity/recovery/proof.ts'
import { tellEnded } from '#modules/identity/sessions/open.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import { lockAccounts, userById } from '#modules/identity/users.ts'
import { accountGone } from './me.ts'

type Context = Ctx<Tables>
export type Confirmation = { password?: string; username?: string }

/** Leaving for good, which is confirmed as nobody else could: by the password, or by name where there is none. */
export async function eraseMe(
  ctx: Context,
  attempts: Attempts,
  who: Caller,
  given: Confirmation,
): Promise<Record<string, never>> {
  const me = await proven(ctx, attempts, { who, password: given.password, field: 'password' })
  if (me.password_hash === null && given.username?.toLowerCase() !== me.username.toLowerCase())
    throw badRequest('invalid_input', 'Give your username, to confirm that you leave for good.', [
      { path: '/username', message: 'must be your username' },
    ])
  await eraseUser(ctx, who, me.id)
  return {}
}

/**
 * Erases a person. Invariants:
 * 1. One transaction: the account with all that hangs on it, the ids in the audit log, answers kept for retries, and
 *    the event by which every other module erases what it has.
 * 2. What lies outside of the database (picture, live sockets) follows from that transaction, even when this process
 *    dies right after it: by a job and by the event.
 * 3. The last admin stays: an installation without one could be taken over by whoever registers next.
 * Throws 404, 409 `last_admin`, and for another than the one who asks what `holdOther` throws.
 */
export async function eraseUser(ctx: Context, who: Caller, userId: string): Promise<void> {
  await ctx.write(async (tx, emit, enqueue) => {
    if (who.userId === userId) await holdSelf(tx, userId)
    else await holdOther(tx, who, userId, { keepsAdmin: false })
    const user = await tx
      .deleteFrom('identity.users')
      .where('id', '=', userId)
      .returning(['avatar', 'email'])
      .executeTakeFirstOrThrow()
    await forgetTraces(tx, userId)
    // Letters that somebody asked for by the address alone are of nobody yet.
    if (user.email !== null) await tx.deleteFrom('identity.letters').where('email', '=', user.email).execute()
    if (user.avatar !== null) await enqueue(removePicture, { name: user.avatar })
    await audit(tx, who.userId === userId ? system(who.requestId) : who, { action: 'account.erased' })
    await emit(userDeleted, { userId })
  })
  await tellEnded(ctx, { userId })
}

async function holdSelf(tx: Db, userId: string): Promise<void> {
  await lockAccounts(tx)
  const me = await userById(tx, userId)
  if (!me) throw accountGone()
  await assertAdminRemains(tx, me)
}

/** What keeps no foreign key to the account. Once more is no fault. */
async function forgetTraces(tx: Db, userId: string): Promise<void> {
  await forgetInAudit(tx, userId)
  await forgetAnswersTo(tx as never, userId)
}

/** A transaction that was under way may have told of a person after they were gone: no longer ago than this. */
const STRAYS_AGE_MS = 24 * 3_600_000

/** Takes ids that are nobody's out of the newer part of the audit log. */
export async function forgetStrays({ db, now }: Pick<Context, 'db' | 'now'>): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select distinct named.id from identity.audit_log a, lateral (values (a.actor_id), (a.subject_id)) as named (id)
    where a.id >= ${idAt(new Date(now().getTime() - STRAYS_AGE_MS))}::uuid and named.id is not null
      and not exists (select from identity.users u where u.id = named.id)`.execute(db)
  for (const { id } of rows) await forgetTraces(db, id)
}

/**
 * Once more, when no transaction that began before the erasure runs any longer: what such a one wrote of the person,
 * and the sockets that were not told because the process died in between.
 */
export const onUserDeleted = (ctx: Context): EventHandler<Tables> =>
  on<Tables, typeof userDeleted.payload>(userDeleted, async (tx, { userId }) => {
    await forgetTraces(tx, userId)
    await tellEnded(ctx, { userId })
  })
