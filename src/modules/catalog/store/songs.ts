import { sql } from 'kysely'
import { CREDIT_ROLES, type LyricsLine, type Mood, type SONG_SORTS } from '#modules/catalog/schema.ts'
import type { View } from '#modules/catalog/policy.ts'
import type { Palette } from '#kernel/media/types.ts'
import type { Db, Sql } from './db.ts'
import { type LoudnessRow, loudnessColumns } from './loudness.ts'
import { narrowSongs, type SongFilter } from './narrow.ts'
import { type Sort, allOf } from './pages.ts'
import { shuffleOf } from './shuffle.ts'
import { albumNamed, ownedBy, songsInReach } from './reach.ts'

export type Credit = { id: string; name: string; role: (typeof CREDIT_ROLES)[number] | 'album' }
export type SongRow = LoudnessRow & {
  id: string
  title: string
  artist: string
  credits: Credit[] | null
  albumId: string | null
  albumTitle: string | null
  disc: number | null
  track: number | null
  durationMs: number
  year: number | null
  genres: string[]
  tags: string[]
  isPublic: boolean
  isVisible: boolean
  isMissing: boolean
  ownerId: string | null
  folderNo: number | null
  revision: number
  coverHash: string | null
  coverColor: string | null
  coverBlurhash: string | null
  coverPalette: Palette | null
  codec: string
  bitrateKbps: number | null
  sampleRateHz: number | null
  channels: number | null
  lossless: boolean
  sizeBytes: number
  hasLyrics: boolean
  analysisStatus: 'pending' | 'processing' | 'completed' | 'failed' | null
  tempo: number | null
  key: string | null
  camelot: string | null
  energy: number | null
  mood: Mood | null
  createdAt: Date
  updatedAt: Date
}

const CREDITS_IN_ORDER = sql.raw(`array[${CREDIT_ROLES.map((role) => `'${role}'`).join(', ')}]`)
/** Album artists are credits of the album; a song keeps them only to be found by. */
const credits = sql`(select jsonb_agg(jsonb_build_object('id', ar.id, 'name', ar.name, 'role', sa.role)
    order by array_position(${CREDITS_IN_ORDER}, sa.role), sa.position)
  from catalog.song_artists sa join catalog.artists ar on ar.id = sa.artist_id
  where sa.song_id = t.id and sa.role <> 'album')`

const columns = (
  view: View,
): Sql => sql`t.id, t.title, t.artist, ${credits} as credits, al.id as "albumId", al.title as "albumTitle",
  t.disc, t.track, t.duration_ms as "durationMs", t.year, t.genres, t.tags, t.is_public as "isPublic",
  t.is_visible as "isVisible", t.is_missing as "isMissing", t.owner_id as "ownerId", t.folder_no as "folderNo",
  t.revision, c.hash as "coverHash",
  c.color as "coverColor", c.blurhash as "coverBlurhash", c.palette as "coverPalette", t.codec, t.bitrate_kbps as "bitrateKbps", t.sample_rate_hz as "sampleRateHz", t.channels,
  t.lossless, t.size_bytes as "sizeBytes", t.has_lyrics as "hasLyrics", f.state as "analysisStatus", f.tempo, f.key,
  f.camelot, f.energy, f.mood, ${loudnessColumns(view)},
  t.created_at as "createdAt", t.updated_at as "updatedAt"`

const songsWhere = async (db: Db, view: View, where: readonly Sql<boolean>[], order: Sql): Promise<SongRow[]> => {
  const { rows } = await sql<SongRow>`select ${columns(view)} from catalog.songs t
    left join catalog.albums al on al.id = t.album_id and ${albumNamed(view)}
    left join catalog.covers c on c.hash = t.cover_hash and c.state = 'ok'
    left join catalog.song_facets f on f.song_id = t.id
    where ${allOf(where)} order by ${order}`.execute(db)
  return rows
}

async function inOrder(db: Db, view: View, ids: readonly string[], reach: Sql<boolean>): Promise<SongRow[]> {
  if (ids.length === 0) return []
  const rows = await songsWhere(db, view, [sql<boolean>`t.id = any(${[...ids]}::uuid[])`, reach], sql`t.id`)
  const byId = new Map(rows.map((r) => [r.id, r]))
  return ids.flatMap((id) => byId.get(id) ?? [])
}
/** In the order of `ids`; unknown ones and those out of the caller's reach are left out. */
export const songsById = (db: Db, view: View, ids: readonly string[]): Promise<SongRow[]> =>
  inOrder(db, view, ids, songsInReach(view, 'access'))
/** The same of the songs of one person, with those that an admin hid. */
export const songsOwned = (db: Db, view: View & { ownerId: string }, ids: readonly string[]): Promise<SongRow[]> =>
  inOrder(db, view, ids, ownedBy(view.ownerId))

/** One song whoever asks: for the policy to decide. */
export async function songById(
  db: Db,
  view: View,
  id: string,
): Promise<(SongRow & { isWithheld: boolean }) | undefined> {
  const [row] = await songsWhere(db, view, [sql`t.id = ${id}::uuid`], sql`t.id`)
  return row && { ...row, isWithheld: row.folderNo !== null && view.withheld.includes(row.folderNo) }
}

/** Longest album that is answered whole. */
const ALBUM_SONGS_MAX = 5000
export const songsOfAlbum = (db: Db, view: View, albumId: string): Promise<SongRow[]> =>
  songsWhere(
    db,
    view,
    [sql`t.album_id = ${albumId}::uuid`, songsInReach(view, 'shelf')],
    sql`t.disc nulls first, t.track nulls last, t.sort_key, t.id limit ${ALBUM_SONGS_MAX}`,
  )

export const songConditions = (view: View, f: SongFilter): Sql<boolean>[] => [
  songsInReach(view, 'shelf'),
  ...(narrowSongs(f)?.exact ?? []),
]

const NEWEST: Sort = { by: sql`t.id`, kind: 'id', direction: 'down' }

/** Ids are UUIDv7, so their order is the order of arrival. */
export function songSort(sort: (typeof SONG_SORTS)[number], seed: number): Sort {
  const shuffle = shuffleOf(seed)
  const sorts: Record<typeof sort, Sort> = {
    title: { by: sql`t.sort_key`, kind: 'text', direction: 'up' },
    '-title': { by: sql`t.sort_key`, kind: 'text', direction: 'down' },
    newest: NEWEST,
    oldest: { ...NEWEST, direction: 'up' },
    artist: { by: sql`t.artist_order`, kind: 'text', direction: 'up' },
    album: { by: sql`t.album_order`, kind: 'text', direction: 'up' },
    year: { by: sql`coalesce(t.year, 9999)`, kind: 'int', direction: 'up' },
    '-year': { by: sql`coalesce(t.year, 0)`, kind: 'int', direction: 'down' },
    duration: { by: sql`t.duration_ms`, kind: 'int', direction: 'up' },
    '-duration': { by: sql`t.duration_ms`, kind: 'int', direction: 'down' },
    // What is not analysed yet comes last, whichever way.
    bpm: { by: sql`coalesce(t.tempo, 1000)`, kind: 'real', direction: 'up' },
    '-bpm': { by: sql`coalesce(t.tempo, 0)`, kind: 'real', direction: 'down' },
    energy: { by: sql`coalesce(t.energy, 2)`, kind: 'real', direction: 'up' },
    '-energy': { by: sql`coalesce(t.energy, -1)`, kind: 'real', direction: 'down' },
    random: { by: shuffle.by, kind: 'bigint', direction: 'up', shuffle },
  }
  return sorts[sort]
}

export type LyricsRow = { plain: string | null; lines: LyricsLine[] }
export async function lyricsOf(db: Db, songId: string): Promise<LyricsRow | undefined> {
  const { rows } =
    await sql<LyricsRow>`select plain, lines from catalog.lyrics where song_id = ${songId}::uuid`.execute(db)
  return rows[0]
}

export type SongFileRow = LoudnessRow & {
  songId: string
  path: Buffer | null
  assetHash: string | null
  contentId: string
  codec: string
  container: string
  mimeType: string
  sizeBytes: number
  durationMs: number
  bitrateKbps: number | null
  isMissing: boolean
  isPublic: boolean
  isShared: boolean
  coverHash: string | null
}
/** Path: folder, directory and name joined with `/` where there is something to join; null for uploads. */
export async function songFiles(db: Db, view: View, ids: readonly string[]): Promise<SongFileRow[]> {
  const { rows } = await sql<SongFileRow>`
    select distinct on (t.id) t.id as "songId",
      rtrim(fo.path, '\\x2f'::bytea) || '\\x2f'::bytea
        || case when lf.dir = ''::bytea then ''::bytea else lf.dir || '\\x2f'::bytea end || lf.name as path,
      t.asset_hash as "assetHash", t.content_id as "contentId", t.codec, t.container, t.mime_type as "mimeType", t.size_bytes as "sizeBytes",
      t.duration_ms as "durationMs", t.bitrate_kbps as "bitrateKbps", t.is_missing as "isMissing",
      t.is_public as "isPublic", t.access >= 2 as "isShared", c.hash as "coverHash",
      ${loudnessColumns(view)}
    from catalog.songs t
    left join catalog.library_files lf on lf.song_id = t.id
    left join catalog.folders fo on fo.id = lf.folder_id
    left join catalog.covers c on c.hash = t.cover_hash and c.state = 'ok'
    left join catalog.song_facets f on f.song_id = t.id
    left join catalog.albums al on al.id = t.album_id and ${albumNamed(view)}
    where t.id = any(${[...ids]}::uuid[]) and (lf.id is not null or t.asset_hash is not null)
      and ${songsInReach(view, 'access')}
    order by t.id, lf.state, lf.id`.execute(db)
  return rows
}
