import { sql } from 'kysely'
import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { authorize } from '#kernel/policy.ts'
import { isUuid } from '#modules/catalog/cursor.ts'
import { foldLetters, identityKey, sortKey } from '#modules/catalog/fold.ts'
import { songPolicy } from '#modules/catalog/policy.ts'
import { coverKey } from '#modules/catalog/scan/covers.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { filterQuery, find } from '#modules/catalog/search.ts'
import { albumIdsByTitle, albumsById, albumsOfArtist } from '#modules/catalog/store/albums.ts'
import { ARTISTS_BY_NAME, artistConditions, artistsById, coverHashes, genres } from '#modules/catalog/store/artists.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { countOwned, describeOwned } from '#modules/catalog/store/owned.ts'
import {
  lyricsOf,
  type SongFilter,
  type SongRow,
  songById,
  songConditions,
  songFiles,
  songsById,
  songSort,
} from '#modules/catalog/store/songs.ts'
import { artistFilter, paged, unseen } from './lists.ts'
import { setSongsPublic } from './publish.ts'
import { toAlbum, toArtist, toSong, toSongFile } from './shapes.ts'

const GENRES_TTL_MS = 5 * 60_000

type Input<K extends keyof Api<typeof songs>> = Parameters<Api<typeof songs>[K]>[1]

async function filterOf(db: Db, i: Input<'listSongs'>): Promise<SongFilter> {
  const albumIds =
    i.album === undefined ? undefined : isUuid(i.album) ? [i.album] : await albumIdsByTitle(db, sortKey(i.album))
  return {
    artistIds: await artistFilter(db, i.artist),
    albumIds,
    genreKey: i.genre === undefined ? undefined : identityKey(i.genre),
    year: i.year,
    keys: i.key === undefined ? undefined : foldLetters(i.key).trim(),
    bpmMin: i.bpmMin,
    bpmMax: i.bpmMax,
    energyMin: i.energyMin,
    energyMax: i.energyMax,
    tag: i.tag,
    search: i.q === undefined ? undefined : await filterQuery(db, i.q),
  }
}

async function oneSong(db: Db, who: Caller, id: string, action: 'see' | 'publish'): Promise<SongRow> {
  const song = await songById(db, id)
  authorize(songPolicy, who, action, song)
  return song
}

async function searchAll(db: Db, who: Caller, { q, limit = 10 }: Input<'search'>) {
  const { song, album, artist } = await find(db, who, q, limit)
  const [songRows, albumRows, artistRows] = await Promise.all([
    songsById(db, who, song),
    albumsById(db, who, album),
    artistsById(db, who, artist),
  ])
  return { songs: songRows.map(toSong), albums: albumRows.map(toAlbum), artists: artistRows.map(toArtist) }
}

async function oneArtist(db: Db, who: Caller, id: string) {
  const [artist] = await artistsById(db, who, [id])
  if (!artist) throw await unseen(db, who, 'artist', id)
  return { ...toArtist(artist), albums: (await albumsOfArtist(db, who, id)).map(toAlbum) }
}

export function createSongs(ctx: CatalogCtx): Api<typeof songs> {
  const { db } = ctx
  return {
    async listSongs(who, input) {
      const sortName = input.sort ?? 'title'
      return paged(db, input, {
        table: sql`catalog.songs`,
        where: songConditions(who, await filterOf(db, input)),
        sortName,
        sort: (seed) => songSort(sortName, seed),
        load: async (ids) => (await songsById(db, who, ids)).map(toSong),
      })
    },
    getSong: async (who, { id }) => toSong(await oneSong(db, who, id, 'see')),
    batchSongs: async (who, { ids }) => ({ items: (await songsById(db, who, ids)).map(toSong) }),
    async setSongVisibility(who, { id, isPublic }) {
      const song = await oneSong(db, who, id, 'publish')
      await setSongsPublic(ctx, [id], isPublic ?? !song.isPublic)
      return toSong(await oneSong(db, who, id, 'see'))
    },
    async getLyrics(who, { id }) {
      await oneSong(db, who, id, 'see')
      const { plain = null, lines = [] } = (await lyricsOf(db, id)) ?? {}
      return { songId: id, plain, lines }
    },
    listArtists: async (who, input) =>
      paged(db, input, {
        table: sql`catalog.artists`,
        where: artistConditions(who, input.q === undefined ? undefined : await filterQuery(db, input.q)),
        sortName: 'name',
        sort: () => ARTISTS_BY_NAME,
        load: async (ids) => (await artistsById(db, who, ids)).map(toArtist),
      }),
    getArtist: (who, { id }) => oneArtist(db, who, id),
    async listGenres(who) {
      const view = who.kind === 'user' ? `user:${who.userId}` : who.kind
      const key = `catalog:genres:${view}:${who.role ?? ''}`
      const items = await ctx.cache.getOrMake(key, { ttlMs: GENRES_TTL_MS, tags: ['catalog'] }, () => genres(db, who))
      return { items }
    },
    search: (who, input) => searchAll(db, who, input),
    exportOfUser: async (_who, { userId }) => ({ songs: await describeOwned(db, userId) }),
    statsOfUser: (_who, { userId }) => countOwned(db, userId),
    getSongFiles: async (who, { ids }) => (await songFiles(db, who, ids)).map(toSongFile),
    getCoverKeys: async (who, { kind, ids }) =>
      (await coverHashes(db, who, kind, ids)).map(({ id, hash }) => ({ id, coverKey: coverKey(hash) })),
  }
}
