import { sql } from 'kysely'
import type { Db, Sql } from '#modules/catalog/store/db.ts'
import type { Fields, Kind, State, UploadRow } from './shapes.ts'

const COLUMNS: Sql = sql`u.id, u.owner_id as "ownerId", u.kind, u.state, u.progress::float8 as progress,
  u.file_name as "fileName", u.size_bytes::float8 as "sizeBytes", u.received_bytes::float8 as "receivedBytes",
  u.fields, u.hash, u.image_hash as "imageHash", u.song_id as "songId", u.is_duplicate as "isDuplicate",
  u.fault_code as "faultCode", u.fault_detail as "faultDetail", u.created_at as "createdAt",
  u.updated_at as "updatedAt", u.expires_at as "expiresAt"`
const inSec = (seconds: number): Sql => sql`now() + ${seconds} * interval '1 second'`

/** One writer at a time of what a person has: their quota is counted under it. */
export async function lockUploadsOf(db: Db, ownerId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`catalog.uploads:${ownerId}`}, 0))`.execute(db)
}

export type NewUpload = {
  id: string
  ownerId: string
  kind: Kind
  fileName: string | null
  sizeBytes: number | null
  fields: Fields
  expiresSec: number
}
export async function insertUpload(db: Db, n: NewUpload): Promise<UploadRow> {
  const { rows } = await sql<UploadRow>`
    insert into catalog.uploads as u (id, owner_id, kind, state, file_name, size_bytes, fields, expires_at)
    values (${n.id}::uuid, ${n.ownerId}::uuid, ${n.kind}, 'pending', ${n.fileName}, ${n.sizeBytes},
      ${JSON.stringify(n.fields)}::jsonb, ${inSec(n.expiresSec)})
    returning ${COLUMNS}`.execute(db)
  return rows[0] as UploadRow
}

export async function uploadById(db: Db, id: string): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`select ${COLUMNS} from catalog.uploads u where id = ${id}::uuid`.execute(db)
  return rows[0]
}
/** The same, kept as it is until the transaction ends. */
export async function holdUpload(db: Db, id: string): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    select ${COLUMNS} from catalog.uploads u where id = ${id}::uuid for update`.execute(db)
  return rows[0]
}

export async function uploadsOf(
  db: Db,
  q: { ownerId: string; state: State | undefined; before: string | undefined; limit: number },
): Promise<UploadRow[]> {
  const { rows } = await sql<UploadRow>`
    select ${COLUMNS} from catalog.uploads u where owner_id = ${q.ownerId}::uuid
      ${q.state === undefined ? sql`` : sql`and state = ${q.state}`}
      ${q.before === undefined ? sql`` : sql`and id < ${q.before}::uuid`}
    order by id desc limit ${q.limit}`.execute(db)
  return rows
}
export async function countUploads(db: Db, ownerId: string, state: State | undefined): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from catalog.uploads where owner_id = ${ownerId}::uuid
      ${state === undefined ? sql`` : sql`and state = ${state}`}`.execute(db)
  return rows[0]?.n ?? 0
}

/** From now on only this writer notes bytes. False when the upload is not where it thinks. */
export async function beginWriting(db: Db, w: { id: string; writer: string; from: number }): Promise<boolean> {
  const { numAffectedRows } = await sql`update catalog.uploads set writer = ${w.writer}::uuid
    where id = ${w.id}::uuid and received_bytes = ${w.from}::bigint and state in ('pending', 'uploading')`.execute(db)
  return numAffectedRows === 1n
}

/**
 * Bytes `from`..`to` are on the disk. The last of them begins the processing. Undefined when the upload is not where
 * its writer thinks: another writer was faster, or it is gone.
 */
export async function noteReceived(
  db: Db,
  n: { id: string; writer: string | undefined; from: number; to: number; expiresSec: number; receivedShare: number },
): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    update catalog.uploads u set received_bytes = ${n.to}::bigint, updated_at = now(), expires_at = ${inSec(n.expiresSec)},
      state = case when size_bytes = ${n.to}::bigint then 'processing' else 'uploading' end,
      progress = case when size_bytes = ${n.to}::bigint then ${n.receivedShare}::real else 0 end
    where id = ${n.id}::uuid and received_bytes = ${n.from}::bigint and state in ('pending', 'uploading')
      and writer is not distinct from ${n.writer ?? null}::uuid
      and (size_bytes is null or size_bytes >= ${n.to}::bigint)
    returning ${COLUMNS}`.execute(db)
  return rows[0]
}
/** A resumable upload says how long it will be. */
export async function setSize(db: Db, id: string, sizeBytes: number): Promise<void> {
  await sql`update catalog.uploads set size_bytes = ${sizeBytes}, updated_at = now()
    where id = ${id}::uuid and size_bytes is null and received_bytes <= ${sizeBytes}::bigint`.execute(db)
}

export async function setProgress(db: Db, id: string, progress: number): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    update catalog.uploads u set progress = ${progress}, updated_at = now()
    where id = ${id}::uuid and state = 'processing' returning ${COLUMNS}`.execute(db)
  return rows[0]
}
/** From now on the bytes are held by the upload; see release.ts. */
export async function setHash(db: Db, id: string, hash: string): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update catalog.uploads set hash = ${hash}, updated_at = now()
    where id = ${id}::uuid and state = 'processing'`.execute(db)
  return numAffectedRows === 1n
}
export async function setImageHash(db: Db, id: string, hash: string | null): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update catalog.uploads set image_hash = ${hash}, updated_at = now() where id = ${id}::uuid`.execute(db)
  return numAffectedRows === 1n
}

export type Finished = {
  id: string
  state: 'analyzing' | 'completed'
  progress: number
  songId: string | null
  isDuplicate: boolean
  expiresSec: number
}
export async function finish(db: Db, f: Finished): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    update catalog.uploads u set state = ${f.state}, progress = ${f.progress}, song_id = ${f.songId}::uuid,
      is_duplicate = ${f.isDuplicate}, expires_at = ${inSec(f.expiresSec)}, updated_at = now()
    where id = ${f.id}::uuid and state = 'processing' returning ${COLUMNS}`.execute(db)
  return rows[0]
}
export async function fail(
  db: Db,
  f: { id: string; code: string; detail: string; expiresSec: number },
): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    update catalog.uploads u set state = 'failed', fault_code = ${f.code}, fault_detail = ${f.detail},
      expires_at = ${inSec(f.expiresSec)}, updated_at = now()
    where id = ${f.id}::uuid and state in ('pending', 'uploading', 'processing') returning ${COLUMNS}`.execute(db)
  return rows[0]
}
/** A song was made of a completed upload. False when it has one already, or is gone. */
export async function setSong(db: Db, id: string, songId: string, keptSec: number): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    update catalog.uploads u set song_id = ${songId}::uuid, expires_at = ${inSec(keptSec)}, updated_at = now()
    where id = ${id}::uuid and state = 'completed' and song_id is null returning ${COLUMNS}`.execute(db)
  return rows[0]
}
/** The song has been analysed, or cannot be: either way its uploads have come to their end. */
export async function completeOf(db: Db, songId: string): Promise<UploadRow[]> {
  const { rows } = await sql<UploadRow>`
    update catalog.uploads u set state = 'completed', progress = 1, updated_at = now()
    where song_id = ${songId}::uuid and state = 'analyzing' returning ${COLUMNS}`.execute(db)
  return rows
}

export async function deleteUpload(db: Db, id: string): Promise<UploadRow | undefined> {
  const { rows } = await sql<UploadRow>`
    delete from catalog.uploads u where id = ${id}::uuid returning ${COLUMNS}`.execute(db)
  return rows[0]
}
export async function deleteUploadsOf(db: Db, ownerId: string): Promise<UploadRow[]> {
  const { rows } = await sql<UploadRow>`
    delete from catalog.uploads u where owner_id = ${ownerId}::uuid returning ${COLUMNS}`.execute(db)
  return rows
}
/** Those whose time is over, and those of songs that are gone; `limit` at most. */
export async function deleteExpired(db: Db, limit: number): Promise<UploadRow[]> {
  const { rows } = await sql<UploadRow>`
    delete from catalog.uploads u where id in (select id from catalog.uploads
      where expires_at < now() order by expires_at limit ${limit} for update skip locked)
    returning ${COLUMNS}`.execute(db)
  return rows
}
export async function deleteSongless(db: Db, limit: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from catalog.uploads where id in (select u.id from catalog.uploads u where u.song_id is not null
      and not exists (select from catalog.songs s where s.id = u.song_id) limit ${limit})`.execute(db)
  return Number(numAffectedRows ?? 0)
}
/** Processing of these was under way; of which ids there is a row at all. */
export async function inProcessing(db: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from catalog.uploads where state = 'processing'`.execute(db)
  return rows.map((r) => r.id)
}
export async function needingFiles(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`select id from catalog.uploads
    where id = any(${[...ids]}::uuid[]) and state in ('pending', 'uploading', 'processing')`.execute(db)
  return new Set(rows.map((r) => r.id))
}

/** Pictures that a person brought: of their songs and albums, and those that wait to be shown. Each counts once. */
const picturesOf = (ownerId: string): Sql => sql`
  select s.edits->>'cover' from catalog.songs s where s.owner_id = ${ownerId}::uuid and s.edits ? 'cover'
  union select al.own_cover_hash from catalog.albums al where al.owner_id = ${ownerId}::uuid
  union select u.image_hash from catalog.uploads u where u.owner_id = ${ownerId}::uuid`

/** What of a person counts against their quota: their songs' bytes, what waits to become one, pictures, what is on its way. */
export async function usedBytes(db: Db, ownerId: string): Promise<{ usedBytes: number; open: number }> {
  const { rows } = await sql<{ usedBytes: number; open: number }>`
    select (coalesce((select sum(a.size_bytes) from catalog.assets a where a.hash in (
        select asset_hash from catalog.songs where owner_id = ${ownerId}::uuid and asset_hash is not null
        union select hash from catalog.uploads where owner_id = ${ownerId}::uuid and state = 'completed'
          and song_id is null and hash is not null and expires_at > now())), 0)
      + coalesce((select sum(c.size_bytes) from catalog.covers c where c.source_kind = 'upload'
        and c.hash in (${picturesOf(ownerId)})), 0)
      + coalesce(x.bytes, 0))::float8 as "usedBytes", x.open
    from (select sum(coalesce(size_bytes, received_bytes)) as bytes, count(*)::int as open from catalog.uploads
      where owner_id = ${ownerId}::uuid and state in ('pending', 'uploading', 'processing')
        and expires_at > now()) x`.execute(db)
  return rows[0] ?? { usedBytes: 0, open: 0 }
}

/** The song of a person that has these bytes, and whether its analysis is over. */
export async function songOfAsset(
  db: Db,
  ownerId: string,
  hash: string,
): Promise<{ id: string; isAnalyzed: boolean } | undefined> {
  const { rows } = await sql<{ id: string; isAnalyzed: boolean }>`
    select s.id, coalesce(f.state in ('completed', 'failed'), false) as "isAnalyzed"
    from catalog.songs s left join catalog.song_facets f on f.song_id = s.id
    where s.owner_id = ${ownerId}::uuid and s.asset_hash = ${hash} order by s.id limit 1`.execute(db)
  return rows[0]
}
