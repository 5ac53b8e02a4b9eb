import type { SignedIn } from '#kernel/caller.ts'
import { filesOf } from '#kernel/http/forms.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { claimImage, keepImage } from '#modules/catalog/uploads/index.ts'

/**
 * The picture that a request brings, kept: in the form, or uploaded before. It is held like an upload until an album
 * shows it, so a request that fails afterwards leaves nothing for ever.
 */
export async function pictureOf(
  ctx: CatalogCtx,
  who: SignedIn,
  input: { imageUploadId?: string },
): Promise<string | undefined> {
  const [file] = filesOf(input)['image'] ?? []
  if (file) return keepImage(ctx, who, file)
  return input.imageUploadId === undefined ? undefined : claimImage(ctx, who, input.imageUploadId)
}
