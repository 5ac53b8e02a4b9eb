import { hasRole, type SignedIn } from '#kernel/caller.ts'
import { AppError, unprocessable } from '#kernel/errors.ts'
import type { Emit } from '#kernel/module.ts'
import { homeAlbumFor, placeOnAlbum } from '#modules/catalog/albums/home.ts'
import { songAudioReady } from '#modules/catalog/events.ts'
import { searchLiteral } from '#modules/catalog/fold.ts'
import { audioOf } from '#modules/catalog/scan/describe.ts'
import { embeddedLyrics } from '#modules/catalog/scan/read.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { assertNotErased } from '#modules/catalog/store/erased.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { replaceCredits, replaceLyrics, upsertSongs } from '#modules/catalog/store/write.ts'
import { type Base, baseOf } from './base.ts'
import { deriveOwned } from './derive.ts'
import { type Edits, edited, layOver, type Patch } from './edits.ts'
import { ensureNames } from './names.ts'
import { albumFor, type Asset, assetOf, ownSong } from './store.ts'

/** Who makes a song: artists and admins may publish it at once. */
export type Maker = Pick<SignedIn, 'kind' | 'userId' | 'role' | 'requestId'>
export type NewSong = {
  readonly assetHash: string
  /** As the person calls the file. */
  readonly fileName?: string | null | undefined
  readonly fields?: (Patch & { readonly isPublic?: boolean | undefined }) | undefined
}

const NOWHERE = { folderId: '', dir: Buffer.alloc(0) }
/** What an uploaded file says of its song. */
export const baseOfAsset = (asset: Pick<Asset, 'probe'>, fileName: string | null): Base =>
  baseOf(asset.probe, { ...NOWHERE, name: Buffer.from(fileName ?? '') })

/** The private album of the owner that the song names; null when it names none. */
export async function homeOf(tx: Db, ctx: CatalogCtx, ownerId: string, base: Base): Promise<string | null> {
  if (!base.album) return null
  const makers = base.people.filter((p) => p.role === 'album').map((p) => p.name)
  const artists = [...new Set(makers)]
  return homeAlbumFor(tx, {
    ownerId,
    title: base.album.title,
    artists,
    kind: base.releaseKind ?? (base.album.isCompilation ? 'compilation' : 'album'),
    newId: ctx.newId,
  })
}

export const albumNotYours = () =>
  unprocessable('album_not_yours', 'The song cannot stand on this album: it does not belong to the owner of the song.')

async function insertSong(ctx: CatalogCtx, tx: Db, who: Maker, n: NewSong, asset: Asset): Promise<string> {
  const { isPublic = false, ...patch } = n.fields ?? {}
  const edits: Edits = edited({}, patch)
  const base = layOver(baseOfAsset(asset, n.fileName ?? null), edits)
  const facts = deriveOwned(base)
  const lyrics = embeddedLyrics(asset.probe)
  const id = ctx.newId()
  const names = await ensureNames(tx, [facts], ctx.newId)
  const album = edits.albumId ?? (await homeOf(tx, ctx, who.userId, base))
  if (edits.albumId !== undefined && !(await albumFor(tx, edits.albumId, who.userId))) throw albumNotYours()
  const draft = {
    ...facts,
    ...audioOf(asset.probe),
    id,
    album,
    search: searchLiteral(facts.words),
    isPublic: false,
    folder: null,
    size: asset.sizeBytes,
    cover: edits.cover ?? asset.coverHash,
    hasLyrics: lyrics !== undefined,
  }
  await upsertSongs(tx, [draft])
  await ownSong(tx, id, {
    ownerId: who.userId,
    assetHash: asset.hash,
    fileName: n.fileName ?? null,
    isPublic: isPublic && hasRole(who, 'artist'),
    edits,
    tags: facts.tags,
  })
  await replaceCredits(tx, [], names.creditsOf(id, facts))
  await replaceLyrics(tx, [], lyrics ? [{ song: id, ...lyrics }] : [])
  if (album) await placeOnAlbum(tx, { albumId: album, songId: id, disc: facts.disc, track: facts.track })
  return id
}

/**
 * The same within a transaction of the caller, who tells that something changed after it ({@link tellChanged}).
 * Throws 410 `upload_gone` when the bytes are no longer kept.
 */
export async function createSongIn(ctx: CatalogCtx, tx: Db, emit: Emit, who: Maker, n: NewSong): Promise<string> {
  await lockShelf(tx)
  await assertNotErased(tx, who.userId)
  const asset = await assetOf(tx, n.assetHash)
  if (!asset)
    throw new AppError(410, 'upload_gone', 'The bytes of this upload are no longer kept: upload the file again.')
  const id = await insertSong(ctx, tx, who, n, asset)
  await recount(tx, [await touchedBy(tx, [id])])
  await emit(songAudioReady, { songs: [{ songId: id, contentId: asset.probe.contentHash }] })
  return id
}

/**
 * Makes a song of an uploaded asset: what the file says, with what the person says laid over. Visible by its flags at
 * once; what a plain user makes is private whatever it asks. Answers the id.
 */
export async function createSongOf(ctx: CatalogCtx, who: Maker, n: NewSong): Promise<string> {
  const id = await ctx.write((tx, emit) => createSongIn(ctx, tx, emit, who, n))
  await tellChanged(ctx)
  return id
}
