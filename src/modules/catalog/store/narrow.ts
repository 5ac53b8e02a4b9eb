import { sql } from 'kysely'
import type { Db, Sql } from './db.ts'

/** Steps of the tokens of songs; `catalog.song_tokens` makes the same. */
const TEMPO_STEP = 5
const TEMPO_MAX = 400
const ENERGY_STEPS = 20
const [YEAR_MIN, YEAR_MAX] = [1900, 2100]

/** What narrows a list, as three ways to find it need it. */
export type Narrow = {
  /** Asks columns that every order's index holds, of the row called so; true of every match, and of hardly any other. */
  readonly covered: (row: Sql) => readonly Sql<boolean>[]
  /** The whole condition, for a row `t` that is read. */
  readonly exact: readonly Sql<boolean>[]
  /** Whether the row must be read to know, beyond what `covered` leaves over. */
  readonly reads: boolean
  /** Finds matches by other indexes than that of the order: the same condition on `t`, or more of it. */
  readonly found: readonly Sql<boolean>[]
}

export type SongFilter = {
  artistIds?: readonly string[] | undefined
  albumIds?: readonly string[] | undefined
  genreKey?: string | undefined
  yearMin?: number | undefined
  yearMax?: number | undefined
  keyNo?: number | undefined
  moodNo?: number | undefined
  bpmMin?: number | undefined
  bpmMax?: number | undefined
  energyMin?: number | undefined
  energyMax?: number | undefined
  tag?: string | undefined
  lossless?: boolean | undefined
  /** Text of a `tsquery`. */
  search?: string | undefined
}

const texts = (all: readonly string[]): Sql => sql`${[...all]}::text[]`
const uuids = (all: readonly string[]): Sql => sql`${[...all]}::uuid[]`

type Range = { min?: number | undefined; max?: number | undefined }
const isRange = ({ min, max }: Range): boolean => min !== undefined || max !== undefined
/** `column` as it is in the range; nothing when there is none. The database refuses what `real` cannot tell from 0. */
const within = (column: Sql, { min, max }: Range): Sql<boolean>[] => [
  ...(min === undefined ? [] : [sql<boolean>`${column} >= ${Math.fround(min)}`]),
  ...(max === undefined ? [] : [sql<boolean>`${column} <= ${Math.fround(max)}`]),
]
/** Tokens of all steps that meet the range. */
function steps(letter: string, range: Range, o: { perUnit: number; min?: number; max: number }) {
  // Stored as `real`: the bounds are compared as such.
  const at = (x: number): number => Math.floor(Math.fround(x) * o.perUnit)
  const [least, most] = [at(o.min ?? 0), at(o.max)]
  const clamp = (step: number): number => Math.min(most, Math.max(least, step))
  const first = range.min === undefined ? least : clamp(at(range.min))
  const last = range.max === undefined ? most : clamp(at(range.max))
  const some = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => `${letter}:${first + i}`)
  return { some, isWide: some.length > (most - least) / 2 }
}

const rangesOf = (f: SongFilter) => ({
  year: { min: f.yearMin, max: f.yearMax },
  tempo: { min: f.bpmMin, max: f.bpmMax },
  energy: { min: f.energyMin, max: f.energyMax },
})

const TOKENS = sql`catalog.song_tokens(t.genre_keys, t.tags, t.year, t.tempo, t.energy, t.key_no, t.mood_no, t.lossless)`

/** Tokens a match has all of, and sets of which it has one each; `isWide`: more than half of all there are. */
type Tokens = { all: string[]; oneOf: { some: string[]; isWide: boolean }[] }
function tokensOf(f: SongFilter): Tokens {
  const { year, tempo, energy } = rangesOf(f)
  return {
    all: [
      ...(f.genreKey === undefined ? [] : [`g:${f.genreKey}`]),
      ...(f.tag === undefined ? [] : [`t:${f.tag}`]),
      ...(f.keyNo === undefined ? [] : [`k:${f.keyNo}`]),
      ...(f.moodNo === undefined ? [] : [`m:${f.moodNo}`]),
      ...(f.lossless === undefined ? [] : [`l:${f.lossless}`]),
    ],
    oneOf: [
      ...(isRange(year) ? [steps('y', year, { perUnit: 1, min: YEAR_MIN, max: YEAR_MAX })] : []),
      ...(isRange(tempo) ? [steps('b', tempo, { perUnit: 1 / TEMPO_STEP, max: TEMPO_MAX })] : []),
      ...(isRange(energy) ? [steps('e', energy, { perUnit: ENERGY_STEPS, max: 1 })] : []),
    ],
  }
}

function foundBy(f: SongFilter): Sql<boolean>[] {
  const { all, oneOf } = tokensOf(f)
  const narrow = oneOf.filter((o) => !o.isWide)
  // What most songs meet costs more to look up than it spares, beside anything else.
  const ranges = all.length + narrow.length > 0 ? narrow : oneOf
  return [
    ...(all.length === 0 ? [] : [sql<boolean>`${TOKENS} @> ${texts(all)}`]),
    ...ranges.map(({ some }) => sql<boolean>`${TOKENS} && ${texts(some)}`),
  ]
}

/** What only the row or another table tells. */
const readOf = (f: SongFilter): Sql<boolean>[] => [
  ...(f.artistIds === undefined
    ? []
    : [
        sql<boolean>`t.id in (select sa.song_id from catalog.song_artists sa where sa.artist_id = any(${uuids(f.artistIds)}))`,
      ]),
  ...(f.albumIds === undefined
    ? []
    : [
        sql<boolean>`t.id in (select s.id from catalog.songs s where s.album_id = any(${uuids(f.albumIds)})
          union all select a.song_id from catalog.album_songs a where a.album_id = any(${uuids(f.albumIds)}))`,
      ]),
  ...(f.genreKey === undefined ? [] : [sql<boolean>`t.genre_keys @> array[${f.genreKey}]`]),
  ...(f.tag === undefined ? [] : [sql<boolean>`t.tags @> array[${f.tag}]`]),
  ...(f.lossless === undefined ? [] : [sql<boolean>`t.lossless = ${f.lossless}`]),
  ...(f.search === undefined ? [] : [sql<boolean>`t.search @@ ${f.search}::tsquery`]),
]

function coveredOf(f: SongFilter, row: Sql): Sql<boolean>[] {
  const { year, tempo, energy } = rangesOf(f)
  const bits = sql`catalog.genre_bits(array[${f.genreKey ?? ''}])`
  return [
    ...(f.genreKey === undefined ? [] : [sql<boolean>`${row}.genre_bits & ${bits} <> 0`]),
    ...within(sql`${row}.year`, year),
    ...within(sql`${row}.tempo`, tempo),
    ...within(sql`${row}.energy`, energy),
    ...(f.keyNo === undefined ? [] : [sql<boolean>`${row}.key_no = ${f.keyNo}`]),
    ...(f.moodNo === undefined ? [] : [sql<boolean>`${row}.mood_no = ${f.moodNo}`]),
  ]
}

const ORDER_OF: Readonly<Record<string, keyof ReturnType<typeof rangesOf>>> = {
  year: 'year',
  '-year': 'year',
  bpm: 'tempo',
  '-bpm': 'tempo',
  energy: 'energy',
  '-energy': 'energy',
}
/** Where a filter is a range of the very order, the order is entered and left at its bounds. `by` is what it sorts by. */
export function boundsOfOrder(f: SongFilter, sortName: string, by: Sql): Sql<boolean>[] {
  const range = ORDER_OF[sortName]
  return range === undefined ? [] : within(by, rangesOf(f)[range])
}

/** Nothing when the filter asks for nothing. */
export function narrowSongs(f: SongFilter): Narrow | undefined {
  const covered = coveredOf(f, sql`t`)
  const read = readOf(f)
  if (covered.length + read.length === 0) return undefined
  const reads = read.length > (f.genreKey === undefined ? 0 : 1)
  return { covered: (row) => coveredOf(f, row), exact: [...read, ...covered], reads, found: foundBy(f) }
}

/** A list of few rows, whose indexes hold no facts: every condition reads the row. */
export const narrowBy = (conditions: readonly Sql<boolean>[]): Narrow | undefined =>
  conditions.length === 0 ? undefined : { covered: () => [], exact: conditions, reads: true, found: [] }

/** What must be seen of the covered columns, where a list has such. */
export type Facts = { readonly columns: Sql }
export const SONG_FACTS: Facts = { columns: sql`t.genre_bits, t.tempo, t.energy, t.year, t.key_no, t.mood_no` }

/** Bitmaps are the only plan that cuts many matches of several conditions with each other before a row is read. */
export function byBitmap<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (tx) => {
    await sql`select set_config('enable_seqscan', 'off', true), set_config('enable_indexscan', 'off', true),
      set_config('enable_indexonlyscan', 'off', true)`.execute(tx)
    return work(tx)
  })
}
