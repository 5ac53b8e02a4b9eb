import { notFound } from '#kernel/errors.ts'
import { assertRevision } from '#kernel/http/revision.ts'
import { placeOnAlbum } from '#modules/catalog/albums/home.ts'
import type { CatalogCtx, CoverSource, Lyrics } from '#modules/catalog/scan/types.ts'
import { embeddedLyrics } from '#modules/catalog/scan/read.ts'
import { tellChanged } from '#modules/catalog/service/publish.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { publishSongs } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, recount, touchedBy } from '#modules/catalog/store/recount.ts'
import { replaceCredits, wantCovers } from '#modules/catalog/store/write.ts'
import { releaseCovers } from '#modules/catalog/uploads/release.ts'
import { type Base, baseOf } from './base.ts'
import { albumNotYours, baseOfAsset, homeOf } from './create.ts'
import { derive, deriveOwned, type SongFacts } from './derive.ts'
import { type Edits, edited, layOver, type Patch } from './edits.ts'
import { readLibraryFile } from './file.ts'
import { ensureNames, type Names } from './names.ts'
import { type Editable, albumFor, assetOf, editableSong, leaveAlbum, rewriteSong } from './store.ts'

/** What the file of a song says, and the pictures and lyrics it brings. */
export type Source = { base: Base; cover: CoverSource | string | null; lyrics: Lyrics | undefined }

/** Read before the transaction: files of the library lie on disks. */
async function librarySource(ctx: CatalogCtx, songId: string): Promise<Source> {
  const { probe, wanted, cover, lyrics } = await readLibraryFile(ctx, songId)
  const place = { folderId: wanted.folder.id, dir: wanted.dir, name: wanted.file.name }
  return { base: baseOf(probe, place), cover: cover ?? null, lyrics }
}
async function assetSource(db: Db, song: Editable): Promise<Source> {
  const asset = await assetOf(db, song.assetHash ?? '')
  if (!asset) throw notFound('song')
  return { base: baseOfAsset(asset, song.fileName), cover: asset.coverHash, lyrics: embeddedLyrics(asset.probe) }
}

/** What the file of a song says; files of uploads are known without reading. */
export async function sourceOf(ctx: CatalogCtx, id: string): Promise<Source> {
  const song = await editableSong(ctx.db, id)
  if (!song) throw notFound('song')
  return song.assetHash === null ? librarySource(ctx, id) : assetSource(ctx.db, song)
}

type Rewriting = { song: Editable; patch: Patch; edits: Edits; facts: SongFacts; base: Base; names: Names }

/**
 * A library song stands on shared albums, one that somebody owns on theirs: there it stays, wherever it was put, until
 * its album is spoken of.
 */
async function albumOf(ctx: CatalogCtx, tx: Db, w: Rewriting): Promise<string | null> {
  const { song, edits, patch } = w
  if (song.ownerId !== null && patch.album === undefined && patch.albumId === undefined) return song.albumId
  if (edits.albumId !== undefined) {
    if (await albumFor(tx, edits.albumId, song.ownerId)) return edits.albumId
    if (patch.albumId) throw albumNotYours()
  }
  return song.ownerId === null ? w.names.albumOf(w.facts) : homeOf(tx, ctx, song.ownerId, w.base)
}

async function keepCover(tx: Db, cover: Source['cover']): Promise<string | null> {
  if (cover === null || typeof cover === 'string') return cover
  await wantCovers(tx, [{ hash: cover.hash, kind: cover.kind, path: cover.path.toString('hex') }])
  return cover.hash
}

async function moveBetween(tx: Db, song: Editable, albumId: string | null, facts: SongFacts): Promise<void> {
  if (song.ownerId === null || song.albumId === albumId) return
  if (song.albumId !== null) await leaveAlbum(tx, song.albumId, song.id)
  if (albumId !== null) await placeOnAlbum(tx, { albumId, songId: song.id, disc: facts.disc, track: facts.track })
}

async function rewriteIn(ctx: CatalogCtx, tx: Db, song: Editable, source: Source, patch: Patch): Promise<void> {
  const edits = edited(song.edits, patch)
  const base = layOver(source.base, edits)
  const facts = song.ownerId === null ? derive(base) : deriveOwned(base)
  const before = await touchedBy(tx, [song.id])
  const names = await ensureNames(tx, [facts], ctx.newId)
  const albumId = await albumOf(ctx, tx, { song, patch, edits, facts, base, names })
  const coverHash = edits.cover ?? (await keepCover(tx, source.cover))
  await rewriteSong(tx, { id: song.id, facts, edits, albumId, coverHash })
  await replaceCredits(tx, [song.id], names.creditsOf(song.id, facts))
  await moveBetween(tx, song, albumId, facts)
  await recount(tx, [before, await touchedBy(tx, [song.id])])
}

export type Change = {
  readonly patch: Patch
  readonly isPublic?: boolean | undefined
  /** The revision that the caller has seen. */
  readonly revision?: number | undefined
}

/** Scans that read the file between our reading and our writing are waited for so often. */
const TRIES_MAX = 3

/** One try; undefined when the song was changed since its file was read, so that the reading may be old. */
async function tryChange(
  ctx: CatalogCtx,
  id: string,
  change: Change,
  triesLeft: number,
): Promise<Editable | undefined> {
  const isWritten = Object.values(change.patch).some((v) => v !== undefined)
  const seen = await editableSong(ctx.db, id)
  const source = isWritten ? await sourceOf(ctx, id) : undefined
  return ctx.write(async (tx) => {
    await lockShelf(tx)
    const song = await editableSong(tx, id)
    if (!song) throw notFound('song')
    assertRevision(song, change.revision)
    if (source && song.revision !== seen?.revision && triesLeft > 0) return undefined
    if (source) await rewriteIn(ctx, tx, song, source, change.patch)
    if (change.isPublic !== undefined) {
      const published = await publishSongs(tx, [id], change.isPublic)
      await recount(tx, [await touchedBy(tx, published)])
    }
    return song
  })
}

/** Changes what is said of a song and whether it is public, at once; whoever may is asked before. */
export async function changeSong(ctx: CatalogCtx, id: string, change: Change): Promise<void> {
  let before: Editable | undefined
  for (let left = TRIES_MAX - 1; left >= 0 && !before; left--) before = await tryChange(ctx, id, change, left)
  await tellChanged(ctx)
  const old = change.patch.cover === undefined ? undefined : before?.edits.cover
  if (old !== undefined) await releaseCovers(ctx, [old])
}
