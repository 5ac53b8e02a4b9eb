import { type Caller, isSignedIn } from '#kernel/caller.ts'
import type { Answers } from '#kernel/contract.ts'
import { notFound } from '#kernel/errors.ts'
import { withRevision } from '#kernel/http/revision.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Album, albums, AlbumWithSongs, Song } from '#modules/catalog/schema.ts'
import { toAlbum, toSong } from '#modules/catalog/service/shapes.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { type AlbumRow, albumsById, ownAlbumsById } from '#modules/catalog/store/albums.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { songsById, songsOfAlbum } from '#modules/catalog/store/songs.ts'
import { slotsSeen } from './store.ts'

/**
 * Songs of an album, as far as this view sees them. On one that somebody made, disc and track are the place there: a
 * song stands on several.
 */
export async function songsOn(db: Db, view: View, album: AlbumRow): Promise<Song[]> {
  if (album.ownerId === null) return (await songsOfAlbum(db, view, album.id)).map(toSong)
  const slots = await slotsSeen(db, view, album.id)
  const rows = await songsById(
    db,
    view,
    slots.map((s) => s.songId),
  )
  const discs = new Map(slots.map((s) => [s.songId, s.disc]))
  const counts = new Map<number | null, number>()
  return rows.map((row) => {
    const disc = discs.get(row.id) ?? null
    const track = (counts.get(disc) ?? 0) + 1
    counts.set(disc, track)
    return { ...toSong(row), disc, track }
  })
}

export const withSongs = async (db: Db, view: View, album: AlbumRow): Promise<AlbumWithSongs> => ({
  ...toAlbum(album),
  songs: await songsOn(db, view, album),
})

/** As who may change it sees it: their own even when an admin hid it. */
async function editorsAlbum(ctx: CatalogCtx, who: Caller, id: string): Promise<{ view: View; row: AlbumRow }> {
  const view = await viewFor(ctx, who)
  const [seen] = await albumsById(ctx.db, view, [id])
  const [own] = seen || !isSignedIn(who) ? [] : await ownAlbumsById(ctx.db, view, who.userId, [id])
  const row = seen ?? own
  if (!row) throw notFound('album')
  return { view, row }
}
export const answerAlbum = async (ctx: CatalogCtx, who: Caller, id: string): Promise<Album> =>
  toAlbum((await editorsAlbum(ctx, who, id)).row)
export async function answerWithSongs(ctx: CatalogCtx, who: Caller, id: string): Promise<AlbumWithSongs> {
  const { view, row } = await editorsAlbum(ctx, who, id)
  return withSongs(ctx.db, view, row)
}

/** What an album answers also follows its songs and who looks, which its revision does not tell. */
export const albumAnswers: Answers<typeof albums> = {
  getAlbum: withRevision,
  createAlbum: withRevision,
  getMyAlbum: withRevision,
  updateAlbum: withRevision,
  addAlbumSongs: withRevision,
  setAlbumSongs: withRevision,
  setAlbumVisibility: withRevision,
}
