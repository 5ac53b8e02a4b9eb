import type { Caller } from '#kernel/caller.ts'
import type { Api } from '#kernel/contract.ts'
import { notFound } from '#kernel/errors.ts'
import { filesOf, type SpooledFile } from '#kernel/http/forms.ts'
import { signedIn } from '#kernel/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import type { Artist, songs } from '#modules/catalog/schema.ts'
import { unseen } from '#modules/catalog/service/lists.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import { toArtist } from '#modules/catalog/service/shapes.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { artistsById } from '#modules/catalog/store/artists.ts'
import { setOwnPortrait } from '#modules/catalog/store/portraits.ts'
import { lockShelf } from '#modules/catalog/store/recount.ts'
import { keepImage, releaseCovers } from '#modules/catalog/uploads/index.ts'
import type { artistOps } from './contract.ts'

export type ArtistWrites = Pick<Api<typeof songs>, keyof typeof artistOps>

/** @throws 404 of an artist that nobody knows. */
async function artistFor(ctx: CatalogCtx, who: Caller, id: string): Promise<Artist> {
  const [artist] = await artistsById(ctx.db, await viewFor(ctx, who), [id])
  if (!artist) throw await unseen(ctx.db, who, 'artist', id)
  return toArtist(artist)
}

/** Puts a picture, or none, in the place of the one before, which goes when nothing else shows it. */
async function replace(ctx: CatalogCtx, id: string, hash: string | null): Promise<void> {
  const old = await ctx.write(async (tx) => {
    await lockShelf(tx)
    return setOwnPortrait(tx, id, hash)
  })
  await tellChanged(ctx)
  if (!old) throw notFound('artist')
  if (old.before !== null && old.before !== hash) await releaseCovers(ctx, [old.before])
}

export const createArtistWrites = (ctx: CatalogCtx): ArtistWrites => ({
  async setArtistImage(who, input) {
    signedIn(who)
    await artistFor(ctx, who, input.id)
    // The contract wants one.
    const [file] = filesOf(input)['image'] as [SpooledFile]
    const hash = await keepImage(ctx, who, file)
    await replace(ctx, input.id, hash)
    return artistFor(ctx, who, input.id)
  },
  async removeArtistImage(who, { id }) {
    await artistFor(ctx, who, id)
    await replace(ctx, id, null)
    return {}
  },
})
