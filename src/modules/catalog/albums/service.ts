import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { assertRevision } from '#kernel/http/revision.ts'
import { signedIn } from '#kernel/policy.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { albums } from '#modules/catalog/schema.ts'
import { filterQuery } from '#modules/catalog/search/find.ts'
import { paged } from '#modules/catalog/service/lists.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import { toAlbum } from '#modules/catalog/service/shapes.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { type AlbumFacts, albumFilters, albumSort, ownAlbumsById } from '#modules/catalog/store/albums.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { lockShelf } from '#modules/catalog/store/recount.ts'
import { releaseCovers } from '#modules/catalog/uploads/index.ts'
import { albumFor, assertMayPublish, assertOwned } from './access.ts'
import { answerAlbum, answerWithSongs } from './answer.ts'
import { assertAlbumsLeft, assertSongsSeen, changeAlbum, keepSlots, settle } from './change.ts'
import type { albumWriteOps } from './contract.ts'
import { artistIdsOf, newAlbumFor, titleFacts } from './home.ts'
import { orderAs } from './order.ts'
import { countAlbums, describeAlbums } from './personal.ts'
import { pictureOf } from './picture.ts'
import { publishAlbum, unpublishAlbum } from './publish.ts'
import { deleteAlbumsIn } from './remove.ts'
import { addSongs, removeSong, setSongs } from './songs.ts'
import * as store from './store.ts'

/** What an album is when nobody says. */
const KIND = 'album'

export type AlbumWrites = Pick<Api<typeof albums>, keyof typeof albumWriteOps>
export type AlbumInput<K extends keyof AlbumWrites> = Parameters<AlbumWrites[K]>[1]

async function createAlbum(ctx: CatalogCtx, who: Caller, input: AlbumInput<'createAlbum'>) {
  signedIn(who)
  assertMayPublish(who, { isVisible: true }, input.isPublic)
  const { title, artist, year = null, kind, description = null } = input
  const artists = typeof artist === 'string' ? [artist] : []
  const slots = orderAs((input.songIds ?? []).map((songId) => ({ songId })))
  const songIds = slots.map((s) => s.songId)
  const view = await viewFor(ctx, who)
  const coverHash = await pictureOf(ctx, who, input)
  const id = await ctx.write(async (tx) => {
    await lockShelf(tx)
    const album = { ownerId: who.userId, title, artists, year, kind: kind ?? KIND, description, newId: ctx.newId }
    const made = await newAlbumFor(tx, album)
    await assertAlbumsLeft(tx, made)
    await store.patchAlbum(tx, made, { coverHash })
    await assertSongsSeen(tx, view, songIds)
    await keepSlots(tx, made, slots)
    await store.findHome(tx, made, songIds)
    if (input.isPublic) await publishAlbum(tx, { id: made, ownerId: who.userId })
    await settle(tx, made, songIds)
    return made
  })
  await tellChanged(ctx)
  return answerWithSongs(ctx, who, id)
}

async function setPublic(tx: Db, album: AlbumFacts, isPublic: boolean): Promise<string[]> {
  return isPublic ? publishAlbum(tx, album) : unpublishAlbum(tx, album.id)
}

type Said = Omit<AlbumInput<'updateAlbum'>, 'id' | 'revision' | 'isPublic' | 'imageUploadId'> & {
  coverHash: string | undefined
}

async function rewrite(ctx: CatalogCtx, tx: Db, album: AlbumFacts, said: Said): Promise<void> {
  const { title, artist, kind, year, description, coverHash } = said
  if (title !== undefined || artist !== undefined) assertOwned(album)
  await store.patchAlbum(tx, album.id, {
    title: title === undefined ? undefined : titleFacts(title),
    isByFolder: artist === undefined ? undefined : artist === null,
    // An album of the library is then what its files say.
    kind: album.ownerId !== null && kind === null ? KIND : kind,
    year,
    description,
    coverHash,
  })
  const artists = typeof artist === 'string' ? [artist] : []
  if (artists.length > 0) await store.setAlbumArtists(tx, album.id, await artistIdsOf(tx, artists, ctx.newId))
}

/** What is said of an album; publishing it here is the same as at its visibility, where that changes. */
async function updateAlbum(ctx: CatalogCtx, who: Caller, input: AlbumInput<'updateAlbum'>) {
  signedIn(who)
  const { id, isPublic, revision } = input
  const view = await viewFor(ctx, who)
  const before = await albumFor(ctx.db, who, view, { id, action: 'edit' })
  assertMayPublish(who, before, isPublic)
  const coverHash = await pictureOf(ctx, who, input)
  await changeAlbum(ctx, id, async (tx) => {
    const album = await albumFor(tx, who, view, { id, action: 'edit' })
    assertMayPublish(who, album, isPublic)
    assertRevision(album, revision)
    await rewrite(ctx, tx, album, { ...input, coverHash })
    return isPublic === undefined || isPublic === album.isPublic ? [] : setPublic(tx, album, isPublic)
  })
  if (coverHash !== undefined && before.coverHash !== null) await releaseCovers(ctx, [before.coverHash])
  return answerAlbum(ctx, who, id)
}

async function deleteAlbum(ctx: CatalogCtx, who: Caller, id: string) {
  const view = await viewFor(ctx, who)
  const covers = await ctx.write(async (tx) => {
    await lockShelf(tx)
    assertOwned(await albumFor(tx, who, view, { id, action: 'delete' }))
    return deleteAlbumsIn(tx, [id])
  })
  await tellChanged(ctx)
  await releaseCovers(ctx, covers)
  return {}
}

async function setAlbumVisibility(ctx: CatalogCtx, who: Caller, input: AlbumInput<'setAlbumVisibility'>) {
  const { id } = input
  const view = await viewFor(ctx, who)
  await changeAlbum(ctx, id, async (tx) => {
    const album = await albumFor(tx, who, view, { id, action: 'publish' })
    return setPublic(tx, album, input.isPublic ?? !album.isPublic)
  })
  return answerAlbum(ctx, who, id)
}

async function removeAlbumCover(ctx: CatalogCtx, who: Caller, id: string) {
  const view = await viewFor(ctx, who)
  let covers: string[] = []
  await changeAlbum(ctx, id, async (tx) => {
    const { coverHash } = await albumFor(tx, who, view, { id, action: 'edit' })
    await store.patchAlbum(tx, id, { coverHash: null })
    covers = coverHash === null ? [] : [coverHash]
    return []
  })
  await releaseCovers(ctx, covers)
  return {}
}

async function listMyAlbums(ctx: CatalogCtx, who: Caller, input: AlbumInput<'listMyAlbums'>) {
  signedIn(who)
  const sortName = input.sort ?? 'newest'
  const view: View = await viewFor(ctx, who)
  const search = input.q === undefined ? undefined : await filterQuery(ctx.db, 'album', view, input.q)
  return paged(ctx.db, input, {
    table: sql`catalog.albums`,
    where: [sql`t.owner_id = ${who.userId}::uuid`, ...albumFilters({ search })],
    sortName,
    sort: (seed) => albumSort(sortName, seed),
    load: async (ids) => (await ownAlbumsById(ctx.db, view, who.userId, ids)).map(toAlbum),
  })
}

/** For who may change it: their own, hidden or not. */
async function editedAlbum(ctx: CatalogCtx, who: Caller, id: string) {
  await albumFor(ctx.db, who, await viewFor(ctx, who), { id, action: 'edit' })
  return answerWithSongs(ctx, who, id)
}

/** Albums that people make. */
export const createAlbumWrites = (ctx: CatalogCtx): AlbumWrites => ({
  createAlbum: (who, input) => createAlbum(ctx, who, input),
  updateAlbum: (who, input) => updateAlbum(ctx, who, input),
  deleteAlbum: (who, { id }) => deleteAlbum(ctx, who, id),
  addAlbumSongs: (who, input) => addSongs(ctx, who, input),
  setAlbumSongs: (who, input) => setSongs(ctx, who, input),
  removeAlbumSong: (who, input) => removeSong(ctx, who, input),
  setAlbumVisibility: (who, input) => setAlbumVisibility(ctx, who, input),
  removeAlbumCover: (who, { id }) => removeAlbumCover(ctx, who, id),
  getMyAlbum: (who, { id }) => editedAlbum(ctx, who, id),
  listMyAlbums: (who, input) => listMyAlbums(ctx, who, input),
  exportOfUser: async (_who, { userId }) => ({ albums: await describeAlbums(ctx.db, userId) }),
  statsOfUser: (_who, { userId }) => countAlbums(ctx.db, userId),
})
