import { type Caller, hasRole, isAdmin } from '#kernel/caller.ts'
import { forbidden, unprocessable } from '#kernel/errors.ts'
import { authorize } from '#kernel/policy.ts'
import { albumPolicy, type View } from '#modules/catalog/policy.ts'
import { type AlbumFacts, albumFacts } from '#modules/catalog/store/albums.ts'
import type { Db } from '#modules/catalog/store/db.ts'

export type OwnedFacts = AlbumFacts & { readonly ownerId: string }

/**
 * The album, if `who` may do this with it; throws as {@link authorize} does. An album of the library counts as public to
 * those who see it in lists, so that they hear 403 and not 404; what may be done to it, admins may.
 */
export async function albumFor(
  db: Db,
  who: Caller,
  view: View,
  o: { id: string; action: 'publish' | 'edit' | 'delete' },
): Promise<AlbumFacts> {
  const album = await albumFacts(db, view, o.id)
  const isSeen = album?.ownerId === null && album.inReach
  const access = album && { ...album, isPublic: album.isPublic || isSeen }
  authorize(albumPolicy, who, o.action, access)
  return album as AlbumFacts
}

/** Throws 422 `album_of_files` for an album of the library: its songs, title and artists are what files say. */
export function assertOwned(album: AlbumFacts): asserts album is OwnedFacts {
  if (album.ownerId === null)
    throw unprocessable(
      'album_of_files',
      'This album is made of the songs of the library that name it: change those, or make an album of your own.',
    )
}

/** To make private is always allowed to the owner; to publish takes an artist, and that no admin hid the album. */
export function assertMayPublish(who: Caller, album: { readonly isVisible: boolean }, isPublic?: boolean): void {
  if (isPublic !== true || isAdmin(who)) return
  if (!hasRole(who, 'artist'))
    throw forbidden('This needs the role "artist": albums of others stay private.', 'role_required')
  if (!album.isVisible) throw forbidden('An admin has hidden this album: it cannot be published.', 'hidden_by_admin')
}
