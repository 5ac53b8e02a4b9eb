import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import type { Tables } from '#modules/identity/tables.ts'
import type { UserStats } from '#modules/identity/things.ts'
import { accountGone } from './me.ts'

type Row = {
  member_since: Date
  last_sign_in_at: Date | null
  sessions: number
  api_keys: number
  linked: number
  blocked: number
}

export async function myStats(ctx: Ctx<Tables>, who: Caller): Promise<UserStats> {
  signedIn(who)
  const [{ rows }, answers] = await Promise.all([
    sql<Row>`select u.created_at as member_since,
        (select max(created_at) from identity.sessions where user_id = u.id) as last_sign_in_at,
        (select count(*)::int from identity.sessions where user_id = u.id and ended_at is null and expires_at > now()) as sessions,
        (select count(*)::int from identity.api_keys where user_id = u.id) as api_keys,
        (select count(*)::int from identity.identities where user_id = u.id) as linked,
        (select count(*)::int from identity.blocks where user_id = u.id) as blocked
      from identity.users u where u.id = ${who.userId}::uuid`.execute(ctx.db),
    ctx.askAll('statsOfUser', who, { userId: who.userId }),
  ])
  const [row] = rows
  if (!row) throw accountGone()
  return {
    account: {
      memberSince: row.member_since.toISOString(),
      lastSignInAt: row.last_sign_in_at?.toISOString() ?? null,
      sessions: row.sessions,
      apiKeys: row.api_keys,
      linkedAccounts: row.linked,
      blocked: row.blocked,
    },
    parts: Object.fromEntries(answers.map((a) => [a.contract, a.output])),
  }
}
