import { type Kysely, sql } from 'kysely'
import type { StreamingTables } from '../store.ts'

type Db = Kysely<StreamingTables>
export type KeyRow = { readonly id: string; readonly secret: string; readonly ageSec: number }

/** The newest first. Ages are by the database's clock, which all processes share. */
export async function readKeys(db: Db): Promise<KeyRow[]> {
  const { rows } = await sql<{ id: string; secret: string; age_sec: number }>`
    select id, secret, extract(epoch from now() - created_at)::float8 as age_sec
    from streaming.link_keys order by created_at desc, id`.execute(db)
  return rows.map((r) => ({ id: r.id, secret: r.secret, ageSec: r.age_sec }))
}

export const insertKey = (db: Db, key: { id: string; secret: string }) =>
  db
    .insertInto('streaming.link_keys')
    .values({ ...key, created_at: sql`now()` })
    .execute()

/** Writes only while the row holds what was read: another process may be sealing it, too. */
export const sealKey = (db: Db, row: { id: string; was: string; secret: string }) =>
  db
    .updateTable('streaming.link_keys')
    .set({ secret: row.secret })
    .where('id', '=', row.id)
    .where('secret', '=', row.was)
    .execute()

/** Keys that have not signed for so long: the one made after them is older than that. */
export async function deleteFormerKeys(db: Db, keptSec: number): Promise<void> {
  await sql`delete from streaming.link_keys k where exists (
    select from streaming.link_keys later
    where later.created_at > k.created_at and later.created_at < now() - ${keptSec} * interval '1 second')`.execute(db)
}
