import { type Caller, isAdmin, isSignedIn } from '#kernel/caller.ts'
import type { Policy } from '#kernel/policy.ts'

/**
 * What decides who may know of a song. `ownerId` is null for songs of the scanned library. `isWithheld`: it lies in a
 * folder that is not for the caller.
 */
export type SongAccess = {
  readonly isPublic: boolean
  readonly isVisible: boolean
  readonly ownerId: string | null
  readonly isWithheld: boolean
}
/** The same of an album; `ownerId` is null for albums that are made of the songs that name them. */
export type AlbumAccess = { readonly isPublic: boolean; readonly isVisible: boolean; readonly ownerId: string | null }

/** Levels of `songs.access`: each is seen by those of the one before it and more. */
export const ACCESS = { admins: 0, owner: 1, signedIn: 2, anyone: 3 } as const
/** `shelf` of a song whose file was deleted: it is reached by id until it is forgotten, but stands in no list. */
export const OFF_SHELF = -1

type Owned = { readonly ownerId: string | null }
const owns = (who: Caller, thing: Owned): boolean =>
  isSignedIn(who) && thing.ownerId !== null && thing.ownerId === who.userId

/** Visible to others only when its owner made it public and no admin hid it; the library is for signed-in people. */
function maySee(who: Caller, song: SongAccess): boolean {
  if (isAdmin(who)) return true
  if (!song.isVisible) return false
  if (song.isPublic || owns(who, song)) return true
  return song.ownerId === null && isSignedIn(who) && !song.isWithheld
}

/** Songs of the scanned library belong to the admins. */
const mayPublish = (who: Caller, song: SongAccess): boolean =>
  isAdmin(who) || (owns(who, song) && who.role === 'artist' && song.isVisible)

/** What an admin hid, its owner may still read about, mend and delete in their own lists; nobody else can. */
const mayEdit = (who: Caller, thing: Owned): boolean => isAdmin(who) || owns(who, thing)

export const songPolicy: Policy<SongAccess, 'see' | 'publish' | 'edit' | 'delete'> = {
  thing: 'song',
  may: { see: maySee, publish: mayPublish, edit: mayEdit, delete: mayEdit },
  see: 'see',
}

function maySeeAlbum(who: Caller, album: AlbumAccess): boolean {
  if (isAdmin(who)) return true
  return album.isVisible && (album.isPublic || owns(who, album))
}
const mayPublishAlbum = (who: Caller, album: AlbumAccess): boolean =>
  isAdmin(who) || (owns(who, album) && who.role === 'artist' && album.isVisible)

/** Of albums that have an owner. The others are seen when one of their songs is; who may change those is an admin. */
export const albumPolicy: Policy<AlbumAccess, 'see' | 'publish' | 'edit' | 'delete'> = {
  thing: 'album',
  may: { see: maySeeAlbum, publish: mayPublishAlbum, edit: mayEdit, delete: mayEdit },
  see: 'see',
}

/** What a caller may see, as data for SQL: the twin of `maySee`; a property test holds the two together. */
export type View = {
  /** Rows of this level and above; below it the caller's own that no admin hid. */
  readonly least: (typeof ACCESS)['admins'] | (typeof ACCESS)['signedIn'] | (typeof ACCESS)['anyone']
  /** Null for admins and nobody, and for people who own nothing. */
  readonly ownerId: string | null
  /** Numbers of the restricted folders that are not for this person. */
  readonly withheld: readonly number[]
}

/** `withheld` says nothing of admins, who see all, and of nobody, who sees what is public wherever it lies. */
export function viewOf(who: Caller, withheld: readonly number[]): View {
  if (isAdmin(who)) return { least: ACCESS.admins, ownerId: null, withheld: [] }
  if (isSignedIn(who)) return { least: ACCESS.signedIn, ownerId: who.userId, withheld }
  return { least: ACCESS.anyone, ownerId: null, withheld: [] }
}
