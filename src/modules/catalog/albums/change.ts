import { notFound, unprocessable } from '#kernel/errors.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { ALBUM_SONGS_MAX, ALBUMS_MAX, PLACES_MAX } from './contract.ts'
import type { Slot } from './order.ts'
import * as store from './store.ts'

/** Recounts all that hangs on an album that has changed, or is new: `songIds` are the songs that changed with it. */
export async function settle(tx: Db, id: string, songIds: readonly string[]): Promise<void> {
  await recount(tx, [await store.touchedByAlbums(tx, [id]), await touchedBy(tx, songIds)])
}

/**
 * One change of one album, effective for the next read. `work` is given the transaction, which holds the shelf, and
 * answers the songs that it changed.
 */
export async function changeAlbum(
  ctx: CatalogCtx,
  id: string,
  work: (tx: Db) => Promise<readonly string[]>,
): Promise<void> {
  await ctx.write(async (tx) => {
    await lockShelf(tx)
    const before = await store.touchedByAlbums(tx, [id])
    const songIds = await work(tx)
    await store.bumpAlbum(tx, id)
    await settle(tx, id, songIds)
    // Artists that were on it and are not any more.
    await recount(tx, [{ albumIds: [], artistIds: before.artistIds }])
  })
  await tellChanged(ctx)
}

/** Throws 404 unless the view sees all of these songs: what one cannot see, one cannot put on an album. */
export async function assertSongsSeen(tx: Db, view: View, ids: readonly string[]): Promise<void> {
  const seen = await store.songsSeen(tx, view, ids)
  if (ids.some((id) => !seen.has(id))) throw notFound('song')
}

const tooMany = (what: string) =>
  unprocessable('too_many_albums', `One person has at most ${what}: delete albums that you no longer need.`)

/** Throws 422 `too_many_albums` for a new album beyond what one person has. Only under `lockShelf`. */
export async function assertAlbumsLeft(tx: Db, albumId: string): Promise<void> {
  if ((await store.albumsBeside(tx, albumId)).albums >= ALBUMS_MAX) throw tooMany(`${ALBUMS_MAX} albums`)
}

/** Throws 422 `album_full` beyond the songs of one album, `too_many_albums` beyond those on all albums of one person. */
export async function keepSlots(tx: Db, albumId: string, slots: readonly Slot[]): Promise<void> {
  if (slots.length > ALBUM_SONGS_MAX)
    throw unprocessable('album_full', `An album holds at most ${ALBUM_SONGS_MAX} songs: make a second one.`)
  const { places, here } = await store.albumsBeside(tx, albumId)
  // A change of a song counts all albums anew that it stands on, while everybody else waits.
  if (slots.length > here && places + slots.length > PLACES_MAX) throw tooMany(`${PLACES_MAX} songs on albums`)
  await store.writeOrder(tx, albumId, slots)
}
