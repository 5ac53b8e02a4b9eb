import { op } from '#kernel/contract.ts'
import { exportOfUser, statsOfUser } from '#kernel/personal.ts'
import { Empty, Id, Nullable, OneOf, Page, pageQuery, Strict, Text, Type } from '#kernel/schema.ts'
import { Album, ALBUM_KINDS, ALBUM_SORTS, AlbumWithSongs } from '#modules/catalog/things.ts'

/** Songs of one album that has an owner. */
export const ALBUM_SONGS_MAX = 1000
/** Albums that one person has made, and songs on all of them together. Those that uploads make are not refused. */
export const ALBUMS_MAX = 5000
export const PLACES_MAX = 100_000
const Disc = Type.Integer({ minimum: 1, maximum: 999 })

/** What a person may say of an album. Null takes back what was said. */
const albumFields = {
  title: Type.Optional(Text(500)),
  artist: Type.Optional(
    Nullable(Text(500, { description: 'Whose album it is; null or absent: the artist of all its songs, or various' })),
  ),
  kind: Type.Optional(Nullable(OneOf(ALBUM_KINDS))),
  year: Type.Optional(Nullable(Type.Integer({ minimum: 1, maximum: 9999 }))),
  description: Type.Optional(Nullable(Text(5000))),
  isPublic: Type.Optional(Type.Boolean({ description: 'Artists only: a plain user’s album stays private' })),
  imageUploadId: Type.Optional(Id),
}

/** Albums that people make; part of the contract `albums`. */
export const albumWriteOps = {
  createAlbum: op({
    method: 'POST',
    path: '/albums',
    auth: 'user',
    status: 201,
    summary: 'A new album of yours',
    files: { image: { of: 'image', aliases: ['cover'] } },
    input: Strict({
      ...albumFields,
      title: Text(500),
      songIds: Type.Optional(Type.Array(Id, { maxItems: ALBUM_SONGS_MAX })),
    }),
    inputAliases: { name: 'title', is_public: 'isPublic', type: 'kind' },
    output: AlbumWithSongs,
  }),
  updateAlbum: op({
    method: 'PATCH',
    path: '/albums/:id',
    aliases: ['PUT /albums/:id'],
    auth: 'user',
    summary: 'Change what an album says',
    files: { image: { of: 'image', aliases: ['cover'] } },
    input: Strict({ id: Id, ...albumFields, revision: Type.Optional(Type.Integer({ minimum: 0 })) }),
    inputAliases: { name: 'title', is_public: 'isPublic', type: 'kind' },
    ifMatchField: 'revision',
    output: Album,
  }),
  deleteAlbum: op({
    method: 'DELETE',
    path: '/albums/:id',
    auth: 'user',
    status: 204,
    summary: 'Delete an album of yours; its songs stay',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  addAlbumSongs: op({
    method: 'POST',
    path: '/albums/:id/songs',
    auth: 'user',
    status: 200,
    idempotent: false,
    summary: 'Put songs on an album, at its end or at a place; those on it already move',
    input: Strict({
      id: Id,
      songId: Type.Optional(Id),
      songIds: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 200 })),
      disc: Type.Optional(Nullable({ ...Disc, description: 'Absent: that of the song before it' })),
      position: Type.Optional(
        Type.Integer({
          minimum: 0,
          maximum: ALBUM_SONGS_MAX,
          description: 'Before the song at this place, counted from 0 among those you see; absent: at the end',
        }),
      ),
    }),
    inputAliases: { song_id: 'songId', song_ids: 'songIds' },
    output: AlbumWithSongs,
  }),
  setAlbumSongs: op({
    method: 'PUT',
    path: '/albums/:id/songs',
    auth: 'user',
    summary: 'Exactly these songs, in this order',
    input: Strict({
      id: Id,
      songs: Type.Array(Strict({ songId: Id, disc: Type.Optional(Nullable(Disc)) }), {
        maxItems: ALBUM_SONGS_MAX,
        description: 'Sorted by disc; without one a song takes that of the song before it',
      }),
    }),
    output: AlbumWithSongs,
  }),
  removeAlbumSong: op({
    method: 'DELETE',
    path: '/albums/:id/songs/:songId',
    auth: 'user',
    status: 204,
    summary: 'Take a song off an album; the song stays',
    input: Strict({ id: Id, songId: Id }),
    output: Empty,
  }),
  setAlbumVisibility: op({
    method: 'PATCH',
    path: '/albums/:id/visibility',
    auth: 'artist',
    summary: 'Publish an album with your songs on it, or make it private again; without a body it flips',
    input: Strict({ id: Id, isPublic: Type.Optional(Type.Boolean()) }),
    output: Album,
  }),
  removeAlbumCover: op({
    method: 'DELETE',
    path: '/albums/:id/cover',
    auth: 'user',
    status: 204,
    summary: 'Take the picture away that was set; that of the first song shows again',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  getMyAlbum: op({
    method: 'GET',
    path: '/albums/user/my-albums/:id',
    auth: 'user',
    summary: 'An album that you may change, with its songs, also when an admin hid it',
    input: Strict({ id: Id }),
    output: AlbumWithSongs,
  }),
  listMyAlbums: op({
    method: 'GET',
    path: '/albums/user/my-albums',
    auth: 'user',
    summary: 'Albums you made, with those an admin hid',
    input: Strict({ ...pageQuery, q: Type.Optional(Text(200)), sort: Type.Optional(OneOf(ALBUM_SORTS)) }),
    output: Page(Album),
  }),
  exportOfUser,
  statsOfUser,
}
