import { contract, internal, op } from '#kernel/contract.ts'
import { exportOfUser, statsOfUser } from '#kernel/personal.ts'
import { Empty, Id, Nullable, OneOf, Page, pageQuery, Strict, Text, Type } from '#kernel/schema.ts'

import { artistOps } from './artists/contract.ts'
import { albumWriteOps } from './albums/contract.ts'
import { folderOps, libraryMoreOps } from './library/contract.ts'
import {
  Album,
  ALBUM_KINDS,
  ALBUM_SORTS,
  AlbumWithSongs,
  Artist,
  FileFault,
  Genre,
  LibraryFolder,
  LibraryStatus,
  Loudness,
  Lyrics,
  ScanState,
  SearchResult,
  Song,
  SONG_SORTS,
} from './things.ts'

export { moderation } from './moderation/contract.ts'
export { uploads } from './uploads/contract.ts'
import { MOODS } from './mood.ts'
import { studioOps } from './studio/contract.ts'

export * from './things.ts'

const OFFSET_MAX = 10_000_000
/** Faster than any music; the database knows no endless numbers. */
const BPM_MAX = 1_000_000
/** Query of lists that can be entered anywhere: for scrollbars and jumps. */
const listQuery = {
  ...pageQuery,
  offset: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: OFFSET_MAX,
      description: 'Skip so many rows before the first answered; with a cursor it counts from the cursor',
    }),
  ),
}

const songFilters = {
  q: Type.Optional(Text(200)),
  genre: Type.Optional(Text(100)),
  artist: Type.Optional(Text(200, { description: 'Artist id or name' })),
  album: Type.Optional(Text(200, { description: 'Album id or title' })),
  year: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })),
  yearMin: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })),
  yearMax: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })),
  key: Type.Optional(Text(20, { description: 'By name ("D minor", "F#m") or on the Camelot wheel ("7A")' })),
  mood: Type.Optional(OneOf(MOODS, { description: 'Estimated from tempo, mode and energy' })),
  lossless: Type.Optional(Type.Boolean()),
  bpmMin: Type.Optional(Type.Number({ minimum: 0, maximum: BPM_MAX })),
  bpmMax: Type.Optional(Type.Number({ minimum: 0, maximum: BPM_MAX })),
  energyMin: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  energyMax: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  tag: Type.Optional(Text(100)),
  sort: Type.Optional(OneOf(SONG_SORTS)),
}

export const songs = contract('songs', 'Songs, artists, genres and search', {
  listSongs: op({
    method: 'GET',
    path: '/songs',
    auth: 'anyone',
    summary: 'Songs the caller may see',
    input: Strict({ ...listQuery, ...songFilters }),
    output: Page(Song),
  }),
  getSong: op({
    method: 'GET',
    path: '/songs/:id',
    auth: 'anyone',
    summary: 'One song',
    input: Strict({ id: Id }),
    output: Song,
  }),
  batchSongs: op({
    method: 'POST',
    path: '/songs/batch',
    auth: 'anyone',
    scope: 'read',
    status: 200,
    idempotent: false,
    summary: 'Songs by id, order kept; unknown ids are left out',
    input: Strict({ ids: Type.Array(Id, { minItems: 1, maxItems: 100 }) }),
    output: Type.Object({ items: Type.Array(Song) }),
  }),
  setSongVisibility: op({
    method: 'PATCH',
    path: '/songs/:id/visibility',
    auth: 'artist',
    summary: 'Publish or hide; without a body it flips',
    input: Strict({ id: Id, isPublic: Type.Optional(Type.Boolean()) }),
    output: Song,
  }),
  ...studioOps,
  ...artistOps,
  getLyrics: op({
    method: 'GET',
    path: '/songs/:id/lyrics',
    auth: 'anyone',
    summary: 'Lyrics, synced when known',
    input: Strict({
      id: Id,
      format: Type.Optional(OneOf(['json', 'lrc'] as const, { description: '`lrc`: the text of an LRC file' })),
    }),
    output: Lyrics,
  }),
  listArtists: op({
    method: 'GET',
    path: '/artists',
    auth: 'anyone',
    summary: 'Artists with something the caller may see',
    input: Strict({ ...listQuery, q: Type.Optional(Text(200)) }),
    output: Page(Artist),
  }),
  getArtist: op({
    method: 'GET',
    path: '/artists/:id',
    auth: 'anyone',
    summary: 'One artist with albums',
    input: Strict({ id: Id }),
    output: Type.Object({ ...Artist.properties, albums: Type.Array(Album) }, { $id: 'ArtistWithAlbums' }),
  }),
  listGenres: op({
    method: 'GET',
    path: '/genres',
    auth: 'anyone',
    summary: 'Genres with counts',
    input: Empty,
    output: Type.Object({ items: Type.Array(Genre) }),
  }),
  search: op({
    method: 'GET',
    path: '/search',
    auth: 'anyone',
    rate: 'search',
    summary: 'Typo-tolerant search over songs, albums and artists',
    input: Strict({ q: Text(200), limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 10 })) }),
    output: SearchResult,
  }),
  /** Where the bytes are: for streaming and analysis. Answers only what `who` may see; `system` sees all. */
  getSongFiles: internal({
    summary: 'Files of songs the caller may hear',
    input: Strict({ ids: Type.Array(Id, { maxItems: 500 }) }),
    output: Type.Array(
      Type.Object({
        songId: Id,
        pathBase64: Type.String({ description: 'Absolute path as raw bytes: names need not be UTF-8' }),
        blobKey: Nullable(Type.String({ description: 'Of an upload: the blob that holds it' })),
        contentId: Type.String({ description: 'Changes exactly when the audio does' }),
        codec: Type.String(),
        container: Type.String(),
        mimeType: Type.String(),
        sizeBytes: Type.Integer(),
        durationMs: Type.Integer(),
        bitrateKbps: Nullable(Type.Integer()),
        isMissing: Type.Boolean(),
        isPublic: Type.Boolean(),
        isShared: Type.Boolean({ description: 'Every signed-in person may know of it' }),
        coverKey: Nullable(Type.String({ description: 'Blob key of the cover source picture' })),
        loudness: Nullable(Loudness),
      }),
    ),
  }),
  getCoverKeys: internal({
    summary: 'Blob key of the cover source picture of songs, albums and artists the caller may see',
    input: Strict({ kind: OneOf(['song', 'album', 'artist'] as const), ids: Type.Array(Id, { maxItems: 500 }) }),
    output: Type.Array(Type.Object({ id: Id, coverKey: Type.String() })),
  }),
  exportOfUser,
  statsOfUser,
})

export const albums = contract('albums', 'Albums', {
  listAlbums: op({
    method: 'GET',
    path: '/albums',
    auth: 'anyone',
    summary: 'Albums with something the caller may see',
    input: Strict({
      ...listQuery,
      q: Type.Optional(Text(200)),
      artist: Type.Optional(Text(200)),
      genre: Type.Optional(Text(100)),
      kind: Type.Optional(OneOf(ALBUM_KINDS)),
      year: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })),
      sort: Type.Optional(OneOf(ALBUM_SORTS)),
    }),
    output: Page(Album),
  }),
  getAlbum: op({
    method: 'GET',
    path: '/albums/:id',
    auth: 'anyone',
    summary: 'One album with its songs',
    input: Strict({ id: Id }),
    output: AlbumWithSongs,
  }),
  ...albumWriteOps,
})

export const library = contract('library', 'The music folders', {
  getLibraryStatus: op({
    method: 'GET',
    path: '/library/status',
    auth: 'user',
    summary: 'Folders, counts and the scan at work',
    input: Empty,
    output: LibraryStatus,
  }),
  listFaults: op({
    method: 'GET',
    path: '/library/faults',
    auth: 'admin',
    summary: 'Files that could not be taken, with the reason',
    input: Strict({ ...pageQuery }),
    output: Page(FileFault),
  }),
  scanLibrary: op({
    method: 'POST',
    path: '/library/scan',
    auth: 'admin',
    status: 202,
    idempotent: false,
    summary: 'Look through the folders now, through one of them, or through one directory with all that is below',
    input: Strict({
      full: Type.Optional(Type.Boolean({ description: 'Read every file again, changed or not' })),
      folderId: Type.Optional(Id),
      path: Type.Optional(Text(4096, { description: 'Below the folder, as the tree of the library names it' })),
    }),
    output: ScanState,
  }),
  addFolder: op({
    method: 'POST',
    path: '/library/folders',
    auth: 'admin',
    status: 201,
    summary: 'Add a music folder of the server; it is scanned at once and watched',
    input: Strict({ path: Text(4096) }),
    output: LibraryFolder,
  }),
  removeFolder: op({
    method: 'DELETE',
    path: '/library/folders/:id',
    auth: 'admin',
    status: 204,
    summary: 'Forget a folder and its songs; the files stay untouched',
    input: Strict({ id: Id }),
    output: Empty,
  }),
  browseFolders: op({
    method: 'GET',
    path: '/library/browse',
    auth: 'admin',
    summary: 'Folders of the server below a path, to choose a music folder from',
    input: Strict({ path: Type.Optional(Text(4096)) }),
    output: Type.Object({
      path: Type.String(),
      parent: Nullable(Type.String()),
      folders: Type.Array(
        Type.Object({
          name: Type.String(),
          path: Type.String(),
          audioFiles: Type.Integer({ description: 'Directly inside, counted up to 1000' }),
        }),
      ),
    }),
  }),
  setFolderVisibility: op({
    method: 'PATCH',
    path: '/library/folders/:id/visibility',
    auth: 'admin',
    summary: 'Make all songs of a folder public, or private again',
    input: Strict({ id: Id, isPublic: Type.Boolean() }),
    output: LibraryFolder,
  }),
  ...folderOps,
  ...libraryMoreOps,
})
