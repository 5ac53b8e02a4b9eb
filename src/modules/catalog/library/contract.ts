import { op } from '#kernel/contract.ts'
import { Id, Nullable, OneOf, Page, pageQuery, type Static, Strict, Text, Time, Type } from '#kernel/schema.ts'
import { Album, Artist, LibraryFolder, Song, WATCH_MODES } from '#modules/catalog/things.ts'

export const FolderAccess = Type.Object(
  { isRestricted: Type.Boolean(), userIds: Type.Array(Id) },
  { $id: 'FolderAccess', description: 'A restricted folder is for admins and these people' },
)
export const FOLDER_USERS_MAX = 1000

/** Songs and folders directly inside a directory of a music folder. */
export const LibraryTree = Type.Object(
  {
    folderId: Nullable(Id),
    path: Type.String({
      description: 'Below the music folder, with /; empty at its top. Bytes that are no UTF-8, and %, stand as %XX',
    }),
    folders: Type.Array(
      Type.Object({
        folderId: Id,
        name: Type.String({ description: 'As it is shown' }),
        path: Type.String({ description: 'As it is asked for' }),
        songCount: Type.Integer({ description: 'In it and below' }),
      }),
    ),
    songs: Type.Array(Song),
    nextCursor: Nullable(Type.String()),
  },
  { $id: 'LibraryTree', description: 'Folders come before songs, over as many pages as it takes' },
)
export type LibraryTree = Static<typeof LibraryTree>

export const Duplicate = Type.Object(
  {
    contentId: Type.String(),
    wastedBytes: Type.Integer({ description: 'Of all copies but the largest' }),
    songCount: Type.Integer(),
    songs: Type.Array(Type.Object({ song: Song, path: Nullable(Type.String({ description: 'Null: uploaded' })) }), {
      description: 'The oldest of them',
    }),
  },
  { $id: 'Duplicate' },
)
export type Duplicate = Static<typeof Duplicate>
/** Songs shown of one duplicate. */
export const DUPLICATE_SONGS_MAX = 20

export const MissingSong = Type.Object(
  {
    song: Song,
    path: Type.String(),
    reason: OneOf(['deleted', 'folder_unreachable', 'faulty'] as const),
    missingSince: Time,
    forgottenAt: Nullable(Type.String({ format: 'date-time', description: 'Of deleted files only' })),
  },
  { $id: 'MissingSong' },
)
export type MissingSong = Static<typeof MissingSong>

export const Change = Type.Object(
  {
    kind: OneOf(['song', 'album', 'artist'] as const),
    id: Id,
    what: OneOf(['changed', 'removed'] as const),
    song: Type.Optional(Song),
    album: Type.Optional(Album),
    artist: Type.Optional(Artist),
  },
  { $id: 'Change', description: 'The thing as it is now; removed things, and those you may not see any more, by id' },
)
export type Change = Static<typeof Change>
export const Changes = Type.Object(
  {
    items: Type.Array(Change),
    next: Type.String({ description: 'Pass it as `since` the next time' }),
    hasMore: Type.Boolean(),
    reset: Type.Boolean({
      description: 'What you may see is so different that these are the first items of everything: forget your copy',
    }),
  },
  { $id: 'Changes' },
)
export type Changes = Static<typeof Changes>

/** Parts of the contract `library`: how a folder is scanned, and what is read of the library. */
export const folderOps = {
  updateFolder: op({
    method: 'PATCH',
    path: '/library/folders/:id',
    auth: 'admin',
    summary: 'Name, ignore rules and way of watching of a folder; new rules are followed by a scan',
    input: Strict({
      id: Id,
      name: Type.Optional(Nullable(Text(200))),
      ignore: Type.Optional(
        Type.String({ maxLength: 20_000, description: 'Lines as in .gitignore; files that match are no music' }),
      ),
      watch: Type.Optional(OneOf(WATCH_MODES)),
    }),
    output: LibraryFolder,
  }),
}
export const libraryMoreOps = {
  getFolderAccess: op({
    method: 'GET',
    path: '/library/folders/:id/access',
    auth: 'admin',
    summary: 'Who may open a folder',
    input: Strict({ id: Id }),
    output: FolderAccess,
  }),
  setFolderAccess: op({
    method: 'PUT',
    path: '/library/folders/:id/access',
    auth: 'admin',
    summary: 'Keep a folder to some people, or open it to everybody signed in',
    input: Strict({
      id: Id,
      isRestricted: Type.Boolean(),
      userIds: Type.Optional(Type.Array(Id, { maxItems: FOLDER_USERS_MAX })),
    }),
    output: FolderAccess,
  }),
  browseTree: op({
    method: 'GET',
    path: '/library/tree',
    auth: 'user',
    summary: 'The library as it lies on the disk; without a folder, its music folders',
    input: Strict({
      limit: pageQuery.limit,
      cursor: pageQuery.cursor,
      folderId: Type.Optional(Id),
      path: Type.Optional(Text(4096, { minLength: 0 })),
    }),
    output: LibraryTree,
  }),
  listDuplicates: op({
    method: 'GET',
    path: '/library/duplicates',
    auth: 'admin',
    summary: 'Songs that hold the same audio, whatever their tags',
    input: Strict({ ...pageQuery }),
    output: Page(Duplicate),
  }),
  listMissing: op({
    method: 'GET',
    path: '/library/missing',
    auth: 'admin',
    summary: 'Songs whose file is away: they come back with it, and are forgotten after 30 days when it was deleted',
    input: Strict({ ...pageQuery }),
    output: Page(MissingSong),
  }),
  getChanges: op({
    method: 'GET',
    path: '/library/changes',
    auth: 'user',
    rate: 'sync',
    summary: 'What changed since you asked last, so that a copy of the library needs no full sync',
    input: Strict({
      limit: pageQuery.limit,
      since: Type.Optional(Text(200, { description: '`next` of the answer before' })),
    }),
    output: Changes,
  }),
}
