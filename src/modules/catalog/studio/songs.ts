import { type Caller, hasRole } from '#kernel/caller.ts'
import { splitGenres } from '#kernel/media/index.ts'
import type { Api } from '#kernel/contract.ts'
import { conflict, forbidden } from '#kernel/errors.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { removeSongs, tellChanged } from '#modules/catalog/service/publish.ts'
import { toSong } from '#modules/catalog/service/shapes.ts'
import { oneSong } from '#modules/catalog/service/songs.ts'
import type { SongRow } from '#modules/catalog/store/songs.ts'
import type { Patch } from './edits.ts'
import { changeSong } from './rewrite.ts'

type Input = Parameters<Api<typeof songs>['updateSong']>[1]
type Fields = Omit<Input, 'id' | 'revision' | 'isPublic' | 'imageUploadId'>

/** The fields of a request as edits: genres may come in one text. */
export const patchOf = ({ genres, ...fields }: Fields): Patch => ({
  ...fields,
  ...(genres === undefined ? {} : { genres: typeof genres === 'string' ? splitGenres([genres]) : genres }),
})

/** Making a song private is always allowed to its owner; to publish takes an artist, and that no admin hid it. */
export function assertMayPublish(who: Caller, song: Pick<SongRow, 'isVisible'>, isPublic: boolean | undefined): void {
  if (isPublic !== true || hasRole(who, 'admin')) return
  if (!hasRole(who, 'artist'))
    throw forbidden('This needs the role "artist": what others upload stays private.', 'role_required')
  if (!song.isVisible) throw forbidden('An admin has hidden this: it cannot be published.', 'hidden_by_admin')
}

/** The song as its owner (or an admin) sees it, hidden or not. */
export const shownToEditor = async (ctx: CatalogCtx, who: Caller, id: string) =>
  toSong(await oneSong(ctx, who, id, 'edit'))

/** Forgets a song that was uploaded. Throws 409 `library_song` for those that lie in a folder. */
export async function deleteSong(ctx: CatalogCtx, who: Caller, id: string): Promise<Record<string, never>> {
  const song = await oneSong(ctx, who, id, 'delete')
  if (song.ownerId === null)
    throw conflict(
      'library_song',
      'This song lies in a music folder, which is never written: hide it, or delete its file.',
    )
  await removeSongs(ctx, [id])
  await tellChanged(ctx)
  return {}
}

export async function updateSong(ctx: CatalogCtx, who: Caller, input: Input) {
  const { id, revision, isPublic, imageUploadId, ...fields } = input
  const song = await oneSong(ctx, who, id, 'edit')
  assertMayPublish(who, song, isPublic)
  await changeSong(ctx, id, { patch: patchOf(fields), isPublic, revision })
  return shownToEditor(ctx, who, id)
}
