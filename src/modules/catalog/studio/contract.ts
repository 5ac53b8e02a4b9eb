import { op } from '#kernel/contract.ts'
import { Empty, Id, Nullable, OneOf, Page, pageQuery, Strict, Text, Type } from '#kernel/schema.ts'
import { CREDIT_ROLES, Lyrics, Song, SONG_SORTS } from '#modules/catalog/things.ts'

const Year = Type.Integer({ minimum: 1, maximum: 9999 })
const Number999 = Type.Integer({ minimum: 1, maximum: 999 })
export const TAGS_MAX = 30
export const CREDITS_MAX = 60
const GENRES_MAX = 16
export const PLAIN_MAX_CHARS = 100_000
export const LRC_MAX_CHARS = 200_000

/** What a person may say of a song. Null takes back what was said: the file counts again. */
export const songFields = {
  title: Type.Optional(Nullable(Text(500))),
  artist: Type.Optional(
    Nullable(
      Text(500, { description: 'Artists in one line, parted by `;`, guests after `feat.`; `credits` says it in full' }),
    ),
  ),
  credits: Type.Optional(
    Nullable(
      Type.Array(Strict({ name: Text(300), role: OneOf(CREDIT_ROLES) }), {
        maxItems: CREDITS_MAX,
        description: 'Everybody, in order; at least one of them is `main`',
      }),
    ),
  ),
  album: Type.Optional(
    Nullable(
      Text(500, { description: 'Title of the album; yours is made (private) when you have none of that title' }),
    ),
  ),
  albumId: Type.Optional(Nullable(Id)),
  disc: Type.Optional(Nullable(Number999)),
  track: Type.Optional(Nullable(Number999)),
  year: Type.Optional(Nullable(Year)),
  genres: Type.Optional(
    Nullable(
      Type.Union([Type.Array(Text(100), { maxItems: GENRES_MAX }), Text(500, { description: 'Parted by `,` or `;`' })]),
    ),
  ),
  tags: Type.Optional(Nullable(Type.Array(Text(60), { maxItems: TAGS_MAX }))),
  isPublic: Type.Optional(Type.Boolean()),
  imageUploadId: Type.Optional(Id),
}
const revision = Type.Optional(
  Type.Integer({ minimum: 0, description: 'Refuse when the thing is another by now (412)' }),
)

/** Songs as their owners (and admins) write them; part of the contract `songs`. */
export const studioOps = {
  createSong: op({
    method: 'POST',
    path: '/songs',
    auth: 'user',
    rate: 'media',
    status: 201,
    summary: 'A song of an audio file, or of an upload; what a plain user uploads stays private',
    files: { audio: { of: 'audio', aliases: ['file'] }, image: { of: 'image', aliases: ['cover'] } },
    input: Strict({ uploadId: Type.Optional(Id), ...songFields }),
    inputAliases: { genre: 'genres', upload_id: 'uploadId', is_public: 'isPublic', album_id: 'albumId' },
    output: Song,
  }),
  updateSong: op({
    method: 'PATCH',
    path: '/songs/:id',
    aliases: ['PUT /songs/:id'],
    auth: 'user',
    summary: 'Change what a song says; library songs are changed by admins, and their files are never written',
    files: { image: { of: 'image', aliases: ['cover'] } },
    input: Strict({ id: Id, ...songFields, revision }),
    inputAliases: { genre: 'genres', is_public: 'isPublic', album_id: 'albumId' },
    ifMatchField: 'revision',
    output: Song,
  }),
  deleteSong: op({
    method: 'DELETE',
    path: '/songs/:id',
    auth: 'user',
    status: 204,
    summary: 'Delete a song that was uploaded, with everything that hangs on it; library songs go with their files',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  setSongCover: op({
    method: 'PUT',
    path: '/songs/:id/cover',
    auth: 'user',
    rate: 'media',
    summary: 'The picture of a song',
    files: { image: { of: 'image', aliases: ['cover', 'file'], required: true } },
    input: Strict({ id: Id }),
    output: Song,
  }),
  removeSongCover: op({
    method: 'DELETE',
    path: '/songs/:id/cover',
    auth: 'user',
    status: 204,
    summary: 'Take the picture away that was set; that of the file shows again',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  setLyrics: op({
    method: 'PUT',
    path: '/songs/:id/lyrics',
    auth: 'user',
    summary: 'Lyrics: plain, synced by line or word, or an LRC file as text; with nothing, those of the file again',
    input: Strict({
      id: Id,
      plain: Type.Optional(Nullable(Text(PLAIN_MAX_CHARS))),
      lrc: Type.Optional(Nullable(Text(LRC_MAX_CHARS, { description: 'LRC; <mm:ss.xx> before words times them' }))),
      lines: Type.Optional(Nullable(Lyrics.properties.lines)),
    }),
    output: Lyrics,
  }),
  removeLyrics: op({
    method: 'DELETE',
    path: '/songs/:id/lyrics',
    auth: 'user',
    status: 204,
    summary: 'Take the lyrics away; those of the file stay away, too',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  getMySong: op({
    method: 'GET',
    path: '/users/songs/:id',
    auth: 'user',
    summary: 'A song that you may edit, also when an admin hid it',
    input: Strict({ id: Id }),
    output: Song,
  }),
  getMyLyrics: op({
    method: 'GET',
    path: '/users/songs/:id/lyrics',
    auth: 'user',
    summary: 'The lyrics of a song that you may edit, also when an admin hid it',
    input: Strict({ id: Id }),
    output: Lyrics,
  }),
  listMySongs: op({
    method: 'GET',
    path: '/users/songs',
    auth: 'user',
    summary: 'Songs you uploaded, with those an admin hid',
    input: Strict({ ...pageQuery, q: Type.Optional(Text(200)), sort: Type.Optional(OneOf(SONG_SORTS)) }),
    output: Page(Song),
  }),
  listArtistSongs: op({
    method: 'GET',
    path: '/songs/artist/my-songs',
    auth: 'artist',
    summary: 'The same for artists',
    input: Strict({ ...pageQuery, q: Type.Optional(Text(200)), sort: Type.Optional(OneOf(SONG_SORTS)) }),
    output: Page(Song),
  }),
}
