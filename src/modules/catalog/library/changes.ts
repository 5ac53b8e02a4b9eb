import type { Caller } from '#kernel/caller.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { toAlbum, toArtist, toSong } from '#modules/catalog/service/shapes.ts'
import { viewFor } from '#modules/catalog/service/view.ts'
import { albumsById } from '#modules/catalog/store/albums.ts'
import { artistsById } from '#modules/catalog/store/artists.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { songsById } from '#modules/catalog/store/songs.ts'
import { changesAfter, feedEnds, forgetRemoved, type Noted } from './changes-store.ts'
import type { Change, Changes } from './contract.ts'
import { decodeSince, encodeSince, type Since, viewName } from './since.ts'

/** Items of a page when nothing is said. */
const LIMIT_DEFAULT = 100
/** Changes looked at for one page: where most are others' own, a page has fewer items than asked for, or none. */
const LOOKED_AT_MAX = 10_000
/** Looked at together at least. */
const CHUNK_LEAST = 200
/** A copy that was not brought up to date for so long begins anew. */
export const REMOVED_KEPT_DAYS = 180
const FORGET_AT_ONCE = 5000

/** Where to read on, and whether from the beginning although the client is somewhere. */
async function placeOf(db: Db, view: string, text: string | undefined): Promise<{ since: Since; reset: boolean }> {
  const asked = text === undefined ? undefined : decodeSince(text)
  const { newest, forgotten } = await feedEnds(db)
  const begin = { since: { view, seq: 0, start: newest }, reset: asked !== undefined }
  if (asked === undefined || asked.view !== view) return begin
  // A database that was put back to an older state knows nothing of what came after it.
  const isAhead = Math.max(asked.seq, asked.start) > newest
  return isAhead || Math.max(asked.seq, asked.start) < forgotten ? begin : { since: asked, reset: false }
}

type Read = { noted: Noted[]; seq: number; hasMore: boolean }
/** What is news to the caller, `limit` at most. */
async function read(db: Db, view: View, userId: string, { seq, start }: Since, limit: number): Promise<Read> {
  const noted: Noted[] = []
  let [at, looked] = [seq, 0]
  while (looked < LOOKED_AT_MAX) {
    const size = Math.max(limit - noted.length, CHUNK_LEAST)
    const chunk = await changesAfter(db, { view, userId, seq: at, limit: size })
    looked += chunk.length
    for (const c of chunk) {
      // INVARIANT: the copy holds nothing that was gone when it was begun.
      const isNews = c.sees || (c.mayKnow && c.seq > start)
      if (isNews && noted.length === limit) return { noted, seq: at, hasMore: true }
      if (isNews) noted.push(c)
      at = c.seq
    }
    if (chunk.length < size) return { noted, seq: at, hasMore: false }
  }
  return { noted, seq: at, hasMore: true }
}

const idsOf = (noted: readonly Noted[], kind: Noted['kind']): string[] =>
  noted.filter((n) => n.sees && n.kind === kind).map((n) => n.id)

/** The things as they are now; what went away since the change was read is told of as removed, and once more later. */
async function itemsOf(db: Db, view: View, noted: readonly Noted[]): Promise<Change[]> {
  const [songs, albums, artists] = await Promise.all([
    songsById(db, view, idsOf(noted, 'song')),
    albumsById(db, view, idsOf(noted, 'album')),
    artistsById(db, view, idsOf(noted, 'artist')),
  ])
  const things = new Map<string, Pick<Change, 'song' | 'album' | 'artist'>>([
    ...songs.map((r) => [r.id, { song: toSong(r) }] as const),
    ...albums.map((r) => [r.id, { album: toAlbum(r) }] as const),
    ...artists.map((r) => [r.id, { artist: toArtist(r) }] as const),
  ])
  return noted.map(({ kind, id }) => {
    const thing = things.get(id)
    return { kind, id, what: thing ? 'changed' : 'removed', ...thing }
  })
}

/** A page of what changed after `since`; without it, of everything. */
export async function changesFor(
  ctx: CatalogCtx,
  who: Caller,
  ask: { limit?: number; since?: string },
): Promise<Changes> {
  const view = await viewFor(ctx, who)
  const name = viewName(who, view)
  const { since, reset } = await placeOf(ctx.db, name, ask.since)
  const { noted, seq, hasMore } = await read(ctx.db, view, who.userId ?? NO_ID, since, ask.limit ?? LIMIT_DEFAULT)
  return {
    items: await itemsOf(ctx.db, view, noted),
    next: encodeSince({ view: name, seq, start: since.start }),
    hasMore,
    reset,
  }
}
const NO_ID = '00000000-0000-0000-0000-000000000000'

/** "Removed" is not kept for ever. */
export async function forgetChanges(ctx: CatalogCtx, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    if ((await ctx.write((tx) => forgetRemoved(tx, REMOVED_KEPT_DAYS, FORGET_AT_ONCE))) < FORGET_AT_ONCE) return
  }
}
