import { sql } from 'kysely'
import type { Db, Sql } from './db.ts'

export type KnownFile = {
  id: number
  dir: Buffer
  name: Buffer
  sizeBytes: number
  mtimeUs: number
  sidecars: string
  contentId: string | null
  songId: string | null
  state: 'ok' | 'faulty' | 'missing'
  faultCode: string | null
}

export async function knownFiles(db: Db, folderId: string, dirs: readonly Buffer[]): Promise<KnownFile[]> {
  const { rows } = await sql<KnownFile>`
    select id, dir, name, size_bytes as "sizeBytes", mtime_us as "mtimeUs", sidecars, content_id as "contentId",
      song_id as "songId", state, fault_code as "faultCode"
    from catalog.library_files where folder_id = ${folderId}::uuid and dir = any(${[...dirs]}::bytea[])`.execute(db)
  return rows
}

/**
 * What `signatureOf` makes of a directory, made of its known files, by the latin1 text of its path; null where a fault
 * may pass by itself. Directories without known files do not appear. One row a directory instead of one a file.
 */
export async function knownSignatures(
  db: Db,
  folderId: string,
  dirs: readonly Buffer[],
  passingFaults: readonly string[],
): Promise<Map<string, string | null>> {
  const { rows } = await sql<{ dir: Buffer; signature: string | null }>`
    select dir, case when bool_or(fault_code = any(${[...passingFaults]}::text[])) is true then null else
        encode(sha256(string_agg(name || convert_to(
          '/' || size_bytes || ':' || mtime_us || '|' || sidecars || '/', 'UTF8'), ''::bytea order by name)), 'hex')
      end as signature
    from catalog.library_files
    where folder_id = ${folderId}::uuid and dir = any(${[...dirs]}::bytea[]) and state <> 'missing'
    group by dir`.execute(db)
  return new Map(rows.map((r) => [r.dir.toString('latin1'), r.signature]))
}

/**
 * Directories at or below one that hold files known now or once, in byte order, `limit` at a time. Steps from one to the
 * next in the index: what it costs grows with the directories, not with their files.
 */
export async function knownDirs(
  db: Db,
  folderId: string,
  o: { below: Buffer; after: Buffer | undefined; limit: number },
): Promise<Buffer[]> {
  // All that begins with `below/` sorts between it and `below0`, because 0 follows / in ASCII.
  const [first, last] = ['/', '0'].map((c) => Buffer.concat([o.below, Buffer.from(c)]))
  const within =
    o.below.length === 0
      ? sql`true`
      : sql`(dir >= ${o.below}::bytea and dir < ${last}::bytea and (dir = ${o.below}::bytea or dir >= ${first}::bytea))`
  const next = (after: Sql) => sql`(select dir from catalog.library_files
    where folder_id = ${folderId}::uuid and ${within} and ${after} order by dir limit 1)`
  const { rows } = await sql<{ dir: Buffer }>`
    with recursive stepped(dir, n) as (
      select ${next(o.after === undefined ? sql`true` : sql`dir > ${o.after}::bytea`)}, 1
      union all select ${next(sql`dir > stepped.dir`)}, n + 1 from stepped
        where stepped.dir is not null and n < ${o.limit})
    select dir from stepped where dir is not null`.execute(db)
  return rows.map((r) => r.dir)
}

/** Ids of files of directories that are not known to be gone. */
export async function livingFiles(db: Db, folderId: string, dirs: readonly Buffer[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from catalog.library_files
    where folder_id = ${folderId}::uuid and dir = any(${[...dirs]}::bytea[]) and state <> 'missing'`.execute(db)
  return rows.map((r) => r.id)
}

export type SameAudio = {
  fileId: number
  songId: string
  contentId: string
  durationMs: number
  state: 'ok' | 'faulty' | 'missing'
  folderPath: Buffer
  dir: Buffer
  name: Buffer
}
/** Files known to hold this audio: one of them may be where a new file was before. */
export async function filesWithAudio(db: Db, contentIds: readonly string[]): Promise<SameAudio[]> {
  const { rows } = await sql<SameAudio>`
    select lf.id as "fileId", lf.song_id as "songId", lf.content_id as "contentId", lf.duration_ms as "durationMs",
      lf.state, fo.path as "folderPath", lf.dir, lf.name
    from catalog.library_files lf join catalog.folders fo on fo.id = lf.folder_id
    where lf.content_id = any(${[...contentIds]}::text[]) and lf.song_id is not null
    order by lf.state = 'missing' desc, lf.id`.execute(db)
  return rows
}

export type FileRow = {
  folder: string
  dir: string
  name: string
  path: string
  size: number
  mtime: number
  sidecars: string
  content: string | null
  duration: number | null
  song: string | null
  code: string | null
  reason: string | null
}
/** `dir` and `name` as hex. A faulty file keeps the song it had, which comes back when the file is mended. */
export async function upsertFiles(db: Db, rows: readonly FileRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    insert into catalog.library_files as lf (folder_id, dir, name, path_text, size_bytes, mtime_us, sidecars,
      content_id, duration_ms, song_id, state, fault_code, fault_reason, fault_at)
    select r.folder, decode(r.dir, 'hex'), decode(r.name, 'hex'), r.path, r.size, r.mtime, r.sidecars, r.content,
      r.duration, r.song, case when r.code is null then 'ok' else 'faulty' end, r.code, r.reason,
      case when r.code is not null then now() end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(folder uuid, dir text, name text, path text,
      size bigint, mtime bigint, sidecars text, content text, duration integer, song uuid, code text, reason text)
    on conflict (folder_id, dir, name) do update set path_text = excluded.path_text,
      size_bytes = excluded.size_bytes, mtime_us = excluded.mtime_us, sidecars = excluded.sidecars,
      content_id = coalesce(excluded.content_id, lf.content_id),
      duration_ms = coalesce(excluded.duration_ms, lf.duration_ms), song_id = coalesce(excluded.song_id, lf.song_id),
      state = excluded.state, fault_code = excluded.fault_code, fault_reason = excluded.fault_reason,
      fault_at = excluded.fault_at, missing_since = null`.execute(db)
}

export async function deleteFiles(db: Db, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await sql`delete from catalog.library_files where id = any(${[...ids]}::bigint[])`.execute(db)
}

/** Marks files that are no longer there; faults of files that are gone are forgotten with them. Returns their songs. */
export async function markFilesMissing(db: Db, ids: readonly number[]): Promise<string[]> {
  await sql`delete from catalog.library_files
    where id = any(${[...ids]}::bigint[]) and song_id is null`.execute(db)
  const { rows } = await sql<{ songId: string }>`
    update catalog.library_files set state = 'missing', missing_since = now(), fault_code = null,
      fault_reason = null, fault_at = null
    where id = any(${[...ids]}::bigint[]) and state <> 'missing' returning song_id as "songId"`.execute(db)
  return rows.map((r) => r.songId)
}

export type FaultRow = { id: number; path: string; reasonCode: string; reason: string; at: Date; atUs: string }
/** Newest first. `before` is the last one of the page before. */
export async function faults(
  db: Db,
  before: { atUs: string; id: number } | undefined,
  limit: number,
): Promise<FaultRow[]> {
  const { rows } = await sql<FaultRow>`
    select lf.id, lf.path_text as path, lf.fault_code as "reasonCode", lf.fault_reason as reason, lf.fault_at as at,
      (extract(epoch from lf.fault_at) * 1000000)::bigint::text as "atUs"
    from catalog.library_files lf where lf.state = 'faulty'
      and (${before === undefined} or (lf.fault_at, lf.id) <
        (to_timestamp(0) + ${before?.atUs ?? '0'}::bigint * interval '1 microsecond', ${before?.id ?? 0}::bigint))
    order by lf.fault_at desc, lf.id desc limit ${limit}`.execute(db)
  return rows
}
export async function faultCount(db: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from catalog.library_files where state = 'faulty'`.execute(db)
  return rows[0]?.n ?? 0
}
