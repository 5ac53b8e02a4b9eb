import { sql } from 'kysely'
import type { Api } from '#kernel/contract.ts'
import { withSongs } from '#modules/catalog/albums/answer.ts'
import { createAlbumWrites } from '#modules/catalog/albums/service.ts'
import { identityKey } from '#modules/catalog/fold.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { albums } from '#modules/catalog/schema.ts'
import { filterQuery } from '#modules/catalog/search/find.ts'
import { albumFilters, albumsById, albumSort } from '#modules/catalog/store/albums.ts'
import { narrowBy } from '#modules/catalog/store/narrow.ts'
import { albumsInReach } from '#modules/catalog/store/reach.ts'
import { tallyOf } from '#modules/catalog/store/tallies.ts'
import { keptList, keptThing } from './kept.ts'
import { artistFilter, paged, unseen } from './lists.ts'
import { toAlbum } from './shapes.ts'
import { viewFor } from './view.ts'

export function createAlbums(ctx: CatalogCtx): Api<typeof albums> {
  const { db } = ctx
  return {
    ...createAlbumWrites(ctx),
    async listAlbums(who, input) {
      const sortName = input.sort ?? 'title'
      const view = await viewFor(ctx, who)
      return keptList(ctx, { name: 'albums', view, input }, async () => {
        const filters = albumFilters({
          artistIds: await artistFilter(db, input.artist),
          genreKey: input.genre === undefined ? undefined : identityKey(input.genre),
          year: input.year,
          kind: input.kind,
          search: input.q === undefined ? undefined : await filterQuery(db, 'album', view, input.q),
        })
        return paged(db, input, {
          table: sql`catalog.albums`,
          where: [albumsInReach(view)],
          narrow: narrowBy(filters),
          sortName,
          total: async () => (await tallyOf(db, 'albums', view)).n,
          sort: (seed) => albumSort(sortName, seed),
          load: async (ids) => (await albumsById(db, view, ids)).map(toAlbum),
        })
      })
    },
    async getAlbum(who, { id }) {
      const view = await viewFor(ctx, who)
      return keptThing(ctx, { name: 'album', view, input: { id } }, async () => {
        const [album] = await albumsById(db, view, [id])
        if (!album) throw await unseen(db, who, 'album', id)
        return withSongs(db, view, album)
      })
    },
  }
}
