import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { notFound } from '#kernel/errors.ts'
import type { Emit } from '#kernel/module.ts'
import { answerAlbum } from '#modules/catalog/albums/answer.ts'
import { settle } from '#modules/catalog/albums/change.ts'
import { moderated, thingModerated } from '#modules/catalog/events.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { filterQuery } from '#modules/catalog/search/find.ts'
import { paged } from '#modules/catalog/service/lists.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import { toAlbum, toSong } from '#modules/catalog/service/shapes.ts'
import { oneSong } from '#modules/catalog/service/songs.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { albumConditions, albumsById, albumSort } from '#modules/catalog/store/albums.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { songConditions, songsById, songSort } from '#modules/catalog/store/songs.ts'
import type { moderation } from './contract.ts'
import { albumFilters, setVisible, songFilters } from './store.ts'

type Moderation = Api<typeof moderation>
type Input<K extends keyof Moderation> = Parameters<Moderation[K]>[1]
type Kind = 'song' | 'album'

/** What depends on whether a thing is visible. */
const recounted: Readonly<Record<Kind, (tx: Db, id: string) => Promise<void>>> = {
  song: async (tx, id) => recount(tx, [await touchedBy(tx, [id])]),
  album: (tx, id) => settle(tx, id, []),
}

/**
 * Hides a thing from everybody, or shows it again, for the next read. The owner is told, and what changed is an event
 * for the audit log: of what belongs to a person it says the id alone, because the log outlives them.
 */
async function moderate(
  ctx: CatalogCtx,
  who: Caller,
  o: { kind: Kind; id: string; isVisible: boolean | undefined },
): Promise<void> {
  const changed = await ctx.write(async (tx, emit: Emit) => {
    await lockShelf(tx)
    const thing = await setVisible(tx, o.kind, o.id, o.isVisible)
    if (!thing) throw notFound(o.kind)
    if (thing.is === thing.was) return null
    await recounted[o.kind](tx, o.id)
    await emit(moderated, {
      kind: o.kind,
      id: o.id,
      title: thing.ownerId === null ? thing.title : null,
      isVisible: thing.is,
      ownerId: thing.ownerId,
      actorId: who.userId ?? null,
    })
    return thing
  })
  await tellChanged(ctx)
  if (changed?.ownerId)
    ctx.realtime.toUser(changed.ownerId, thingModerated, { kind: o.kind, id: o.id, isVisible: changed.is })
}

async function listAllSongs(ctx: CatalogCtx, who: Caller, input: Input<'listAllSongs'>) {
  const { q, sort: sortName = 'newest', ...filter } = input
  const view = await viewFor(ctx, who)
  const search = q === undefined ? undefined : await filterQuery(ctx.db, 'song', view, q)
  return paged(ctx.db, input, {
    table: sql`catalog.songs`,
    where: [...songConditions(view, { search }), ...songFilters(filter)],
    sortName,
    sort: (seed) => songSort(sortName, seed),
    load: async (ids) => (await songsById(ctx.db, view, ids)).map(toSong),
  })
}

async function listAllAlbums(ctx: CatalogCtx, who: Caller, input: Input<'listAllAlbums'>) {
  const { q, sort: sortName = 'newest', ...filter } = input
  const view = await viewFor(ctx, who)
  const search = q === undefined ? undefined : await filterQuery(ctx.db, 'album', view, q)
  return paged(ctx.db, input, {
    table: sql`catalog.albums`,
    where: [...albumConditions(view, { search }), ...albumFilters(filter)],
    sortName,
    sort: (seed) => albumSort(sortName, seed),
    load: async (ids) => (await albumsById(ctx.db, view, ids)).map(toAlbum),
  })
}

/** What admins see and hide. */
export const createModeration = (ctx: CatalogCtx): Moderation => ({
  listAllSongs: (who, input) => listAllSongs(ctx, who, input),
  listAllAlbums: (who, input) => listAllAlbums(ctx, who, input),
  async setSongVisible(who, { id, isVisible }) {
    await moderate(ctx, who, { kind: 'song', id, isVisible })
    return toSong(await oneSong(ctx, who, id, 'see'))
  },
  async setAlbumVisible(who, { id, isVisible }) {
    await moderate(ctx, who, { kind: 'album', id, isVisible })
    return answerAlbum(ctx, who, id)
  },
})
