import { type Insertable, type Selectable, sql } from 'kysely'
import type { Db, ExchangeCodesTable, FlowsTable, IdentitiesTable } from '#modules/identity/tables.ts'

export type FlowRow = Selectable<FlowsTable>
export type CodeRow = Selectable<ExchangeCodesTable>
export type IdentityRow = Selectable<IdentitiesTable>

export const insertFlow = (db: Db, flow: Insertable<FlowsTable>) =>
  db.insertInto('identity.flows').values(flow).execute()

export const takeFlow = (db: Db, stateHash: Buffer): Promise<FlowRow | undefined> =>
  db.deleteFrom('identity.flows').where('state_hash', '=', stateHash).returningAll().executeTakeFirst()

export const insertCode = (db: Db, code: Insertable<ExchangeCodesTable>) =>
  db.insertInto('identity.exchange_codes').values(code).execute()

export const takeCode = (db: Db, hash: Buffer): Promise<CodeRow | undefined> =>
  db.deleteFrom('identity.exchange_codes').where('hash', '=', hash).returningAll().executeTakeFirst()

/** What nobody came back for. */
export async function prune(db: Db): Promise<void> {
  await db.deleteFrom('identity.flows').where('expires_at', '<', sql<Date>`now()`).execute()
  await db.deleteFrom('identity.exchange_codes').where('expires_at', '<', sql<Date>`now()`).execute()
}

export const identityOf = (db: Db, issuer: string, subject: string): Promise<IdentityRow | undefined> =>
  db
    .selectFrom('identity.identities')
    .selectAll()
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst()

/** Undefined when this (issuer, subject) is somebody's already. */
export const insertIdentity = (db: Db, row: Insertable<IdentitiesTable>): Promise<IdentityRow | undefined> =>
  db
    .insertInto('identity.identities')
    .values(row)
    .onConflict((c) => c.columns(['issuer', 'subject']).doNothing())
    .returningAll()
    .executeTakeFirst()

type Changes = Partial<
  Pick<
    IdentityRow,
    'provider' | 'email' | 'email_verified' | 'name' | 'tokens' | 'scopes' | 'used_at' | 'consent_ended_at'
  >
>
export const updateIdentity = (db: Db, id: string, changes: Changes) =>
  db.updateTable('identity.identities').set(changes).where('id', '=', id).returningAll().executeTakeFirstOrThrow()

export const identitiesOf = (db: Db, userId: string): Promise<IdentityRow[]> =>
  db.selectFrom('identity.identities').selectAll().where('user_id', '=', userId).orderBy('id').execute()

export const deleteIdentity = (db: Db, id: string) =>
  db.deleteFrom('identity.identities').where('id', '=', id).execute()

export const userByEmail = (db: Db, email: string) =>
  db.selectFrom('identity.users').selectAll().where('email', '=', email).executeTakeFirst()

/** Who is known by an identity, and as what they may act. Read for each new token of the outside issuer. */
export const actorBy = (db: Db, issuer: string, subject: string) =>
  db
    .selectFrom('identity.identities as i')
    .innerJoin('identity.users as u', 'u.id', 'i.user_id')
    .select([
      'i.id as identityId',
      'i.used_at as usedAt',
      'u.id as userId',
      'u.role as role',
      'u.is_blocked as isBlocked',
    ])
    .where('i.issuer', '=', issuer)
    .where('i.subject', '=', subject)
    .executeTakeFirst()

/** The user, held until the transaction ends: of two links that go at once, the second sees the first gone. */
export const lockUser = (db: Db, userId: string) =>
  db.selectFrom('identity.users').selectAll().where('id', '=', userId).forUpdate().executeTakeFirst()

/** The identity of a user at a provider whose tokens are kept; the one used last, where there are several. */
export const identityWithTokens = (db: Db, userId: string, provider: string): Promise<IdentityRow | undefined> =>
  db
    .selectFrom('identity.identities')
    .selectAll()
    .where('user_id', '=', userId)
    .where('provider', '=', provider)
    .where('tokens', 'is not', null)
    .orderBy('used_at', 'desc')
    .limit(1)
    .executeTakeFirst()

export const identityById = (db: Db, id: string): Promise<IdentityRow | undefined> =>
  db.selectFrom('identity.identities').selectAll().where('id', '=', id).executeTakeFirst()

/** Takes the lease of renewing an identity's tokens, unless another has it. */
export const leaseRenewal = (db: Db, id: string, leaseSec: number): Promise<IdentityRow | undefined> =>
  db
    .updateTable('identity.identities')
    .set({ renewing_until: sql<Date>`now() + ${leaseSec} * interval '1 second'` })
    .where('id', '=', id)
    .where((eb) => eb.or([eb('renewing_until', 'is', null), eb('renewing_until', '<', sql<Date>`now()`)]))
    .returningAll()
    .executeTakeFirst()

export const endLease = (db: Db, id: string) =>
  db.updateTable('identity.identities').set({ renewing_until: null }).where('id', '=', id).execute()

type Renewed = Pick<Changes, 'tokens' | 'scopes' | 'consent_ended_at'>
/** What a renewal brought, and the lease given back; unless a new sign-in has brought other tokens meanwhile. */
export async function settleRenewal(db: Db, former: IdentityRow, renewed: Renewed): Promise<void> {
  await db
    .updateTable('identity.identities')
    .set(renewed)
    .where('id', '=', former.id)
    .where('tokens', '=', former.tokens)
    .execute()
  await endLease(db, former.id)
}

/** A page of sealed tokens in the order of ids. */
export const sealedTokens = (db: Db, afterId: string, max: number) =>
  db
    .selectFrom('identity.identities')
    .select(['id', 'tokens'])
    .where('tokens', 'is not', null)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(max)
    .execute()

/** Only while the row still holds what was read. */
export const replaceTokens = (db: Db, id: string, former: string, tokens: string) =>
  db.updateTable('identity.identities').set({ tokens }).where('id', '=', id).where('tokens', '=', former).execute()
