import { sql } from 'kysely'
import type { Edits } from '#modules/catalog/studio/edits.ts'
import type { LyricsLine } from '#modules/catalog/things.ts'
import type { Db, Sql } from './db.ts'

/** Rows travel as one JSON parameter: one round trip a table, whatever the batch. */
const rowsOf = (rows: readonly unknown[]): Sql => sql`${JSON.stringify(rows)}::jsonb`

type Named = { id: string; key: string }
const idsByKey = (rows: readonly Named[]): Map<string, string> => new Map(rows.map((r) => [r.key, r.id]))

export type ArtistDraft = { id: string; key: string; name: string; sortName: string; sortKey: string; search: string }
/** Makes the artists that do not exist; answers identity key -> id. Locks in key order, so two writers cannot deadlock. */
export async function ensureArtists(db: Db, drafts: readonly ArtistDraft[]): Promise<Map<string, string>> {
  if (drafts.length === 0) return new Map()
  await sql`
    insert into catalog.artists (id, name, sort_name, identity_key, sort_key, search)
    select r.id, r.name, r."sortName", r.key, r."sortKey", r.search::tsvector
    from jsonb_to_recordset(${rowsOf(drafts)}) as r(id uuid, name text, "sortName" text, key text, "sortKey" text, search text)
    order by r.key collate "C" on conflict (identity_key) do nothing`.execute(db)
  const { rows } = await sql<Named>`select id, identity_key as key from catalog.artists
    where identity_key = any(${drafts.map((d) => d.key)}::text[])`.execute(db)
  return idsByKey(rows)
}

export type AlbumDraft = {
  id: string
  key: string
  title: string
  sortKey: string
  search: string
  byFolder: boolean
  isCompilation: boolean
  artistIds: string[]
}
/** Makes the albums that do not exist, with their credits; answers identity key -> id. */
export async function ensureAlbums(db: Db, drafts: readonly AlbumDraft[]): Promise<Map<string, string>> {
  if (drafts.length === 0) return new Map()
  await sql`
    insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder, is_compilation)
    select r.id, r.title, r.key, r."sortKey", r.search::tsvector, r."byFolder", r."isCompilation"
    from jsonb_to_recordset(${rowsOf(drafts)}) as r(id uuid, title text, key text, "sortKey" text, search text,
      "byFolder" boolean, "isCompilation" boolean)
    order by r.key collate "C" on conflict (identity_key) do nothing`.execute(db)
  await sql`
    insert into catalog.album_artists (album_id, artist_id, position)
    select al.id, a.id::uuid, a.position - 1
    from jsonb_to_recordset(${rowsOf(drafts)}) as r(key text, "artistIds" jsonb)
      join catalog.albums al on al.identity_key = r.key,
      lateral jsonb_array_elements_text(r."artistIds") with ordinality as a(id, position)
    on conflict do nothing`.execute(db)
  const { rows } = await sql<Named>`select id, identity_key as key from catalog.albums
    where identity_key = any(${drafts.map((d) => d.key)}::text[])`.execute(db)
  return idsByKey(rows)
}

export type SongDraft = {
  id: string
  title: string
  artist: string
  album: string | null
  disc: number | null
  track: number | null
  duration: number
  year: number | null
  genres: string[]
  genreKeys: string[]
  sortKey: string
  artistOrder: string
  albumOrder: string
  search: string
  isPublic: boolean
  /** Null for songs that were uploaded. */
  folder: string | null
  content: string
  codec: string
  container: string
  mime: string
  kbps: number | null
  rate: number | null
  channels: number | null
  lossless: boolean
  size: number
  cover: string | null
  hasLyrics: boolean
  releaseKind: string | null
  /** What its tags say of its loudness, dB against −18 LUFS; peaks in dB of full scale. */
  tagGain: number | null
  tagPeak: number | null
  tagAlbumGain: number | null
  tagAlbumPeak: number | null
}
/** New songs, and known ones that were read again: those keep id, owner, visibility and time of arrival. */
export async function upsertSongs(db: Db, drafts: readonly SongDraft[]): Promise<void> {
  if (drafts.length === 0) return
  await sql`
    insert into catalog.songs as s (id, title, artist, album_id, disc, track, duration_ms, year, genres, genre_keys,
      sort_key, artist_order, album_order, search, is_public, folder_id, folder_no, content_id, codec, container, mime_type,
      bitrate_kbps, sample_rate_hz, channels, lossless, size_bytes, cover_hash, has_lyrics, release_kind, tag_gain_db,
      tag_peak_db, tag_album_gain_db, tag_album_peak_db)
    select r.id, r.title, r.artist, r.album, r.disc, r.track, r.duration, r.year, r.genres, r."genreKeys",
      r."sortKey", r."artistOrder", r."albumOrder", r.search::tsvector, r."isPublic", r.folder,
      (select no from catalog.folders where id = r.folder), r.content, r.codec,
      r.container, r.mime, r.kbps, r.rate, r.channels, r.lossless, r.size, r.cover, r."hasLyrics", r."releaseKind",
      r."tagGain", r."tagPeak", r."tagAlbumGain", r."tagAlbumPeak"
    from jsonb_to_recordset(${rowsOf(drafts)}) as r(id uuid, title text, artist text, album uuid, disc smallint,
      track smallint, duration integer, year smallint, genres text[], "genreKeys" text[], "sortKey" text,
      "artistOrder" text, "albumOrder" text, search text, "isPublic" boolean, folder uuid, content text, codec text,
      container text, mime text, kbps integer, rate integer, channels smallint, lossless boolean, size bigint,
      cover text, "hasLyrics" boolean, "releaseKind" text, "tagGain" real, "tagPeak" real, "tagAlbumGain" real,
      "tagAlbumPeak" real)
    on conflict (id) do update set title = excluded.title, artist = excluded.artist, album_id = excluded.album_id,
      disc = excluded.disc, track = excluded.track, duration_ms = excluded.duration_ms, year = excluded.year,
      genres = excluded.genres, genre_keys = excluded.genre_keys, sort_key = excluded.sort_key,
      artist_order = excluded.artist_order, album_order = excluded.album_order, search = excluded.search,
      folder_id = excluded.folder_id, folder_no = excluded.folder_no, content_id = excluded.content_id, codec = excluded.codec,
      container = excluded.container, mime_type = excluded.mime_type, bitrate_kbps = excluded.bitrate_kbps,
      sample_rate_hz = excluded.sample_rate_hz, channels = excluded.channels, lossless = excluded.lossless,
      size_bytes = excluded.size_bytes, cover_hash = excluded.cover_hash,
      has_lyrics = case when exists (select from catalog.lyrics l where l.song_id = s.id and l.is_edited)
        then s.has_lyrics else excluded.has_lyrics end, release_kind = excluded.release_kind,
      tag_gain_db = excluded.tag_gain_db, tag_peak_db = excluded.tag_peak_db,
      tag_album_gain_db = excluded.tag_album_gain_db, tag_album_peak_db = excluded.tag_album_peak_db,
      is_missing = false, gone_at = null, revision = s.revision + 1, updated_at = now()`.execute(db)
}

export type CreditDraft = { song: string; artist: string; role: string; position: number }
export async function replaceCredits(db: Db, known: readonly string[], credits: readonly CreditDraft[]): Promise<void> {
  if (known.length > 0)
    await sql`delete from catalog.song_artists where song_id = any(${[...known]}::uuid[])`.execute(db)
  await sql`
    insert into catalog.song_artists (song_id, artist_id, role, position)
    select r.song, r.artist, r.role, r.position
    from jsonb_to_recordset(${rowsOf(credits)}) as r(song uuid, artist uuid, role text, position smallint)`.execute(db)
}

export type LyricsDraft = { song: string; plain: string | null; lines: LyricsLine[] }
/** What files say; lyrics that people wrote stay. */
export async function replaceLyrics(db: Db, known: readonly string[], lyrics: readonly LyricsDraft[]): Promise<void> {
  if (known.length > 0)
    await sql`delete from catalog.lyrics where song_id = any(${[...known]}::uuid[]) and not is_edited`.execute(db)
  if (lyrics.length === 0) return
  await sql`
    insert into catalog.lyrics (song_id, plain, lines) select r.song, r.plain, r.lines
    from jsonb_to_recordset(${rowsOf(lyrics)}) as r(song uuid, plain text, lines jsonb)
    on conflict (song_id) do nothing`.execute(db)
}

export type CoverDraft = { hash: string; kind: 'embedded' | 'image'; path: string }
/** `path` as hex. A picture that could not be kept before is tried again from its new place. */
export async function wantCovers(db: Db, covers: readonly CoverDraft[]): Promise<void> {
  if (covers.length === 0) return
  await sql`
    insert into catalog.covers as c (hash, source_kind, source_path)
    select r.hash, r.kind, decode(r.path, 'hex')
    from jsonb_to_recordset(${rowsOf(covers)}) as r(hash text, kind text, path text)
    order by r.hash on conflict (hash) do update set state = 'wanted', source_kind = excluded.source_kind,
      source_path = excluded.source_path, reason = null where c.state = 'bad'`.execute(db)
}

/** Content ids that songs had, to tell which audio is new, and what people changed of them. */
export type KnownSong = { content: string; edits: Edits }
export async function knownSongs(db: Db, songIds: readonly string[]): Promise<Map<string, KnownSong>> {
  if (songIds.length === 0) return new Map()
  const { rows } = await sql<KnownSong & { id: string }>`
    select id, content_id as content, edits from catalog.songs where id = any(${[...songIds]}::uuid[])`.execute(db)
  return new Map(rows.map((r) => [r.id, r]))
}

/** Those of the albums that are made of the songs that name them. */
export async function sharedAlbums(db: Db, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await sql<{ id: string }>`
    select id from catalog.albums where id = any(${[...ids]}::uuid[]) and owner_id is null`.execute(db)
  return new Set(rows.map((r) => r.id))
}
