import { sql } from 'kysely'
import type { Slot } from './order.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { songsInReach } from '#modules/catalog/store/reach.ts'
import type { Touched } from '#modules/catalog/store/recount.ts'

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
export type Entry = Slot & { readonly track: number | null }

/** Songs of an album in order, whoever may see them. */
export async function orderOf(db: Db, albumId: string): Promise<Entry[]> {
  const { rows } = await sql<Entry>`
    select a.song_id as "songId", a.disc, s.track
    from catalog.album_songs a join catalog.songs s on s.id = a.song_id
    where a.album_id = ${albumId}::uuid order by a.disc nulls first, a.position, a.song_id`.execute(db)
  return rows
}

/** The same as far as this view sees them. */
export async function slotsSeen(db: Db, view: View, albumId: string): Promise<Slot[]> {
  const { rows } = await sql<Slot>`
    select t.id as "songId", m.disc from catalog.album_songs m join catalog.songs t on t.id = m.song_id
    where m.album_id = ${albumId}::uuid and ${songsInReach(view, 'shelf')}
    order by m.disc nulls first, m.position, m.song_id`.execute(db)
  return rows
}

/** Makes these the songs of the album, in this order within each disc. */
export async function writeOrder(db: Db, albumId: string, entries: readonly Slot[]): Promise<void> {
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

/** What stands on no album of those any more has no home. Answers the songs that it concerns. */
export async function leaveHome(db: Db, albumIds: readonly string[], songIds?: readonly string[]): Promise<string[]> {
  const only = songIds === undefined ? sql`true` : sql`id = any(${[...songIds]}::uuid[])`
  const { rows } = await sql<{ id: string }>`
    update catalog.songs set album_id = null, edits = edits - 'albumId', revision = revision + 1, updated_at = now()
    where album_id = any(${[...albumIds]}::uuid[]) and owner_id is not null and ${only} returning id`.execute(db)
  return rows.map((r) => r.id)
}

/** Songs of the album's owner that have no home find it where they were put; a playlist is nobody's. Answers the songs. */
export async function findHome(db: Db, albumId: string, songIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update catalog.songs s set album_id = al.id, edits = s.edits || jsonb_build_object('albumId', al.id),
      revision = s.revision + 1, updated_at = now()
    from catalog.albums al
    where al.id = ${albumId}::uuid and al.kind <> 'playlist' and s.owner_id = al.owner_id and s.album_id is null
      and s.id = any(${[...songIds]}::uuid[]) returning s.id`.execute(db)
  return rows.map((r) => r.id)
}

/** What a person may say of an album; what is absent stays. */
export type AlbumPatch = {
  title?: { title: string; sortKey: string; search: string } | undefined
  /** True: the artists follow from the songs. */
  isByFolder?: boolean | undefined
  /** Null takes back what was said. */
  kind?: string | null | undefined
  year?: number | null | undefined
  description?: string | null | undefined
  coverHash?: string | null | undefined
}

const set = (column: string, value: string | boolean | null | undefined) =>
  value === undefined ? [] : [sql`${sql.id(column)} = ${value}`]
/** Year and kind outlive what the songs say, so they are kept as edits; see `recount`. */
const edited = (p: AlbumPatch) => {
  const said = Object.entries({ year: p.year, kind: p.kind }).filter(([, value]) => value !== undefined)
  return said.length === 0
    ? []
    : [sql`edits = jsonb_strip_nulls(edits || ${JSON.stringify(Object.fromEntries(said))}::jsonb)`]
}

export async function patchAlbum(db: Db, id: string, p: AlbumPatch): Promise<void> {
  const sets = [
    ...(p.title ? [...set('title', p.title.title), ...set('sort_key', p.title.sortKey)] : []),
    ...(p.title ? [sql`title_search = ${p.title.search}::tsvector`] : []),
    ...set('by_folder', p.isByFolder),
    ...(typeof p.kind === 'string' ? set('kind', p.kind) : []),
    ...set('description', p.description),
    ...set('own_cover_hash', p.coverHash),
    ...edited(p),
  ]
  if (sets.length > 0) await sql`update catalog.albums set ${sql.join(sets)} where id = ${id}::uuid`.execute(db)
}

/** Its ETag, and its place in the feed of changes. */
export async function bumpAlbum(db: Db, id: string): Promise<void> {
  await sql`update catalog.albums set revision = revision + 1, updated_at = now() where id = ${id}::uuid`.execute(db)
}

/** Answers the pictures that their owners had set. */
export async function deleteAlbums(db: Db, ids: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ hash: string | null }>`
    delete from catalog.albums where id = any(${[...ids]}::uuid[]) returning own_cover_hash as hash`.execute(db)
  return rows.flatMap((r) => r.hash ?? [])
}

/** The albums with the artists whose figures depend on them. */
export async function touchedByAlbums(db: Db, ids: readonly string[]): Promise<Touched> {
  const { rows } = await sql<{ id: string }>`select distinct artist_id as id from catalog.album_artists
    where album_id = any(${[...ids]}::uuid[])`.execute(db)
  return { albumIds: [...ids], artistIds: rows.map((r) => r.id) }
}

export type Beside = { albums: number; places: number; here: number }
/** What the owner of an album has beside it: how many albums, and songs on them; `here` are those on it. */
export async function albumsBeside(db: Db, albumId: string): Promise<Beside> {
  const { rows } = await sql<Beside>`
    with own as (select al.id from catalog.albums al, catalog.albums this
      where this.id = ${albumId}::uuid and al.owner_id = this.owner_id and al.id <> this.id)
    select (select count(*)::int from own) as albums,
      (select count(*)::int from catalog.album_songs m where m.album_id in (select id from own)) as places,
      (select count(*)::int from catalog.album_songs m where m.album_id = ${albumId}::uuid) as here`.execute(db)
  return rows[0] as Beside
}

/** Albums that belong to a person, `limit` at most. */
export async function albumsOfOwner(db: Db, ownerId: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from catalog.albums where owner_id = ${ownerId}::uuid
    order by id limit ${limit}`.execute(db)
  return rows.map((r) => r.id)
}
