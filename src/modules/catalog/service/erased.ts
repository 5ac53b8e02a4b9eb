import { removeOwnedJob } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { erasedOwners, forgetErased } from '#modules/catalog/store/erased.ts'

/** Longer than any request takes. */
const KEPT_SEC = 24 * 3600

/** What was written for people while they were erased goes after them. */
export async function sweepErased(ctx: CatalogCtx): Promise<void> {
  for (const ownerId of await erasedOwners(ctx.db))
    await ctx.write((_tx, _emit, enqueue) => enqueue(removeOwnedJob, { ownerId }, { key: `remove-owned:${ownerId}` }))
  await forgetErased(ctx.db, KEPT_SEC)
}
