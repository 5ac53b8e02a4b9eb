import { type Caller, isSignedIn, type SignedIn } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { conflict, unauthorized } from '#kernel/errors.ts'
import { assertRevision } from '#kernel/http/revision.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { chosenName } from '#modules/identity/display-name.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import type { User } from '#modules/identity/things.ts'
import { toUser, type UserRow } from '#modules/identity/users.ts'
import type { profile } from './contract.ts'

type Changes = Parameters<Api<typeof profile>['updateMe']>[1]

const UNIQUE_VIOLATION = '23505'
export const accountGone = () => unauthorized('session_ended', 'This account is gone.')

/** The account that asks, kept from being changed by others until the transaction ends. Throws 401 when it is gone. */
export async function lockMe(tx: Db, who: Caller): Promise<UserRow> {
  const id = isSignedIn(who) ? who.userId : undefined
  const row =
    id && (await tx.selectFrom('identity.users').selectAll().where('id', '=', id).forUpdate().executeTakeFirst())
  if (!row) throw accountGone()
  return row
}

export async function updateMe(ctx: Ctx<Tables>, who: Caller, changes: Changes): Promise<User> {
  signedIn(who)
  const { revision, ...wished } = changes
  const set = columnsOf(wished)
  const row = await ctx
    .write(async (tx) => {
      const me = await lockMe(tx, who)
      assertRevision(me, revision)
      return Object.keys(set).length === 0 ? me : store(tx, who, { ...set, ...mergedPreferences(me, wished) })
    })
    .catch(asNameTaken)
  return toUser(row)
}

const store = (tx: Db, who: SignedIn, set: object): Promise<UserRow> =>
  tx.updateTable('identity.users').set(set).where('id', '=', who.userId).returningAll().executeTakeFirstOrThrow()

function columnsOf(c: Changes): object {
  return {
    ...(c.displayName === undefined ? {} : { display_name: chosenName(c.displayName) }),
    ...(c.username === undefined ? {} : { username: c.username }),
    ...(c.isAnonymous === undefined ? {} : { is_anonymous: c.isAnonymous }),
    ...(c.preferences === undefined ? {} : { preferences: '{}' }),
  }
}

/** What was chosen before, and what is chosen now. */
const mergedPreferences = (me: UserRow, { preferences }: Changes): object =>
  preferences === undefined ? {} : { preferences: JSON.stringify({ ...me.preferences, ...preferences }) }

function asNameTaken(thrown: unknown): never {
  if ((thrown as { code?: string }).code !== UNIQUE_VIOLATION) throw thrown
  throw conflict('name_taken', 'This username is taken: choose another.')
}
