import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { signedIn } from '#kernel/policy.ts'
import { ACCESS } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { filterQueryWithin } from '#modules/catalog/search/find.ts'
import { paged } from '#modules/catalog/service/lists.ts'
import { toSong } from '#modules/catalog/service/shapes.ts'
import { ownedBy } from '#modules/catalog/store/reach.ts'
import { songSort, songsOwned } from '#modules/catalog/store/songs.ts'

type Input = Parameters<Api<typeof songs>['listMySongs']>[1]

/** What somebody uploaded, newest first, with what an admin hid: they may read of it, mend and delete it. */
export async function listMySongs(ctx: CatalogCtx, who: Caller, input: Input) {
  signedIn(who)
  const sortName = input.sort ?? 'newest'
  const view = { least: ACCESS.anyone, ownerId: who.userId, withheld: [] } as const
  const own = ownedBy(who.userId)
  const search = input.q === undefined ? undefined : await filterQueryWithin(ctx.db, 'song', own, input.q)
  return paged(ctx.db, input, {
    table: sql`catalog.songs`,
    where: search === undefined ? [own] : [own, sql<boolean>`t.search @@ ${search}::tsquery`],
    sortName,
    sort: (seed) => songSort(sortName, seed),
    load: async (ids) => (await songsOwned(ctx.db, view, ids)).map(toSong),
  })
}
