import { sql } from 'kysely'
import type { Db } from './db.ts'

export const DOCUMENT_KINDS = ['artist', 'album', 'song'] as const
export type DocumentKind = (typeof DOCUMENT_KINDS)[number]
/** How far the rebuilding of `building` is: everything of the kinds before `kind`, and of it up to `afterId`. */
export type Rebuilding = { version: number; building: number | null; kind: DocumentKind | null; afterId: string | null }

export async function rebuilding(db: Db): Promise<Rebuilding> {
  const { rows } = await sql<Rebuilding>`
    select version, building, kind, after_id as "afterId" from catalog.search_state`.execute(db)
  return rows[0] ?? { version: 0, building: null, kind: null, afterId: null }
}
export async function noteRebuilding(db: Db, r: Rebuilding): Promise<void> {
  await sql`update catalog.search_state set version = ${r.version}, building = ${r.building}, kind = ${r.kind},
    after_id = ${r.afterId}::uuid`.execute(db)
}

export type Source = { id: string; texts: string[] }
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/**
 * Texts that a document is made of, in the order of ids. Of songs that people own the album is none: it may be
 * private, and its title must not be what they are found by.
 */
export async function sourcesOf(
  db: Db,
  kind: DocumentKind,
  o: { afterId: string | null; limit: number },
): Promise<Source[]> {
  const texts = {
    artist: sql`array[t.name]`,
    album: sql`array[t.title]`,
    song: sql`array[t.title, t.artist] || array(select ar.name from catalog.song_artists sa
        join catalog.artists ar on ar.id = sa.artist_id where sa.song_id = t.id order by sa.role, sa.position)
      || array(select al.title from catalog.albums al where al.id = t.album_id and t.owner_id is null)`,
  }[kind]
  const table = sql.table(`catalog.${kind}s`)
  const { rows } = await sql<Source>`select t.id, ${texts} as texts from ${table} t
    where t.id > ${o.afterId ?? FIRST_ID}::uuid order by t.id limit ${o.limit}`.execute(db)
  return rows
}

const WITH_ARTISTS = sql`array_to_tsvector(array(
  select unnest(tsvector_to_array(al.title_search))
  union select unnest(tsvector_to_array(ar.search)) from catalog.album_artists aa
    join catalog.artists ar on ar.id = aa.artist_id where aa.album_id = al.id))`

/** `search` are literals of `tsvector`. Rows whose document is the same already are left alone. */
export async function storeDocuments(
  db: Db,
  kind: DocumentKind,
  documents: readonly { id: string; search: string }[],
): Promise<void> {
  const rows = sql`jsonb_to_recordset(${JSON.stringify(documents)}::jsonb) as r(id uuid, search text)`
  if (kind !== 'album') {
    await sql`update ${sql.table(`catalog.${kind}s`)} t set search = r.search::tsvector from ${rows}
      where t.id = r.id and t.search is distinct from r.search::tsvector`.execute(db)
    return
  }
  await sql`update catalog.albums t set title_search = r.search::tsvector from ${rows}
    where t.id = r.id and t.title_search is distinct from r.search::tsvector`.execute(db)
  // An album is found by its artists, too, whose documents were made before.
  await sql`update catalog.albums al set search = ${WITH_ARTISTS} from ${rows}
    where al.id = r.id and al.search is distinct from ${WITH_ARTISTS}`.execute(db)
}
