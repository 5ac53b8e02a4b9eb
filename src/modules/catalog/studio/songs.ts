import { type Caller, hasRole, type SignedIn } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest, conflict, forbidden, unprocessable } from '#kernel/errors.ts'
import { filesOf, type SpooledFile } from '#kernel/http/forms.ts'
import { splitGenres } from '#kernel/media/index.ts'
import { signedIn } from '#kernel/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { removeSongs, tellChanged } from '#modules/catalog/service/publish.ts'
import { toSong } from '#modules/catalog/service/shapes.ts'
import { oneSong } from '#modules/catalog/service/songs.ts'
import type { SongRow } from '#modules/catalog/store/songs.ts'
import { claimImage, keepImage } from '#modules/catalog/uploads/claim.ts'
import type { Patch } from './edits.ts'
import { changeSong } from './rewrite.ts'

type Input = Parameters<Api<typeof songs>['updateSong']>[1]
type Fields = Omit<Input, 'id' | 'revision' | 'isPublic' | 'imageUploadId'>

/** The fields of a request as edits: genres may come in one text. Throws 422 `credits_without_main`. */
export function patchOf({ genres, ...fields }: Fields): Patch {
  if (fields.credits && !fields.credits.some((c) => c.role === 'main' && c.name.trim() !== ''))
    throw unprocessable('credits_without_main', 'Name at least one person with the role "main".')
  if (genres === undefined) return fields
  return { ...fields, genres: typeof genres === 'string' ? splitGenres([genres]) : genres }
}

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

/** The picture that a request brings: in its form, or as an upload. Throws 400 `image_twice`. */
export async function pictureOf(
  ctx: CatalogCtx,
  who: SignedIn,
  given: { file: SpooledFile | undefined; uploadId: string | undefined },
): Promise<string | undefined> {
  if (given.file && given.uploadId) throw badRequest('image_twice', 'Send the picture in the form, or name its upload.')
  if (given.file) return keepImage(ctx, who, given.file)
  return given.uploadId === undefined ? undefined : claimImage(ctx, who, given.uploadId)
}

export async function updateSong(ctx: CatalogCtx, who: Caller, input: Input) {
  signedIn(who)
  const { id, revision, isPublic, imageUploadId, ...fields } = input
  const song = await oneSong(ctx, who, id, 'edit')
  assertMayPublish(who, song, isPublic)
  const cover = await pictureOf(ctx, who, { file: filesOf(input)['image']?.[0], uploadId: imageUploadId })
  await changeSong(ctx, id, { patch: { ...patchOf(fields), cover }, isPublic, revision })
  return shownToEditor(ctx, who, id)
}

export async function setCover(ctx: CatalogCtx, who: Caller, input: { id: string }) {
  signedIn(who)
  await oneSong(ctx, who, input.id, 'edit')
  const cover = await pictureOf(ctx, who, { file: filesOf(input)['image']?.[0], uploadId: undefined })
  await changeSong(ctx, input.id, { patch: { cover } })
  return shownToEditor(ctx, who, input.id)
}

export async function removeCover(ctx: CatalogCtx, who: Caller, id: string): Promise<Record<string, never>> {
  await oneSong(ctx, who, id, 'edit')
  await changeSong(ctx, id, { patch: { cover: null } })
  return {}
}
