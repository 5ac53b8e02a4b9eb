import { sql } from 'kysely'
import type { Palette } from '#kernel/media/types.ts'
import type { Db, Sql } from './db.ts'

export type WantedCover = { hash: string; kind: 'embedded' | 'image'; path: Buffer }
export async function wantedCovers(db: Db, limit: number): Promise<WantedCover[]> {
  const { rows } = await sql<WantedCover>`
    select hash, source_kind as kind, source_path as path from catalog.covers
    where state = 'wanted' order by created_at, hash limit ${limit}`.execute(db)
  return rows
}
/** What a picture is like, and by which version of the program that was found. */
export type Looks = { color: string | null; blurhash: string | null; palette: Palette | null; look: number }
const looks = ({ color, blurhash, palette, look }: Looks): Sql =>
  sql`color = ${color}, blurhash = ${blurhash}, look = ${look},
    palette = ${palette === null ? null : JSON.stringify(palette)}::jsonb`

export async function keepCover(db: Db, c: Looks & { hash: string; sizeBytes: number }): Promise<void> {
  await sql`update catalog.covers set state = 'ok', size_bytes = ${c.sizeBytes}, ${looks(c)}, reason = null
    where hash = ${c.hash}`.execute(db)
}
/** Pictures that no program of this version has looked at. */
export async function coversToLookAt(db: Db, version: number, limit: number): Promise<string[]> {
  const { rows } = await sql<{ hash: string }>`select hash from catalog.covers
    where state = 'ok' and look < ${version} order by look, hash limit ${limit}`.execute(db)
  return rows.map((r) => r.hash)
}
export async function saveLooks(db: Db, hash: string, found: Looks): Promise<void> {
  await sql`update catalog.covers set ${looks(found)} where hash = ${hash}`.execute(db)
}
/** It could not be looked at now, and would not be another time: the colour it has stays. */
export async function passCover(db: Db, hash: string, version: number): Promise<void> {
  await sql`update catalog.covers set look = ${version} where hash = ${hash}`.execute(db)
}
export async function refuseCover(db: Db, hash: string, reason: string): Promise<void> {
  await sql`update catalog.covers set state = 'bad', reason = ${reason} where hash = ${hash}`.execute(db)
}
