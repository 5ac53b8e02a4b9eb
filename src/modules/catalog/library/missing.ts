import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { decodeCursor, encodeCursor } from '#modules/catalog/cursor.ts'
import type { CatalogCtx } from '#modules/catalog/scan/types.ts'
import { GONE_KEPT_DAYS } from '#modules/catalog/service/publish.ts'
import { toSong } from '#modules/catalog/service/shapes.ts'
import { songsById } from '#modules/catalog/store/songs.ts'
import type { MissingSong } from './contract.ts'
import { EVERYTHING } from './everything.ts'
import { missing, missingCount, type MissingRow } from './missing-store.ts'

const DAY_MS = 86_400_000

async function withSongs(ctx: CatalogCtx, rows: readonly MissingRow[]): Promise<MissingSong[]> {
  const ids = rows.map((r) => r.songId)
  const songs = new Map((await songsById(ctx.db, EVERYTHING, ids)).map((s) => [s.id, toSong(s)]))
  return rows.flatMap(({ songId, path, reason, since, goneAt }) => {
    const song = songs.get(songId)
    if (!song) return []
    const forgottenAt = goneAt && new Date(goneAt.getTime() + GONE_KEPT_DAYS * DAY_MS).toISOString()
    return [{ song, path, reason, missingSince: since.toISOString(), forgottenAt }]
  })
}

/** For admins, who see every song. What lies in a folder that cannot be reached is never forgotten. */
export async function listMissing(ctx: CatalogCtx, ask: { limit?: number; cursor?: string; count?: boolean }) {
  const limit = ask.limit ?? PAGE_DEFAULT
  const cursor = decodeCursor(ask.cursor, 'missing', 'bigint')
  const rows = await missing(ctx.db, cursor && { orderUs: String(cursor.value), id: cursor.id }, limit + 1)
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    items: await withSongs(ctx, page),
    nextCursor: last ? encodeCursor('missing', { value: last.orderUs, id: last.songId, seed: 0 }) : null,
    ...(ask.count ? { total: await missingCount(ctx.db) } : {}),
  }
}
