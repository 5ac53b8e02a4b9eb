import { sql } from 'kysely'
import type { Db } from './db.ts'

export type WantedCover = { hash: string; kind: 'embedded' | 'image'; path: Buffer }
export async function wantedCovers(db: Db, limit: number): Promise<WantedCover[]> {
  const { rows } = await sql<WantedCover>`
    select hash, source_kind as kind, source_path as path from catalog.covers
    where state = 'wanted' order by created_at, hash limit ${limit}`.execute(db)
  return rows
}
export async function keepCover(db: Db, c: { hash: string; sizeBytes: number; color: string | null }): Promise<void> {
  await sql`update catalog.covers set state = 'ok', size_bytes = ${c.sizeBytes}, color = ${c.color}, reason = null
    where hash = ${c.hash}`.execute(db)
}
export async function refuseCover(db: Db, hash: string, reason: string): Promise<void> {
  await sql`update catalog.covers set state = 'bad', reason = ${reason} where hash = ${hash}`.execute(db)
}
