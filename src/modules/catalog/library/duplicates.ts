import { badRequest } from '#kernel/errors.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { toSong } from '#modules/catalog/service/shapes.ts'
import { songsById } from '#modules/catalog/store/songs.ts'
import { type Duplicate, DUPLICATE_SONGS_MAX } from './contract.ts'
import { EVERYTHING } from './everything.ts'
import { copiesOf, duplicateCount, type DuplicateRow, duplicates } from './duplicates-store.ts'

type Ask = { limit?: number; cursor?: string; count?: boolean }
type Page = { items: Duplicate[]; nextCursor: string | null; total?: number }
type Place = Pick<DuplicateRow, 'contentId' | 'wastedBytes'>

const encode = (d: Place): string =>
  Buffer.from(JSON.stringify(['duplicates', d.wastedBytes, d.contentId])).toString('base64url')

/** @throws 400 `bad_cursor` */
function decode(cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const bad = badRequest('bad_cursor', 'The cursor is not one of this list: pass nextCursor as it was answered.')
  try {
    const [of, wastedBytes, contentId] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown[]
    if (of !== 'duplicates' || !Number.isSafeInteger(wastedBytes)) throw bad
    if (typeof contentId !== 'string' || contentId.includes('\0')) throw bad
    return { wastedBytes: wastedBytes as number, contentId }
  } catch {
    throw bad
  }
}

async function withSongs(ctx: CatalogCtx, rows: readonly DuplicateRow[]): Promise<Duplicate[]> {
  const ids = rows.map((r) => r.contentId)
  const copies = await copiesOf(ctx.db, ids, DUPLICATE_SONGS_MAX)
  const songIds = copies.map((c) => c.songId)
  const songs = new Map((await songsById(ctx.db, EVERYTHING, songIds)).map((s) => [s.id, toSong(s)]))
  const byContent = Map.groupBy(copies, (c) => c.contentId)
  return rows.map((row) => ({
    ...row,
    songs: (byContent.get(row.contentId) ?? []).flatMap(({ songId, path }) => {
      const song = songs.get(songId)
      return song ? [{ song, path }] : []
    }),
  }))
}

/** For admins, who see every song. */
export async function listDuplicates(ctx: CatalogCtx, ask: Ask): Promise<Page> {
  const limit = ask.limit ?? PAGE_DEFAULT
  const rows = await duplicates(ctx.db, decode(ask.cursor), limit + 1)
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    items: await withSongs(ctx, page),
    nextCursor: last ? encode(last) : null,
    ...(ask.count ? { total: await duplicateCount(ctx.db) } : {}),
  }
}
