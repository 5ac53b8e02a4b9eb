import { sql } from 'kysely'
import type { Edits } from '#modules/catalog/studio/edits.ts'
import type { LyricsLine } from '#modules/catalog/things.ts'
import type { Db } from './db.ts'

/** Songs that belong to a person, `limit` at most; those that belong to nobody are the library's. */
export async function ownedSongs(db: Db, ownerId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from catalog.songs where owner_id = ${ownerId}::uuid order by id limit ${limit}`.execute(db)
  return rows.map((r) => r.id)
}

export type Brought = { assets: string[]; covers: string[]; contents: string[] }
/** What these songs have: hashes of uploaded bytes and pictures, and the audio itself. */
export async function broughtBy(db: Db, songIds: readonly string[]): Promise<Brought> {
  const { rows } = await sql<{ asset: string | null; cover: string | null; content: string }>`
    select asset_hash as asset, edits->>'cover' as cover, content_id as content from catalog.songs
    where id = any(${[...songIds]}::uuid[])`.execute(db)
  return {
    assets: rows.flatMap((r) => r.asset ?? []),
    covers: rows.flatMap((r) => r.cover ?? []),
    contents: rows.map((r) => r.content),
  }
}
/** Those of the pieces of audio that no song has. */
export async function withoutSong(db: Db, contentIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select distinct x.id from unnest(${[...contentIds]}::text[]) as x(id)
    where not exists (select from catalog.songs s where s.content_id = x.id)`.execute(db)
  return rows.map((r) => r.id)
}
/** Uploads that songs and their pictures were made of go with them: without the song they would hold the bytes. */
export async function deleteUploadsOf(db: Db, songIds: readonly string[]): Promise<void> {
  const ids = sql`any(${[...songIds]}::uuid[])`
  await sql`delete from catalog.uploads where song_id = ${ids}`.execute(db)
  await sql`
    delete from catalog.uploads u using catalog.songs s where s.id = ${ids} and s.edits ? 'cover'
      and u.owner_id = s.owner_id and u.image_hash = s.edits->>'cover' and u.kind = 'image'`.execute(db)
}

export type OwnedSong = {
  id: string
  title: string
  artist: string
  album: string | null
  year: number | null
  genres: string[]
  tags: string[]
  isPublic: boolean
  fileName: string | null
  /** What the person said instead of what the file says. */
  edits: Edits
  lyrics: { plain: string | null; lines: LyricsLine[] } | null
  sizeBytes: number
  createdAt: Date
}
/** What their owner may take along. */
export async function describeOwned(db: Db, ownerId: string): Promise<OwnedSong[]> {
  const { rows } = await sql<OwnedSong>`
    select s.id, s.title, s.artist, a.title as album, s.year, s.genres, s.tags, s.is_public as "isPublic",
      s.file_name as "fileName", s.edits, s.size_bytes as "sizeBytes", s.created_at as "createdAt",
      (select jsonb_build_object('plain', l.plain, 'lines', l.lines) from catalog.lyrics l where l.song_id = s.id) as lyrics
    from catalog.songs s left join catalog.albums a on a.id = s.album_id
    where s.owner_id = ${ownerId}::uuid order by s.id`.execute(db)
  return rows
}

/** How many there are, and how long they play together. */
export async function countOwned(db: Db, ownerId: string) {
  const { rows } = await sql<{ songs: number; publicSongs: number; durationMs: number }>`
    select count(*)::int as songs, (count(*) filter (where is_public))::int as "publicSongs",
      coalesce(sum(duration_ms), 0)::float8 as "durationMs"
    from catalog.songs where owner_id = ${ownerId}::uuid`.execute(db)
  return rows[0] ?? { songs: 0, publicSongs: 0, durationMs: 0 }
}
