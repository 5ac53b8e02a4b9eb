import { sql } from 'kysely'
import { ACCESS, type View } from '#modules/catalog/policy.ts'
import type { Db, Sql } from './db.ts'
import { albumsInReach, artistsInReach, songsInReach } from './reach.ts'

/** Words of the vocabulary that may be meant by one mistyped word. */
const SIMILAR_WORDS_MAX = 2000
/** Rows of one kind whose titles begin so, and whose documents match, that are ranked. */
const BEGINNING_MAX = 60
const NAMED_MAX = 20
const MATCHING_MAX = 150
/** Rows that are looked at for those in the caller's reach; more only in an index of what anyone may see. */
const LOOKED_AT_MAX = 1000

/** What a mistyped word may mean: words with this first letter or going on so, of so many letters. */
export type Typo = {
  first: string
  rests: string[]
  letters: number
  lengthMin: number
  lengthMax: number
  edits: number
  /** The word may go on. */
  isOpen: boolean
}
/** Words are cut by code units; half a character is none that JSON may hold, and begins no word. */
const wellFormed = (_key: string, value: unknown): unknown => (typeof value === 'string' ? value.toWellFormed() : value)

/** Words that may be meant, by the number of the typo in the list; and those of `parts` that there are, as -1. */
export async function similarWords(
  db: Db,
  typos: readonly Typo[],
  parts: readonly string[],
): Promise<{ at: number; word: string }[]> {
  const rows = JSON.stringify(
    typos.map((t, at) => ({ ...t, at, upto: `${t.first}${LAST}` })),
    wellFormed,
  )
  const fits = sql`length(w.word) between p."lengthMin" and p."lengthMax"
    and bit_count((p.letters & ~w.letters)::bit(32)) <= p.edits
    and (p."isOpen" or bit_count((w.letters & ~p.letters)::bit(32)) <= p.edits)`
  const { rows: words } = await sql<{ at: number; word: string }>`
    select p.at, w.word from jsonb_to_recordset(${rows}::jsonb) as p(at integer, first text, upto text, rests text[],
      letters integer, "lengthMin" integer, "lengthMax" integer, edits integer, "isOpen" boolean),
    lateral (
      (select w.word from catalog.words w where w.word >= p.first and w.word < p.upto and ${fits}
        limit ${SIMILAR_WORDS_MAX})
      union all
      (select w.word from catalog.words w where substr(w.word, 2, 4) = any(p.rests)
        and left(w.word, 1) <> p.first and ${fits} limit ${SIMILAR_WORDS_MAX})
    ) w
    union all
    select -1, w.word from catalog.words w where w.word = any(${[...parts]}::text[])`.execute(db)
  return words
}

/** The words that most documents of songs hold, as the planner's statistics have them. */
export async function commonWords(db: Db): Promise<{ word: string; share: number }[]> {
  const { rows } = await sql<{ word: string; share: number }>`
    select word, share::float8 from pg_stats,
      unnest(most_common_elems::text::text[], most_common_elem_freqs) as x(word, share)
    where schemaname = 'catalog' and tablename = 'songs' and attname = 'search' and word is not null`.execute(db)
  return rows
}

export type Candidate = { id: string; title: string; artist: string; album: string; weight: number }
export type Kind = 'song' | 'album' | 'artist'

type Shown = { table: Sql; columns: Sql; join: Sql }
/** What of a row is ranked, and how big it is: of two equal matches the bigger comes first. */
const SHOWN: Record<Kind, Shown> = {
  song: {
    table: sql`catalog.songs`,
    columns: sql`c.id, c.title, c.artist, coalesce(al.title, '') as album, 0 as weight`,
    join: sql`left join catalog.albums al on al.id = c.album_id`,
  },
  album: {
    table: sql`catalog.albums`,
    columns: sql`c.id, c.title, c.artist, '' as album, c.song_count as weight`,
    join: sql``,
  },
  artist: {
    table: sql`catalog.artists`,
    columns: sql`c.id, c.name as title, '' as artist, '' as album, c.song_count as weight`,
    join: sql``,
  },
}
export const reachOf = (kind: Kind, view: View): Sql<boolean> =>
  ({ song: songsInReach(view, 'shelf'), album: albumsInReach(view), artist: artistsInReach(view) })[kind]

/** U+10FFFF in UTF-8 sorts after every continuation of a prefix. */
const LAST = '\u{10ffff}'

/** What is public has indexes of its own; for others some rows out of reach may have to be passed over. */
function reached(kind: Kind, view: View, o: { where: Sql; order: Sql; limit: number }): Sql {
  const { table } = SHOWN[kind]
  const reach = reachOf(kind, view)
  if (view.least === ACCESS.anyone)
    return sql`select t.* from ${table} t where ${reach} and ${o.where} ${o.order} limit ${o.limit}`
  return sql`select t.* from (select t.* from ${table} t where ${o.where} ${o.order} limit ${LOOKED_AT_MAX}) t
    where ${reach} limit ${o.limit}`
}

const BY_NAME = sql`order by t.sort_key, t.id`
/** Of artists, those with the most songs; of the rest, the shortest, so that an exact title is always among them. */
const beginsOrder = (kind: Kind): Sql => (kind === 'artist' ? sql`order by t.song_count desc` : BY_NAME)

function beginning(kind: Kind, view: View, phrases: readonly string[]): Sql {
  // One letter has an index of its own.
  const isLetter = kind === 'artist' && phrases.every((p) => Array.from(p).length === 1)
  const where = isLetter
    ? sql`left(t.sort_key, 1) = p.phrase`
    : sql`t.sort_key >= p.phrase and t.sort_key < p.phrase || ${LAST}`
  const rows = reached(kind, view, { where, order: beginsOrder(kind), limit: BEGINNING_MAX })
  return sql`select c.* from unnest(${[...phrases]}::text[]) as p(phrase), lateral (${rows}) c`
}
/** Before those artists with more songs whose names only begin so. */
const named = (kind: Kind, view: View, phrases: readonly string[]): Sql =>
  reached(kind, view, { where: sql`t.sort_key = any(${[...phrases]}::text[])`, order: sql``, limit: NAMED_MAX })

/** As a function, the filter is no condition of the index; a bounded number of rows is looked at for it. */
function matching(kind: Kind, view: View, { keys, filter }: { keys: string; filter: string | undefined }): Sql {
  const rows = { where: sql`t.search @@ ${keys}::tsquery`, order: sql``, limit: MATCHING_MAX }
  if (filter === undefined) return reached(kind, view, rows)
  const wide = reached(kind, view, { ...rows, limit: LOOKED_AT_MAX })
  return sql`select t.* from (${wide}) t where ts_match_vq(t.search, ${filter}::tsquery) limit ${MATCHING_MAX}`
}

export type Wanted = {
  /** Beginnings of sort keys. */
  readonly phrases: readonly string[]
  /** Text of a `tsquery`, and of one that what it finds has to match, too. */
  readonly keys: string | undefined
  readonly filter: string | undefined
}
/** Rows whose sort key begins with one of `phrases`, and those whose documents match `keys` and `filter`. */
export async function candidates(db: Db, kind: Kind, view: View, w: Wanted): Promise<Candidate[]> {
  const parts: Sql[] = []
  if (w.phrases.length > 0) parts.push(beginning(kind, view, w.phrases))
  if (w.phrases.length > 0 && kind === 'artist') parts.push(named(kind, view, w.phrases))
  if (w.keys !== undefined) parts.push(matching(kind, view, { keys: w.keys, filter: w.filter }))
  if (parts.length === 0) return []
  const { columns, join } = SHOWN[kind]
  const selects = parts.map((part) => sql`(select ${columns} from (${part}) c ${join})`)
  const { rows } = await sql<Candidate>`${sql.join(selects, sql` union all `)}`.execute(db)
  return [...new Map(rows.map((r) => [r.id, r])).values()]
}

/** Whether a document of these rows matches. */
export async function isAny(db: Db, kind: Kind, within: Sql<boolean>, tsquery: string): Promise<boolean> {
  const { rows } = await sql`select from ${SHOWN[kind].table} t where ${within} and t.search @@ ${tsquery}::tsquery
    limit 1`.execute(db)
  return rows.length > 0
}
