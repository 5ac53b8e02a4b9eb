import { sql } from 'kysely'
import type { ScanState } from '#modules/catalog/schema.ts'
import type { Db } from './db.ts'

/** A claim that is not renewed for so long is lost: its holder was killed. */
const CLAIM_SEC = 6

/**
 * Claims the library for one scan at a time; also renews. False while another process holds it. A row instead of an
 * advisory lock, because sessions do not survive a transaction pooler.
 */
export async function claimScan(db: Db, holder: string): Promise<boolean> {
  const { rows } = await sql`
    update catalog.scan_state set holder = ${holder}::uuid, held_until = now() + ${CLAIM_SEC} * interval '1 second'
    where id = 1 and (holder is null or holder = ${holder}::uuid or held_until < now()) returning 1`.execute(db)
  return rows.length > 0
}
export async function releaseScan(db: Db, holder: string): Promise<void> {
  await sql`update catalog.scan_state set holder = null, held_until = null
    where id = 1 and holder = ${holder}::uuid`.execute(db)
}
/** The same for watching the folders. */
export async function claimWatch(db: Db, watcher: string): Promise<boolean> {
  const { rows } = await sql`
    update catalog.scan_state set watcher = ${watcher}::uuid,
      watched_until = now() + ${CLAIM_SEC} * interval '1 second'
    where id = 1 and (watcher is null or watcher = ${watcher}::uuid or watched_until < now()) returning 1`.execute(db)
  return rows.length > 0
}
export async function releaseWatch(db: Db, watcher: string): Promise<void> {
  await sql`update catalog.scan_state set watcher = null, watched_until = null
    where id = 1 and watcher = ${watcher}::uuid`.execute(db)
}

export async function saveScanState(db: Db, state: ScanState): Promise<void> {
  await sql`update catalog.scan_state set state = ${JSON.stringify(state)}::jsonb where id = 1`.execute(db)
}
export type StoredScan = { state: ScanState | null; isHeld: boolean; isWatched: boolean }
export async function storedScan(db: Db): Promise<StoredScan> {
  const { rows } = await sql<StoredScan>`
    select state, coalesce(held_until > now(), false) as "isHeld", coalesce(watched_until > now(), false) as "isWatched"
    from catalog.scan_state where id = 1`.execute(db)
  return rows[0] ?? { state: null, isHeld: false, isWatched: false }
}
