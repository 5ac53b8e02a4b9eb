import { type Caller, isSignedIn } from '#kernel/caller.ts'
import { type View, viewOf } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { isOwner, restrictedFolders } from '#modules/catalog/store/folder-access.ts'

/** Tag of everything that depends on who may open which folder. */
export const ACCESS_TAG = 'catalog:access'
const RESTRICTED_TTL_MS = 60_000
/** Whoever begins to own something drops everything that is kept of the catalogue, this too. */
const OWNS_TTL_MS = 5 * 60_000

/** What `who` may see now; asked once a request. A change of access counts from the moment it was answered. */
export async function viewFor(ctx: Pick<CatalogCtx, 'cache' | 'db'>, who: Caller): Promise<View> {
  if (!isSignedIn(who) || who.role === 'admin') return viewOf(who, [])
  const restricted = await ctx.cache.getOrMake(
    'catalog:restricted-folders',
    { ttlMs: RESTRICTED_TTL_MS, tags: [ACCESS_TAG] },
    () => restrictedFolders(ctx.db),
  )
  const view = viewOf(
    who,
    restricted.filter((f) => !f.userIds.includes(who.userId)).map((f) => f.no),
  )
  // Who owns nothing sees what everybody signed in sees: the same queries, and the same kept answers.
  return (await ownsSomething(ctx, who.userId)) ? view : { ...view, ownerId: null }
}

const ownsSomething = (ctx: Pick<CatalogCtx, 'cache' | 'db'>, userId: string): Promise<boolean> =>
  ctx.cache.getOrMake(`catalog:owns:${userId}`, { ttlMs: OWNS_TTL_MS, tags: ['catalog'] }, () =>
    isOwner(ctx.db, userId),
  )
