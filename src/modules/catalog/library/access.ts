import { system } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { notFound, unprocessable } from '#kernel/errors.ts'
import { libraryChanged } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { ACCESS_TAG } from '#modules/catalog/service/view.ts'
import { accessOf, type FolderAccess, writeAccess } from '#modules/catalog/store/folder-access.ts'
import type { identity } from '#modules/identity/schema.ts'

/** Those of the ids that are of people. */
export type PeopleAmong = (ids: readonly string[]) => Promise<ReadonlySet<string>>
/** Ids that identity takes at once. */
const ASK_AT_ONCE = 500

export const peopleAmongOf =
  (ctx: Pick<CatalogCtx, 'newId'>, people: Pick<Api<typeof identity>, 'getUsers'>): PeopleAmong =>
  async (ids) => {
    const known = new Set<string>()
    for (let i = 0; i < ids.length; i += ASK_AT_ONCE)
      for (const { id } of await people.getUsers(system(ctx.newId()), { ids: ids.slice(i, i + ASK_AT_ONCE) }))
        known.add(id)
    return known
  }

export async function folderAccess(ctx: CatalogCtx, id: string): Promise<FolderAccess> {
  const access = await accessOf(ctx.db, id)
  if (!access) throw notFound('music folder')
  return access
}

async function assertPeople(peopleAmong: PeopleAmong, ids: readonly string[]): Promise<void> {
  const known = await peopleAmong(ids)
  const strangers = ids.filter((id) => !known.has(id))
  if (strangers.length > 0)
    throw unprocessable('unknown_user', `There is no account with the id ${strangers[0]}: look it up among the users.`)
}

type Wish = { id: string; isRestricted: boolean; userIds?: readonly string[] }
/** Counts for every request that begins after the answer: what was kept for people under the old access is dropped first. */
export async function setFolderAccess(ctx: CatalogCtx, peopleAmong: PeopleAmong, wish: Wish): Promise<FolderAccess> {
  await folderAccess(ctx, wish.id)
  if (wish.userIds) await assertPeople(peopleAmong, wish.userIds)
  await ctx.write((tx) => writeAccess(tx, wish.id, { isRestricted: wish.isRestricted, userIds: wish.userIds }))
  await ctx.cache.invalidate([ACCESS_TAG])
  ctx.realtime.toAll(libraryChanged, { kind: 'folders' })
  return folderAccess(ctx, wish.id)
}
