import { sql } from 'kysely'
import type { View } from '#modules/catalog/policy.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { songsInReach } from '#modules/catalog/store/reach.ts'

export type AlbumEdits = { year?: number; kind?: string; description?: string }
export type OwnedDraft = {
  id: string
  key: string
  ownerId: string
  title: string
  sortKey: string
  search: string
  kind: string
  description: string | null
  edits: AlbumEdits
}
/** Makes the album with its artists, if there is none of this key; answers the one that there is. */
export async function insertAlbum(
  db: Db,
  a: OwnedDraft,
  artistIds: readonly string[],
): Promise<{ id: string; isNew: boolean }> {
  const { rows } = await sql<{ id: string }>`
    insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder, owner_id, kind, description, edits)
    values (${a.id}, ${a.title}, ${a.key}, ${a.sortKey}, ${a.search}::tsvector, ${artistIds.length === 0}, ${a.ownerId},
      ${a.kind}, ${a.description}, ${JSON.stringify(a.edits)}::jsonb)
    on conflict (identity_key) do nothing returning id`.execute(db)
  if (rows[0]) {
    await setAlbumArtists(db, a.id, artistIds)
    return { id: a.id, isNew: true }
  }
  const known = await sql<{ id: string }>`select id from catalog.albums where identity_key = ${a.key}`.execute(db)
  return { id: (known.rows[0] as { id: string }).id, isNew: false }
}

export async function setAlbumArtists(db: Db, albumId: string, artistIds: readonly string[]): Promise<void> {
  await sql`delete from catalog.album_artists where album_id = ${albumId}::uuid`.execute(db)
  await sql`insert into catalog.album_artists (album_id, artist_id, position)
    select ${albumId}::uuid, id, position - 1
    from unnest(${[...artistIds]}::uuid[]) with ordinality as a(id, position)`.execute(db)
}

/** A song on an album: its disc there, and the track that the song itself says. */
export type Entry = { songId: string; disc: number | null; track: number | null }

/** Songs of an album in order, whoever may see them. */
export async function orderOf(db: Db, albumId: string): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    select a.song_id as "songId", a.disc, s.track
    from catalog.album_songs a join catalog.songs s on s.id = a.song_id
    where a.album_id = ${albumId}::uuid order by a.disc nulls first, a.position, a.song_id`.execute(db)
  return rows
}

/** Makes these the songs of the album, in this order within each disc. */
export async function writeOrder(db: Db, albumId: string, entries: readonly Entry[]): Promise<void> {
  await sql`delete from catalog.album_songs where album_id = ${albumId}::uuid`.execute(db)
  if (entries.length === 0) return
  await sql`insert into catalog.album_songs (album_id, song_id, disc, position)
    select ${albumId}::uuid, (e.entry->>'songId')::uuid, (e.entry->>'disc')::smallint, e.position - 1
    from jsonb_array_elements(${JSON.stringify(entries)}::jsonb) with ordinality as e(entry, position)`.execute(db)
}

/** Those of the songs that this view may put on an album. */
export async function songsSeen(db: Db, view: View, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`select t.id from catalog.songs t
    where t.id = any(${[...ids]}::uuid[]) and ${songsInReach(view, 'shelf')}`.execute(db)
  return new Set(rows.map((r) => r.id))
}
