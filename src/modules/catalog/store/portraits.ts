import { sql } from 'kysely'
import type { Db } from './db.ts'

export type KnownPortrait = { dir: Buffer; name: Buffer; sizeBytes: number; mtimeUs: number; hash: string | null }

/** Pictures of artists in one music folder. */
export async function knownPortraits(db: Db, folderId: string): Promise<KnownPortrait[]> {
  const { rows } = await sql<KnownPortrait>`select dir, name, size_bytes as "sizeBytes", mtime_us as "mtimeUs", hash
    from catalog.artist_pictures where folder_id = ${folderId}::uuid`.execute(db)
  return rows
}
export async function putPortrait(db: Db, folderId: string, p: KnownPortrait): Promise<void> {
  await sql`
    insert into catalog.artist_pictures (folder_id, dir, name, size_bytes, mtime_us, hash)
    values (${folderId}::uuid, ${p.dir}::bytea, ${p.name}::bytea, ${p.sizeBytes}, ${p.mtimeUs}, ${p.hash})
    on conflict (folder_id, dir) do update set name = excluded.name, size_bytes = excluded.size_bytes,
      mtime_us = excluded.mtime_us, hash = excluded.hash`.execute(db)
}
export async function dropPortraits(db: Db, folderId: string, dirs: readonly Buffer[]): Promise<void> {
  if (dirs.length === 0) return
  await sql`delete from catalog.artist_pictures
    where folder_id = ${folderId}::uuid and dir = any(${[...dirs]}::bytea[])`.execute(db)
}

/** A directory as hex, and what an artist of its name would be known by. */
export type Place = { dir: string; key: string }
/**
 * Says whom each picture of a folder shows: the one artist whose songs (by album artist, else main artist) lie at and
 * below it, or of several the one it is named after.
 */
export async function assignPortraits(db: Db, folderId: string, places: readonly Place[]): Promise<void> {
  if (places.length === 0) return
  await sql`
    with places as (select decode(r.dir, 'hex') as dir, r.key
      from jsonb_to_recordset(${JSON.stringify(places)}::jsonb) as r(dir text, key text)),
    heard as (
      select distinct p.dir, p.key, w.artist_id from places p
      join catalog.library_files lf on lf.folder_id = ${folderId}::uuid and lf.state <> 'missing'
        and lf.song_id is not null and lf.dir >= p.dir and lf.dir < p.dir || '\\x30'::bytea
        and (lf.dir = p.dir or lf.dir >= p.dir || '\\x2f'::bytea)
      cross join lateral (select sa.artist_id from catalog.song_artists sa
        where sa.song_id = lf.song_id and sa.role in ('album', 'main')
        order by sa.role <> 'album', sa.position limit 1) w),
    shown as (
      select p.dir, case when count(h.artist_id) = 1 then (array_agg(h.artist_id))[1]
        else (array_agg(h.artist_id) filter (where ar.identity_key = p.key))[1] end as artist_id
      from places p left join heard h on h.dir = p.dir left join catalog.artists ar on ar.id = h.artist_id
      group by p.dir)
    update catalog.artist_pictures x set artist_id = s.artist_id from shown s
    where x.folder_id = ${folderId}::uuid and x.dir = s.dir and x.artist_id is distinct from s.artist_id`.execute(db)
}

/** Brings artists to the pictures that show them: of several the one that lies highest, then first by name. */
export async function settlePortraits(db: Db): Promise<void> {
  await sql`
    update catalog.artists ar set folder_cover_hash = x.hash, folder_cover_no = x.no
    from (select a.id, best.hash, best.no from catalog.artists a
      left join lateral (select ap.hash, f.no from catalog.artist_pictures ap
        join catalog.folders f on f.id = ap.folder_id and f.removed_at is null
        where ap.artist_id = a.id and ap.hash is not null order by length(ap.dir), ap.dir, f.no limit 1) best on true
      where a.folder_cover_hash is not null
        or a.id in (select ap.artist_id from catalog.artist_pictures ap where ap.artist_id is not null)) x
    where ar.id = x.id and (ar.folder_cover_hash, ar.folder_cover_no) is distinct from (x.hash, x.no)`.execute(db)
}

/** The picture that an admin chose; answers the one before. Undefined when the artist is gone. */
export async function setOwnPortrait(
  db: Db,
  id: string,
  hash: string | null,
): Promise<{ before: string | null } | undefined> {
  const { rows } = await sql<{ before: string | null }>`
    with old as (select id, own_cover_hash as before from catalog.artists where id = ${id}::uuid for update)
    update catalog.artists ar set own_cover_hash = ${hash} from old where ar.id = old.id returning old.before`.execute(
    db,
  )
  return rows[0]
}
