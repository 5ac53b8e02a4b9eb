import { type Kysely, sql } from 'kysely'
import type { TimelineTables } from './timeline/tables.ts'

export type StreamingTables = TimelineTables & {
  'streaming.link_keys': { id: string; secret: string; created_at: Date }
  'streaming.renditions': {
    content_id: string
    profile: string
    blob_key: string
    size_bytes: number
    version: string
    pieces: Buffer
    created_at: Date
    last_used_at: Date
  }
}
type Db = Kysely<StreamingTables>
export type Made = {
  readonly blobKey: string
  readonly sizeBytes: number
  /** Which making it is. */
  readonly version: string
  /** Bytes and CRC-32 of every piece. */
  readonly pieces: Buffer
}
export type Stored = Made & { readonly lastUsedAt: Date }
export type RenditionId = { readonly contentId: string; readonly profile: string }

export async function findRendition(db: Db, id: RenditionId): Promise<Stored | undefined> {
  const row = await db
    .selectFrom('streaming.renditions')
    .select(['blob_key', 'size_bytes', 'version', 'pieces', 'last_used_at'])
    .where('content_id', '=', id.contentId)
    .where('profile', '=', id.profile)
    .executeTakeFirst()
  if (!row) return undefined
  const { version, pieces } = row
  return { blobKey: row.blob_key, sizeBytes: row.size_bytes, version, pieces, lastUsedAt: row.last_used_at }
}

export async function keepRendition(db: Db, id: RenditionId, { blobKey, sizeBytes, version, pieces }: Made) {
  await sql`insert into streaming.renditions (content_id, profile, blob_key, size_bytes, version, pieces)
    values (${id.contentId}, ${id.profile}, ${blobKey}, ${sizeBytes}, ${version}, ${pieces})
    on conflict (content_id, profile) do update
      set blob_key = excluded.blob_key, size_bytes = excluded.size_bytes, version = excluded.version,
        pieces = excluded.pieces, last_used_at = now()`.execute(db)
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

export async function totalBytes(db: Db): Promise<number> {
  const { rows } = await sql<{ bytes: string }>`
    select coalesce(sum(size_bytes), 0)::text as bytes from streaming.renditions`.execute(db)
  return Number(rows[0]?.bytes ?? 0)
}

export type Old = { readonly blobKey: string; readonly sizeBytes: number; readonly usedMs: number }

/** The longest unused first. */
export async function oldestRenditions(db: Db, limit: number): Promise<Old[]> {
  const rows = await db
    .selectFrom('streaming.renditions')
    .select(['blob_key', 'size_bytes', 'last_used_at'])
    .orderBy('last_used_at')
    .orderBy('blob_key')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ blobKey: row.blob_key, sizeBytes: row.size_bytes, usedMs: row.last_used_at.getTime() }))
}

/** Which of these blob keys have a row. */
export async function knownKeys(db: Db, keys: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom('streaming.renditions').select('blob_key').where('blob_key', 'in', keys).execute()
  return new Set(rows.map((row) => row.blob_key))
}
