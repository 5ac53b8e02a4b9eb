import type { Album, Song } from '#client/index.ts'
import { client } from '#lib/api.ts'
import { tell } from '#lib/ui/toasts.svelte.ts'

export type Kind = 'song' | 'album'
export type Thing = Song | Album

/** Hides a thing from everybody, or shows it again; answers it as it is then. */
export async function setVisible(kind: Kind, thing: Thing, isVisible: boolean): Promise<Thing> {
  const asked = { id: thing.id, isVisible }
  const changed =
    kind === 'song' ? await client.moderation.setSongVisible(asked) : await client.moderation.setAlbumVisible(asked)
  tell(isVisible ? `“${thing.title}” can be found again.` : `“${thing.title}” is hidden from everybody.`)
  return changed
}

/** Who may find it now, in a word or two. */
export function stateOf(
  thing: Pick<Thing, 'isVisible' | 'isPublic' | 'ownerId'>,
): 'hidden' | 'public' | 'private' | 'library' {
  if (!thing.isVisible) return 'hidden'
  if (thing.isPublic) return 'public'
  return thing.ownerId === null ? 'library' : 'private'
}
