import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { authorize } from '#kernel/policy.ts'
import { createArtistWrites } from '#modules/catalog/artists/service.ts'
import { songPolicy } from '#modules/catalog/policy.ts'
import { coverKey } from '#modules/catalog/scan/covers.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { filterQuery, find } from '#modules/catalog/search/find.ts'
import { albumsById, albumsOfArtist } from '#modules/catalog/store/albums.ts'
import { ARTISTS_BY_NAME, artistsById, coverHashes } from '#modules/catalog/store/artists.ts'
import { narrowBy } from '#modules/catalog/store/narrow.ts'
import { countOwned, describeOwned } from '#modules/catalog/store/owned.ts'
import { artistsInReach } from '#modules/catalog/store/reach.ts'
import { lyricsOf, type SongRow, songById, songFiles, songsById } from '#modules/catalog/store/songs.ts'
import { genres, tallyOf } from '#modules/catalog/store/tallies.ts'
import { createStudio } from '#modules/catalog/studio/service.ts'
import { keptList, keptThing } from './kept.ts'
import { paged, unseen } from './lists.ts'
import { setSongsPublic } from './publish.ts'
import { songList } from './song-list.ts'
import { toAlbum, toArtist, toLyrics, toSong, toSongFile } from './shapes.ts'
import { viewFor } from './view.ts'

type Input<K extends keyof Api<typeof songs>> = Parameters<Api<typeof songs>[K]>[1]

/** The song, if `who` may do this with it; throws as {@link authorize} does. */
export async function oneSong(
  ctx: CatalogCtx,
  who: Caller,
  id: string,
  action: 'see' | 'publish' | 'edit' | 'delete',
): Promise<SongRow> {
  const song = await songById(ctx.db, await viewFor(ctx, who), id)
  authorize(songPolicy, who, action, song)
  return song
}

async function searchAll(ctx: CatalogCtx, who: Caller, { q, limit = 10 }: Input<'search'>) {
  const { db } = ctx
  const view = await viewFor(ctx, who)
  // The first letters of what people type are the same again and again.
  return keptList(ctx, { name: 'search', view, input: { q, limit } }, async () => {
    const { song, album, artist } = await find(db, view, q, limit)
    const [songRows, albumRows, artistRows] = await Promise.all([
      songsById(db, view, song),
      albumsById(db, view, album),
      artistsById(db, view, artist),
    ])
    return { songs: songRows.map(toSong), albums: albumRows.map(toAlbum), artists: artistRows.map(toArtist) }
  })
}

/**
 * Each range that a player asks for asks for one file, so these answers are kept as a page of the song is. The program's
 * own questions are about what is there now, and go to the database.
 */
async function filesFor(ctx: CatalogCtx, who: Caller, ids: readonly string[]) {
  const view = await viewFor(ctx, who)
  const read = async () => (await songFiles(ctx.db, view, ids)).map((row) => toSongFile(ctx.blobs, row))
  return ids.length === 1 && who.kind !== 'system'
    ? keptThing(ctx, { name: 'file', view, input: { ids } }, read)
    : read()
}

async function oneArtist(ctx: CatalogCtx, who: Caller, id: string) {
  const { db } = ctx
  const view = await viewFor(ctx, who)
  return keptThing(ctx, { name: 'artist', view, input: { id } }, async () => {
    const [artist] = await artistsById(db, view, [id])
    if (!artist) throw await unseen(db, who, 'artist', id)
    return { ...toArtist(artist), albums: (await albumsOfArtist(db, view, id)).map(toAlbum) }
  })
}

async function genresFor(ctx: CatalogCtx, who: Caller) {
  const view = await viewFor(ctx, who)
  return keptList(ctx, { name: 'genres', view, input: {} }, async () => ({ items: await genres(ctx.db, view) }))
}

async function songListFor(ctx: CatalogCtx, who: Caller, input: Input<'listSongs'>) {
  const view = await viewFor(ctx, who)
  return keptList(ctx, { name: 'songs', view, input }, () => songList(ctx.db, view, input))
}

async function artistListFor(ctx: CatalogCtx, who: Caller, input: Input<'listArtists'>) {
  const { db } = ctx
  const view = await viewFor(ctx, who)
  return keptList(ctx, { name: 'artists', view, input }, async () =>
    paged(db, input, {
      table: sql`catalog.artists`,
      where: [artistsInReach(view)],
      narrow: narrowBy(
        input.q === undefined ? [] : [sql`t.search @@ ${await filterQuery(db, 'artist', view, input.q)}::tsquery`],
      ),
      total: async () => (await tallyOf(db, 'artists', view)).n,
      sortName: 'name',
      sort: () => ARTISTS_BY_NAME,
      load: async (ids) => (await artistsById(db, view, ids)).map(toArtist),
    }),
  )
}

async function lyricsFor(ctx: CatalogCtx, who: Caller, id: string) {
  await oneSong(ctx, who, id, 'see')
  return toLyrics(id, await lyricsOf(ctx.db, id))
}

export function createSongs(ctx: CatalogCtx): Api<typeof songs> {
  const { db } = ctx
  return {
    ...createStudio(ctx),
    ...createArtistWrites(ctx),
    listSongs: (who, input) => songListFor(ctx, who, input),
    getSong: async (who, { id }) => toSong(await oneSong(ctx, who, id, 'see')),
    batchSongs: async (who, { ids }) => ({ items: (await songsById(db, await viewFor(ctx, who), ids)).map(toSong) }),
    async setSongVisibility(who, { id, isPublic }) {
      const song = await oneSong(ctx, who, id, 'publish')
      await setSongsPublic(ctx, [id], isPublic ?? !song.isPublic)
      return toSong(await oneSong(ctx, who, id, 'see'))
    },
    getLyrics: (who, { id }) => lyricsFor(ctx, who, id),
    listArtists: (who, input) => artistListFor(ctx, who, input),
    getArtist: (who, { id }) => oneArtist(ctx, who, id),
    listGenres: (who) => genresFor(ctx, who),
    search: (who, input) => searchAll(ctx, who, input),
    exportOfUser: async (_who, { userId }) => ({ songs: await describeOwned(db, userId) }),
    statsOfUser: (_who, { userId }) => countOwned(db, userId),
    getSongFiles: (who, { ids }) => filesFor(ctx, who, ids),
    getCoverKeys: async (who, { kind, ids }) =>
      (await coverHashes(db, await viewFor(ctx, who), kind, ids)).map(({ id, hash }) => ({
        id,
        coverKey: coverKey(hash),
      })),
  }
}
