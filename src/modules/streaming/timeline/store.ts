import { type Kysely, sql } from 'kysely'
import type { StreamingTables } from '../store.ts'

type Db = Kysely<StreamingTables>
export type TimelineId = { readonly contentId: string; readonly fileVersion: string }

/** Files of the same audio that are remembered; the same album lies in few places. */
const VERSIONS_MAX = 4

export async function findTimeline(db: Db, id: TimelineId): Promise<Buffer | undefined> {
  const row = await db
    .selectFrom('streaming.timelines')
    .select('data')
    .where('content_id', '=', id.contentId)
    .where('file_version', '=', id.fileVersion)
    .executeTakeFirst()
  return row?.data
}

/** Keeps it, and forgets the oldest of this audio above `VERSIONS_MAX`. */
export async function keepTimeline(db: Db, { contentId, fileVersion }: TimelineId, data: Buffer): Promise<void> {
  await sql`insert into streaming.timelines (content_id, file_version, data)
    values (${contentId}, ${fileVersion}, ${data})
    on conflict (content_id, file_version) do update set data = excluded.data, made_at = now()`.execute(db)
  await sql`delete from streaming.timelines where content_id = ${contentId} and file_version in (
    select file_version from streaming.timelines where content_id = ${contentId}
    order by made_at desc, file_version offset ${VERSIONS_MAX})`.execute(db)
}

export async function forgetTimelines(db: Db, contentIds: readonly string[]): Promise<void> {
  if (contentIds.length === 0) return
  await db.deleteFrom('streaming.timelines').where('content_id', 'in', contentIds).execute()
}
