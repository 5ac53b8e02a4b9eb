import type { Caller } from '#kernel/caller.ts'
import { badRequest, notFound } from '#kernel/errors.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { albumFor, assertOwned } from './access.ts'
import { answerWithSongs } from './answer.ts'
import { assertSongsSeen, changeAlbum, keepSlots } from './change.ts'
import { orderAs, putSongs } from './order.ts'
import type { AlbumInput } from './service.ts'
import * as store from './store.ts'

const NO_SONGS = 'Name the songs: songId, or songIds.'

/** Puts songs on an album, or moves them there. */
export async function addSongs(ctx: CatalogCtx, who: Caller, input: AlbumInput<'addAlbumSongs'>) {
  const { id, songId, songIds = [], disc, position } = input
  const ids = [...new Set(songId === undefined ? songIds : [songId, ...songIds])]
  if (ids.length === 0) throw badRequest('invalid_input', NO_SONGS, [{ path: '/songIds', message: NO_SONGS }])
  const view = await viewFor(ctx, who)
  await changeAlbum(ctx, id, async (tx) => {
    assertOwned(await albumFor(tx, who, view, { id, action: 'edit' }))
    await assertSongsSeen(tx, view, ids)
    const slots = await store.orderOf(tx, id)
    const seen = await store.songsSeen(
      tx,
      view,
      slots.map((s) => s.songId),
    )
    await keepSlots(tx, id, putSongs(slots, ids, { disc, position }, seen))
    return store.findHome(tx, id, ids)
  })
  return answerWithSongs(ctx, who, id)
}

/** Makes these the songs of an album; what stood on it and is not named leaves it. */
export async function setSongs(ctx: CatalogCtx, who: Caller, input: AlbumInput<'setAlbumSongs'>) {
  const { id } = input
  const slots = orderAs(input.songs)
  const ids = slots.map((s) => s.songId)
  const view = await viewFor(ctx, who)
  await changeAlbum(ctx, id, async (tx) => {
    assertOwned(await albumFor(tx, who, view, { id, action: 'edit' }))
    await assertSongsSeen(tx, view, ids)
    const gone = (await store.orderOf(tx, id)).map((s) => s.songId).filter((songId) => !ids.includes(songId))
    await keepSlots(tx, id, slots)
    return [...(await store.leaveHome(tx, [id], gone)), ...(await store.findHome(tx, id, ids)), ...gone]
  })
  return answerWithSongs(ctx, who, id)
}

/** Takes a song off an album; the song stays, as public as it is. */
export async function removeSong(ctx: CatalogCtx, who: Caller, input: AlbumInput<'removeAlbumSong'>) {
  const { id, songId } = input
  const view = await viewFor(ctx, who)
  await changeAlbum(ctx, id, async (tx) => {
    assertOwned(await albumFor(tx, who, view, { id, action: 'edit' }))
    const slots = await store.orderOf(tx, id)
    if (!slots.some((s) => s.songId === songId)) throw notFound('song on this album')
    await keepSlots(
      tx,
      id,
      slots.filter((s) => s.songId !== songId),
    )
    await store.leaveHome(tx, [id], [songId])
    return [songId]
  })
  return {}
}
