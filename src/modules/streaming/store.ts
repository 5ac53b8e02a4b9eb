import { type Kysely, sql } from 'kysely'

export type StreamingTables = {
  'streaming.renditions': {
    content_id: string
    profile: string
    blob_key: string
    size_bytes: number
    created_at: Date
    last_used_at: Date
  }
}
type Db = Kysely<StreamingTables>
export type Stored = { blobKey: string; sizeBytes: number; lastUsedAt: Date }
export type RenditionId = { readonly contentId: string; readonly profile: string }

export async function findRendition(db: Db, id: RenditionId): Promise<Stored | undefined> {
  const row = await db
    .selectFrom('streaming.renditions')
    .select(['blob_key', 'size_bytes', 'last_used_at'])
    .where('content_id', '=', id.contentId)
    .where('profile', '=', id.profile)
    .executeTakeFirst()
  return row && { blobKey: row.blob_key, sizeBytes: row.size_bytes, lastUsedAt: row.last_used_at }
}

export async function keepRendition(db: Db, id: RenditionId, made: { blobKey: string; sizeBytes: number }) {
  await sql`insert into streaming.renditions (content_id, profile, blob_key, size_bytes)
    values (${id.contentId}, ${id.profile}, ${made.blobKey}, ${made.sizeBytes})
    on conflict (content_id, profile) do update
      set blob_key = excluded.blob_key, size_bytes = excluded.size_bytes, last_used_at = now()`.execute(db)
}

export const touchRendition = async (db: Db, id: RenditionId): Promise<void> => {
  await db
    .updateTable('streaming.renditions')
    .set({ last_used_at: sql`now()` })
    .where('content_id', '=', id.contentId)
    .where('profile', '=', id.profile)
    .execute()
}

export const forgetRendition = async (db: Db, blobKey: string): Promise<void> => {
  await db.deleteFrom('streaming.renditions').where('blob_key', '=', blobKey).execute()
}

/** Forgets what was made of these pieces of audio; answers its blob keys. */
export async function forgetContents(db: Db, contentIds: readonly string[]): Promise<string[]> {
  if (contentIds.length === 0) return []
  const rows = await db
    .deleteFrom('streaming.renditions')
    .where('content_id', 'in', contentIds)
    .returning('blob_key')
    .execute()
  return rows.map((row) => row.blob_key)
}

/** Blob keys to give up, longest unused first, so that at most `limitBytes` stay. */
export async function overLimit(db: Db, limitBytes: number): Promise<string[]> {
  const { rows } = await sql<{ blob_key: string }>`
    select blob_key from (
      select blob_key, last_used_at, sum(size_bytes) over (order by last_used_at desc, blob_key) as kept
      from streaming.renditions
    ) ranked where kept > ${limitBytes} order by last_used_at`.execute(db)
  return rows.map((row) => row.blob_key)
}

/** Which of these blob keys have a row. */
export async function knownKeys(db: Db, keys: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom('streaming.renditions').select('blob_key').where('blob_key', 'in', keys).execute()
  return new Set(rows.map((row) => row.blob_key))
}
