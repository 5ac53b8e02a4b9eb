import { sql } from 'kysely'
import type { ProbeOk } from '#kernel/media/types.ts'
import type { Looks } from '#modules/catalog/store/covers.ts'
import type { Db, Sql } from '#modules/catalog/store/db.ts'

/** Whoever keeps or removes bytes of one hash does so alone. */
export async function lockHash(db: Db, hash: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`catalog.hash:${hash}`}, 0))`.execute(db)
}

/** INVARIANT: bytes of an asset stay while a song has them, or an upload that may still become one. */
const ASSET_IS_HELD: Sql = sql`(exists (select from catalog.songs s where s.asset_hash = x.hash)
  or exists (select from catalog.uploads u where u.hash = x.hash and u.kind = 'audio' and u.song_id is null
    and u.state in ('processing', 'completed')))`
/** INVARIANT: an uploaded picture stays while something shows it, or an upload of it has not expired. */
const COVER_IS_HELD: Sql = sql`(exists (select from catalog.songs s where s.cover_hash = x.hash)
  or exists (select from catalog.albums al where al.own_cover_hash = x.hash)
  or exists (select from catalog.artists ar where ar.own_cover_hash = x.hash)
  or exists (select from catalog.assets a where a.cover_hash = x.hash)
  or exists (select from catalog.uploads u where u.image_hash = x.hash))`

export type KeptAsset = { hash: string; sizeBytes: number; probe: ProbeOk; coverHash: string | null }
export async function hasAsset(db: Db, hash: string): Promise<boolean> {
  const { rows } = await sql`select from catalog.assets where hash = ${hash}`.execute(db)
  return rows.length > 0
}
/**
 * What the audio of an upload is known by, and what is made of it: all of its bytes. Files of the library are known by a
 * few places in them, which is quick, and which a stranger can copy into a file that plays something else.
 */
const contentOf = (hash: string): string => hash.slice(0, 32)

export async function insertAsset(db: Db, a: KeptAsset): Promise<void> {
  const probe: ProbeOk = { ...a.probe, contentHash: contentOf(a.hash) }
  await sql`
    insert into catalog.assets (hash, size_bytes, content_id, probe, cover_hash)
    values (${a.hash}, ${a.sizeBytes}, ${a.probe.contentHash}, ${JSON.stringify(probe)}::jsonb, ${a.coverHash})
    on conflict (hash) do nothing`.execute(db)
}
/** Where nobody needs them: forgets the bytes, answers their picture. Undefined when they stay. */
export async function dropAsset(db: Db, hash: string): Promise<{ coverHash: string | null } | undefined> {
  const { rows: held } = await sql`select from catalog.assets where hash = ${hash} for update`.execute(db)
  const { rows: needed } = await sql`
    select from (values (${hash})) as x(hash) where ${ASSET_IS_HELD}`.execute(db)
  if (needed.length > 0) return undefined
  if (held.length === 0) return { coverHash: null }
  const { rows } = await sql<{ coverHash: string | null }>`
    delete from catalog.assets where hash = ${hash} returning cover_hash as "coverHash"`.execute(db)
  return rows[0]
}
export async function unusedAssets(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ hash: string }>`
    select x.hash from catalog.assets x where not ${ASSET_IS_HELD} limit ${limit}`.execute(db)
  return rows.map((r) => r.hash)
}
export async function knownAssets(db: Db, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ hash: string }>`
    select hash from catalog.assets where hash = any(${[...hashes]}::text[])`.execute(db)
  return new Set(rows.map((r) => r.hash))
}

export type KeptCover = Looks & { hash: string; sizeBytes: number }
/** One that was refused elsewhere is good now: it was made anew. */
export async function insertCover(db: Db, c: KeptCover): Promise<void> {
  await sql`
    insert into catalog.covers as c (hash, state, source_kind, source_path, size_bytes, color, blurhash, palette, look)
    values (${c.hash}, 'ok', 'upload', '', ${c.sizeBytes}, ${c.color}, ${c.blurhash},
      ${c.palette === null ? null : JSON.stringify(c.palette)}::jsonb, ${c.look})
    on conflict (hash) do update set state = 'ok', size_bytes = excluded.size_bytes, color = excluded.color,
      blurhash = excluded.blurhash, palette = excluded.palette, look = excluded.look, reason = null
      where c.state <> 'ok'`.execute(db)
}
/** True when the picture was an uploaded one that nobody shows any more, and is forgotten. */
export async function dropCover(db: Db, hash: string): Promise<boolean> {
  await sql`select from catalog.covers where hash = ${hash} for update`.execute(db)
  const { numAffectedRows } = await sql`
    delete from catalog.covers x where hash = ${hash} and source_kind = 'upload' and not ${COVER_IS_HELD}`.execute(db)
  return numAffectedRows === 1n
}
export async function unusedCovers(db: Db, limit: number): Promise<string[]> {
  const { rows } = await sql<{ hash: string }>`
    select x.hash from catalog.covers x where x.source_kind = 'upload' and not ${COVER_IS_HELD} limit ${limit}`.execute(
    db,
  )
  return rows.map((r) => r.hash)
}
export async function knownCovers(db: Db, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ hash: string }>`
    select hash from catalog.covers where hash = any(${[...hashes]}::text[])`.execute(db)
  return new Set(rows.map((r) => r.hash))
}
