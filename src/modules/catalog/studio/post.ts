import type { Caller, SignedIn } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { badRequest } from '#kernel/errors.ts'
import { filesOf, type SpooledFile } from '#kernel/http/forms.ts'
import { signedIn } from '#kernel/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { songs } from '#modules/catalog/schema.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import { oneSong } from '#modules/catalog/service/songs.ts'
import { type Claim, claimUpload, useUpload } from '#modules/catalog/uploads/claim.ts'
import { takeAudioNow } from '#modules/catalog/uploads/take.ts'
import { createSongIn, type NewSong } from './create.ts'
import { changeSong } from './rewrite.ts'
import { assertMayPublish, patchOf, pictureOf, shownToEditor } from './songs.ts'
import { freeDuplicate } from './store.ts'

type Input = Parameters<Api<typeof songs>['createSong']>[1]

/** The upload that a request brings the bytes by. Throws 400 `upload_missing`, `upload_twice`. */
async function uploadOf(
  ctx: CatalogCtx,
  who: SignedIn,
  given: { file: SpooledFile | undefined; uploadId: string | undefined },
): Promise<string> {
  if (given.file && given.uploadId) throw badRequest('upload_twice', 'Send the file in the form, or name its upload.')
  if (given.file) return (await takeAudioNow(ctx, who, given.file)).id
  if (given.uploadId === undefined)
    throw badRequest('upload_missing', 'Send the file as the field "audio" of a form, or name an `uploadId`.')
  return given.uploadId
}

/** The upload has become a song already: it says what is asked. What only artists may ask is left out for others. */
async function adoptSong(ctx: CatalogCtx, who: SignedIn, id: string, fields: NonNullable<NewSong['fields']>) {
  const { isPublic, ...patch } = fields
  const mayPublish = isPublic === true && who.role === 'user' ? undefined : isPublic
  assertMayPublish(who, await oneSong(ctx, who, id, 'edit'), mayPublish)
  await changeSong(ctx, id, { patch, isPublic: mayPublish })
  return id
}

async function makeSong(ctx: CatalogCtx, who: SignedIn, uploadId: string, claim: Claim, n: NewSong): Promise<string> {
  const id = await ctx.write(async (tx, emit) => {
    const made = await createSongIn(ctx, tx, emit, who, n)
    if (claim.isDuplicate) await freeDuplicate(tx, uploadId)
    await useUpload(tx, uploadId, made)
    return made
  })
  await tellChanged(ctx)
  return id
}

/**
 * A song of a file in the form, or of an upload. Bytes that were uploaded before make a song of their own, which shares
 * them. Visible by its flags when this answers; the analysis goes on.
 */
export async function postSong(ctx: CatalogCtx, who: Caller, input: Input) {
  signedIn(who)
  const { uploadId: named, imageUploadId, isPublic, ...rest } = input
  const files = filesOf(input)
  const uploadId = await uploadOf(ctx, who, { file: files['audio']?.[0], uploadId: named })
  const claim = await claimUpload(ctx, who, uploadId)
  const cover = await pictureOf(ctx, who, { file: files['image']?.[0], uploadId: imageUploadId })
  const fields = { ...patchOf(rest), cover, isPublic }
  const id =
    claim.songId !== null && !claim.isDuplicate
      ? await adoptSong(ctx, who, claim.songId, fields)
      : await makeSong(ctx, who, uploadId, claim, { assetHash: claim.assetHash, fileName: claim.fileName, fields })
  return shownToEditor(ctx, who, id)
}
