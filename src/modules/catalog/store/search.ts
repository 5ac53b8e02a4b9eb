import { sql } from 'kysely'
import type { View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'
import { albumsInReach, artistsInReach, songsInReach } from './reach.ts'

/** Words of the vocabulary that share a trigram; no more are looked at for one mistyped word. */
const SIMILAR_WORDS_MAX = 5000
/** Candidates of one kind that are ranked. */
export const CANDIDATES_MAX = 400

/** A word of the vocabulary may mean `typed` when it has one of `probes` and a length in the range. */
export async function similarWords(
  db: Db,
  o: { probes: readonly string[]; lengthMin: number; lengthMax: number },
): Promise<string[]> {
  const { rows } = await sql<{ word: string }>`
    select word from catalog.words where grams && ${[...o.probes]}::text[]
      and length(word) between ${o.lengthMin} and ${o.lengthMax} limit ${SIMILAR_WORDS_MAX}`.execute(db)
  return rows.map((r) => r.word)
}

export type Candidate = { id: string; title: string; artist: string; album: string; weight: number }
type Kind = 'song' | 'album' | 'artist'

/** What of a row is ranked, and how big it is: of two equal matches the bigger comes first. */
const SHOWN: Record<Kind, { from: Sql; columns: Sql }> = {
  song: {
    from: sql`catalog.songs t left join catalog.albums al on al.id = t.album_id`,
    columns: sql`t.id, t.title, t.artist, coalesce(al.title, '') as album, 0 as weight`,
  },
  album: { from: sql`catalog.albums t`, columns: sql`t.id, t.title, t.artist, '' as album, t.song_count as weight` },
  artist: {
    from: sql`catalog.artists t`,
    columns: sql`t.id, t.name as title, '' as artist, '' as album, t.song_count as weight`,
  },
}
const reach = (kind: Kind, view: View): Sql<boolean> =>
  ({ song: songsInReach(view, 'shelf'), album: albumsInReach(view), artist: artistsInReach(view) })[kind]

async function candidatesWhere(db: Db, kind: Kind, view: View, where: Sql, tail: Sql): Promise<Candidate[]> {
  const { from, columns } = SHOWN[kind]
  const { rows } = await sql<Candidate>`
    select ${columns} from ${from} where ${reach(kind, view)} and ${where} ${tail}`.execute(db)
  return rows
}

/** Rows whose documents match the `tsquery`; of very many matches an arbitrary part. */
export const matching = (db: Db, kind: Kind, view: View, tsquery: string): Promise<Candidate[]> =>
  candidatesWhere(db, kind, view, sql`t.search @@ ${tsquery}::tsquery`, sql`limit ${CANDIDATES_MAX}`)

/** U+10FFFF in UTF-8 sorts after every continuation of a prefix. */
const LAST = '\u{10ffff}'
/** Rows whose sort key begins so, in its order: the shortest first, so an exact title is always among them. */
export const beginningWith = (db: Db, kind: Kind, view: View, prefix: string): Promise<Candidate[]> =>
  candidatesWhere(
    db,
    kind,
    view,
    sql`t.sort_key >= ${prefix} and t.sort_key < ${prefix + LAST}`,
    sql`order by t.sort_key, t.id limit ${CANDIDATES_MAX}`,
  )
