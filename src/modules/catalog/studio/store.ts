import { sql } from 'kysely'
import type { ProbeOk } from '#kernel/media/types.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { searchLiteral } from '#modules/catalog/fold.ts'
import type { LyricsLine } from '#modules/catalog/things.ts'
import type { SongFacts } from './derive.ts'
import type { Edits } from './edits.ts'

export type Asset = { hash: string; sizeBytes: number; probe: ProbeOk; coverHash: string | null }
/** The bytes of a song; they stay as long as the transaction that uses them runs. */
export async function assetOf(db: Db, hash: string): Promise<Asset | undefined> {
  const { rows } = await sql<Asset>`
    select hash, size_bytes as "sizeBytes", probe, cover_hash as "coverHash"
    from catalog.assets where hash = ${hash} for key share`.execute(db)
  return rows[0]
}

type Owning = {
  ownerId: string
  assetHash: string
  fileName: string | null
  isPublic: boolean
  edits: Edits
  tags: readonly string[]
}
/** What a song that was just made has beside what its file says. */
export async function ownSong(db: Db, songId: string, o: Owning): Promise<void> {
  await sql`
    update catalog.songs set owner_id = ${o.ownerId}::uuid, asset_hash = ${o.assetHash}, file_name = ${o.fileName},
      is_public = ${o.isPublic}, edits = ${JSON.stringify(o.edits)}::jsonb, tags = ${[...o.tags]}::text[]
    where id = ${songId}::uuid`.execute(db)
}

/** What of a song an edit starts from. */
export type Editable = {
  id: string
  ownerId: string | null
  assetHash: string | null
  fileName: string | null
  albumId: string | null
  revision: number
  edits: Edits
}
export async function editableSong(db: Db, id: string): Promise<Editable | undefined> {
  const { rows } = await sql<Editable>`
    select id, owner_id as "ownerId", asset_hash as "assetHash", file_name as "fileName", album_id as "albumId",
      revision, edits
    from catalog.songs where id = ${id}::uuid`.execute(db)
  return rows[0]
}

/** Where the file of a library song lies, and the album folder it counts to. */
export type LibraryPlace = { folderId: string; folderPath: Buffer; dir: Buffer; name: Buffer }
export async function libraryPlace(db: Db, songId: string): Promise<LibraryPlace | undefined> {
  const { rows } = await sql<LibraryPlace>`
    select lf.folder_id as "folderId", fo.path as "folderPath", lf.dir, lf.name
    from catalog.library_files lf join catalog.folders fo on fo.id = lf.folder_id
    where lf.song_id = ${songId}::uuid and lf.state <> 'missing' order by lf.state, lf.id limit 1`.execute(db)
  return rows[0]
}

/** Says of a song what `facts` say; its audio and where it comes from stay as they are. */
export async function rewriteSong(
  db: Db,
  s: { id: string; facts: SongFacts; edits: Edits; albumId: string | null; coverHash: string | null },
): Promise<void> {
  const { facts: f } = s
  await sql`
    update catalog.songs set title = ${f.title}, artist = ${f.artist}, disc = ${f.disc}, track = ${f.track},
      year = ${f.year}, genres = ${f.genres}::text[], genre_keys = ${f.genreKeys}::text[], tags = ${f.tags}::text[],
      sort_key = ${f.sortKey}, artist_order = ${f.artistOrder}, album_order = ${f.albumOrder},
      search = ${searchLiteral(f.words)}::tsvector, album_id = ${s.albumId}, cover_hash = ${s.coverHash},
      edits = ${JSON.stringify(s.edits)}::jsonb, revision = revision + 1, updated_at = now()
    where id = ${s.id}::uuid`.execute(db)
}

/** Whether a song of this owner (null: of the library) may name this album as the one it stands on. */
export async function albumFor(db: Db, albumId: string, ownerId: string | null): Promise<boolean> {
  const { rows } = await sql`select from catalog.albums
    where id = ${albumId}::uuid and owner_id is not distinct from ${ownerId}::uuid`.execute(db)
  return rows.length > 0
}

/** Takes a song off an album that has an order of its own. */
export async function leaveAlbum(db: Db, albumId: string, songId: string): Promise<void> {
  await sql`delete from catalog.album_songs
    where album_id = ${albumId}::uuid and song_id = ${songId}::uuid`.execute(db)
}

type LyricsRow = { plain: string | null; lines: readonly LyricsLine[]; isEdited: boolean }
/** `isEdited`: a person wrote them, or that there are none; scans leave them as they are. */
export async function writeLyrics(db: Db, songId: string, l: LyricsRow): Promise<void> {
  await sql`
    insert into catalog.lyrics (song_id, plain, lines, is_edited)
    values (${songId}::uuid, ${l.plain}, ${JSON.stringify(l.lines)}::jsonb, ${l.isEdited})
    on conflict (song_id) do update set plain = excluded.plain, lines = excluded.lines,
      is_edited = excluded.is_edited`.execute(db)
  await sql`update catalog.songs set has_lyrics = ${l.plain !== null || l.lines.length > 0},
      revision = revision + 1, updated_at = now()
    where id = ${songId}::uuid`.execute(db)
}

/** An upload of bytes that were a song already becomes one that no song was made of. */
export async function freeDuplicate(db: Db, uploadId: string): Promise<void> {
  await sql`update catalog.uploads set song_id = null, is_duplicate = false, state = 'completed', progress = 1
    where id = ${uploadId}::uuid and is_duplicate and state in ('completed', 'analyzing')`.execute(db)
}
