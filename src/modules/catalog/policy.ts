import { type Caller, isAdmin, isSignedIn } from '#kernel/caller.ts'
import type { Policy } from '#kernel/policy.ts'

/** What decides who may know of a song. `ownerId` is null for songs of the scanned library. */
export type SongAccess = { readonly isPublic: boolean; readonly isVisible: boolean; readonly ownerId: string | null }

/** Levels of `songs.access`: each is seen by those of the one before it and more. */
export const ACCESS = { admins: 0, owner: 1, signedIn: 2, anyone: 3 } as const
/** `shelf` of a song whose file was deleted: it is reached by id until it is forgotten, but stands in no list. */
export const OFF_SHELF = -1

const owns = (who: Caller, song: SongAccess): boolean =>
  isSignedIn(who) && song.ownerId !== null && song.ownerId === who.userId

/** Visible to others only when its owner made it public and no admin hid it; the library is for signed-in people. */
function maySee(who: Caller, song: SongAccess): boolean {
  if (isAdmin(who)) return true
  if (!song.isVisible) return false
  if (song.isPublic || owns(who, song)) return true
  return song.ownerId === null && isSignedIn(who)
}

/** Songs of the scanned library belong to the admins. */
const mayPublish = (who: Caller, song: SongAccess): boolean =>
  isAdmin(who) || (owns(who, song) && who.role === 'artist' && song.isVisible)

export const songPolicy: Policy<SongAccess, 'see' | 'publish'> = {
  thing: 'song',
  may: { see: maySee, publish: mayPublish },
  see: 'see',
}

/**
 * The rows a caller may see, as data for SQL: those of `access >= least`, and the caller's own that no admin hid.
 * The twin of `maySee`; a property test holds the two together.
 */
export function reachOf(who: Caller): { least: number; ownerId: string | null } {
  if (isAdmin(who)) return { least: ACCESS.admins, ownerId: null }
  if (isSignedIn(who)) return { least: ACCESS.signedIn, ownerId: who.userId }
  return { least: ACCESS.anyone, ownerId: null }
}
