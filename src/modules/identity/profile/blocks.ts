import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest, conflict, notFound, unprocessable } from '#kernel/errors.ts'
import type { Ctx } from '#kernel/module.ts'
import { signedIn } from '#kernel/policy.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import type { Db, Tables } from '#modules/identity/tables.ts'
import type { Block } from '#modules/identity/things.ts'
import { toPublicUser } from '#modules/identity/users.ts'
import type { profile } from './contract.ts'
import { accountGone } from './me.ts'
import { visibleUser } from './visible.ts'

/** People whom one person may have blocked. */
export const BLOCKS_MAX = 10_000
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

type Service = Pick<Api<typeof profile>, 'listBlocks' | 'getBlock' | 'putBlock' | 'deleteBlock' | 'blocksOf'>

/** Personal blocks. Invariant: to each other, the two are as if they did not exist; only the list tells its owner. */
export function createBlocks(ctx: Ctx<Tables>): Service {
  return {
    async listBlocks(who, input) {
      signedIn(who)
      if (input.cursor !== undefined && !UUID.test(input.cursor))
        throw badRequest('bad_cursor', 'This cursor is not one of this list: begin again without it.')
      const limit = input.limit ?? PAGE_DEFAULT
      let asked = blocks(ctx.db, who.userId)
        .orderBy('b.blocked_id')
        .limit(limit + 1)
      if (input.cursor !== undefined) asked = asked.where('b.blocked_id', '>', input.cursor)
      const rows = await asked.execute()
      const page = rows.slice(0, limit)
      return {
        items: page.map(toBlock),
        nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
        ...(input.count ? { total: await countOf(ctx.db, who.userId) } : {}),
      }
    },
    async getBlock(who, { userId }) {
      signedIn(who)
      const found = await blockOf(ctx.db, who.userId, userId)
      if (!found) throw notFound('block')
      return found
    },
    putBlock: (who, { userId }) => putBlock(ctx, who, userId),
    async deleteBlock(who, { userId }) {
      signedIn(who)
      const { db } = ctx
      await db
        .deleteFrom('identity.blocks')
        .where('user_id', '=', who.userId)
        .where('blocked_id', '=', userId)
        .execute()
      return {}
    },
    async blocksOf(_who, { userId }) {
      const { rows } = await sql<{ id: string }>`
        select blocked_id as id from identity.blocks where user_id = ${userId}::uuid
        union select user_id from identity.blocks where blocked_id = ${userId}::uuid`.execute(ctx.db)
      return { userIds: rows.map((r) => r.id) }
    },
  }
}

/** Whoever cannot be seen cannot be blocked either: the answer would tell that they exist. */
async function putBlock(ctx: Ctx<Tables>, who: Caller, userId: string): Promise<Block> {
  signedIn(who)
  if (userId === who.userId) throw conflict('not_yourself', 'You cannot block yourself.')
  const known = await blockOf(ctx.db, who.userId, userId)
  if (known) return known
  return ctx.write(async (tx) => {
    await holdBoth(tx, who.userId, userId)
    if (!(await visibleUser(tx, who, userId))) throw notFound('user')
    if ((await countOf(tx, who.userId)) >= BLOCKS_MAX)
      throw unprocessable('too_many_blocks', `You have blocked ${BLOCKS_MAX} people: take some blocks back first.`)
    const row = { user_id: who.userId, blocked_id: userId }
    await tx
      .insertInto('identity.blocks')
      .values(row)
      .onConflict((c) => c.doNothing())
      .execute()
    return (await blockOf(tx, who.userId, userId)) as Block
  })
}

/** Neither of the two is erased before this transaction ends. */
async function holdBoth(tx: Db, ownerId: string, userId: string): Promise<void> {
  const users = tx.selectFrom('identity.users').select('id').where('id', 'in', [ownerId, userId])
  const held = (await users.orderBy('id').forKeyShare().execute()).map((r) => r.id)
  if (!held.includes(ownerId)) throw accountGone()
  if (!held.includes(userId)) throw notFound('user')
}

const blocks = (db: Db, ownerId: string) =>
  db
    .selectFrom('identity.blocks as b')
    .innerJoin('identity.users as u', 'u.id', 'b.blocked_id')
    .select(['u.id', 'u.username', 'u.display_name', 'u.avatar', 'b.created_at'])
    .where('b.user_id', '=', ownerId)

type Row = Awaited<ReturnType<ReturnType<typeof blocks>['executeTakeFirstOrThrow']>>
const toBlock = (r: Row): Block => ({ user: toPublicUser(r), createdAt: r.created_at.toISOString() })

async function blockOf(db: Db, ownerId: string, userId: string): Promise<Block | undefined> {
  const row = await blocks(db, ownerId).where('b.blocked_id', '=', userId).executeTakeFirst()
  return row && toBlock(row)
}

async function countOf(db: Db, ownerId: string): Promise<number> {
  const { n } = await db
    .selectFrom('identity.blocks')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('user_id', '=', ownerId)
    .executeTakeFirstOrThrow()
  return Number(n)
}
