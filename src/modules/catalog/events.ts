import { event, job } from '#kernel/module.ts'
import { Id, Nullable, OneOf, Type } from '#kernel/schema.ts'
import { push } from '#kernel/sockets/realtime.ts'
import { ScanState } from './schema.ts'
import { Upload } from './uploads/contract.ts'

/** A song's audio is new or another than before (`contentId` says which). */
export const songAudioReady = event(
  'catalog.song-audio-ready.v1',
  Type.Object({ songs: Type.Array(Type.Object({ songId: Id, contentId: Type.String() })) }),
)
export const songsRemoved = event(
  'catalog.songs-removed.v1',
  Type.Object({
    songIds: Type.Array(Id),
    contentIds: Type.Optional(Type.Array(Type.String({ description: 'Audio that no song has any more' }))),
  }),
)
/** Pictures that people brought and that nothing shows any more, by the SHA-256 of their bytes. */
export const picturesRemoved = event(
  'catalog.pictures-removed.v1',
  Type.Object({ hashes: Type.Array(Type.String({ pattern: '^[0-9a-f]{64}$' })) }),
)

/** An admin hid a thing from everybody, or showed it again. `title` only of what belongs to nobody. */
export const moderated = event(
  'catalog.moderated.v1',
  Type.Object({
    kind: OneOf(['song', 'album'] as const),
    id: Id,
    title: Nullable(Type.String()),
    isVisible: Type.Boolean(),
    ownerId: Nullable(Id),
    actorId: Nullable(Id),
  }),
)

/**
 * Look through the folders; `full` reads every file again. Without `folderIds`, all of them; with `dirHex`, only at and
 * below that directory (raw bytes).
 */
export const scanJob = job(
  'catalog.scan.v1',
  Type.Object({
    full: Type.Boolean(),
    folderIds: Type.Optional(Type.Array(Id)),
    dirHex: Type.Optional(Type.String({ maxLength: 8192 })),
  }),
  { lane: 'quick', maxAttempts: 5 },
)
/** Delete the songs of a folder that was taken out of the library. */
export const removeFolderJob = job('catalog.remove-folder.v1', Type.Object({ folderId: Id }), { lane: 'quick' })
/** Delete the songs that belonged to a person who is gone. */
export const removeOwnedJob = job('catalog.remove-owned.v1', Type.Object({ ownerId: Id }), { lane: 'quick' })

/** Make the documents that search looks through anew, after an upgrade that reads texts otherwise. */
export const rebuildSearchJob = job('catalog.rebuild-search.v1', Type.Object({}), { lane: 'quick' })

/** Find the colours and the blur of pictures that an older program kept. */
export const lookAtCoversJob = job('catalog.look-at-covers.v1', Type.Object({}), { lane: 'quick' })

/** Decode and keep what was uploaded, and make a song of it. */
export const processUploadJob = job('catalog.process-upload.v1', Type.Object({ uploadId: Id }), {
  lane: 'cpu',
  maxAttempts: 5,
})

export const uploadProgress = push(
  'upload:progress',
  Upload,
  'An upload of yours moves on; at most four a second of each',
)
export const libraryProgress = push('library:progress', ScanState, 'A scan moves on; at most four a second')
export const libraryChanged = push(
  'library:changed',
  Type.Object({ kind: OneOf(['songs', 'folders'] as const) }),
  'What is in the library is another than before: read again what you show',
)
export const thingModerated = push(
  'catalog:moderated',
  Type.Object({ kind: OneOf(['song', 'album'] as const), id: Id, isVisible: Type.Boolean() }),
  'An admin hid something of yours, or showed it again',
)
