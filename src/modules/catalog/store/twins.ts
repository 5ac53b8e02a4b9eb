import { sql } from 'kysely'
import type { Db } from './db.ts'

export type Twin = { old: string; fresh: string }

/**
 * Songs whose file has just gone (`songIds`), each with a song of the same audio that arrived within `withinMin`
 * minutes: the file was moved by copying it first. Every song is in one pair at most.
 */
export async function twinsOf(db: Db, songIds: readonly string[], withinMin: number): Promise<Twin[]> {
  const { rows } = await sql<Twin>`
    select o.id as old, n.id as fresh
    from catalog.songs o join catalog.songs n on n.content_id = o.content_id and n.id <> o.id
    where o.id = any(${[...songIds]}::uuid[]) and n.created_at > now() - ${withinMin} * interval '1 minute'
      and n.created_at > o.created_at and n.gone_at is null and n.owner_id is not distinct from o.owner_id
      and not exists (select from catalog.library_files lf where lf.song_id = o.id and lf.state <> 'missing')
      and exists (select from catalog.library_files lf where lf.song_id = n.id and lf.state = 'ok')
    order by o.id, n.id`.execute(db)
  const [olds, freshes] = [new Set<string>(), new Set<string>()]
  return rows.filter(({ old, fresh }) => {
    if (olds.has(old) || freshes.has(fresh)) return false
    olds.add(old)
    freshes.add(fresh)
    return true
  })
}

/** Never the fingerprint of anything: the file is read again by the next scan. */
const UNREAD = '?'

/** What the new song says becomes the old one's, but for what people wrote of the old one: then the file is read anew. */
async function takeOver(db: Db, { old, fresh }: Twin): Promise<void> {
  const to = sql`${old}::uuid`
  const { rows } = await sql`select from catalog.songs where id = ${to} and edits <> '{}'`.execute(db)
  if (rows.length > 0) {
    await sql`update catalog.library_files set sidecars = ${UNREAD} where song_id = ${to}`.execute(db)
    return
  }
  await sql`delete from catalog.song_artists where song_id = ${to}`.execute(db)
  await sql`update catalog.song_artists set song_id = ${to} where song_id = ${fresh}::uuid`.execute(db)
  await sql`
    update catalog.songs o set title = n.title, artist = n.artist, album_id = n.album_id, disc = n.disc,
      track = n.track, year = n.year, genres = n.genres, genre_keys = n.genre_keys, sort_key = n.sort_key,
      artist_order = n.artist_order, album_order = n.album_order, search = n.search, cover_hash = n.cover_hash,
      tags = case when n.edits ? 'tags' then n.tags else o.tags end, edits = n.edits
    from catalog.songs n where o.id = ${to} and n.id = ${fresh}::uuid`.execute(db)
}

/** Lyrics that people wrote stay. */
async function takeLyrics(db: Db, { old, fresh }: Twin): Promise<void> {
  const to = sql`${old}::uuid`
  await sql`delete from catalog.lyrics where song_id = ${to} and not is_edited`.execute(db)
  await sql`
    update catalog.lyrics set song_id = ${to} where song_id = ${fresh}::uuid
      and not exists (select from catalog.lyrics where song_id = ${to})`.execute(db)
  await sql`
    update catalog.songs set has_lyrics = exists (select from catalog.lyrics l
      where l.song_id = ${to} and (l.plain is not null or l.lines <> '[]')) where id = ${to}`.execute(db)
}

/** Where the new song was put on an album already, the old one stands. */
const takePlaces = (db: Db, { old, fresh }: Twin) =>
  sql`update catalog.album_songs m set song_id = ${old}::uuid where m.song_id = ${fresh}::uuid
    and not exists (select from catalog.album_songs o where o.album_id = m.album_id and o.song_id = ${old}::uuid)`.execute(
    db,
  )

/** The new song's file becomes the old one's; id, time of arrival, visibility and facts stay. The new one goes. */
export async function mergeTwin(db: Db, twin: Twin): Promise<void> {
  const to = sql`${twin.old}::uuid`
  const from = sql`${twin.fresh}::uuid`
  await sql`delete from catalog.library_files where song_id = ${to}`.execute(db)
  await sql`update catalog.library_files set song_id = ${to} where song_id = ${from}`.execute(db)
  await takeOver(db, twin)
  await takeLyrics(db, twin)
  await takePlaces(db, twin)
  await sql`
    update catalog.songs o set folder_id = n.folder_id, folder_no = n.folder_no, size_bytes = n.size_bytes,
      is_missing = false, gone_at = null, revision = o.revision + 1, updated_at = now()
    from catalog.songs n where o.id = ${to} and n.id = ${from}`.execute(db)
  await sql`delete from catalog.songs where id = ${from}`.execute(db)
}
