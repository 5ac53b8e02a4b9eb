import { sql } from 'kysely'
import type { Db } from '#modules/catalog/store/db.ts'

/** What PostgreSQL does by itself: ids of ten songs for a query. */
export type Baseline = {
  readonly name: string
  prepare(db: Db): Promise<void>
  find(db: Db, q: string): Promise<string[]>
}

const LIMIT = 10
const ids = (rows: readonly { id: string }[]): string[] => rows.map((r) => r.id)
const escaped = (q: string): string => `%${q.replace(/[\\%_]/g, '\\$&')}%`

export const BASELINES: readonly Baseline[] = [
  {
    name: 'ILIKE',
    prepare: async () => {},
    find: async (db, q) =>
      ids(
        (
          await sql<{ id: string }>`select s.id from catalog.songs s left join catalog.albums a on a.id = s.album_id
            where s.title ilike ${escaped(q)} or s.artist ilike ${escaped(q)} or a.title ilike ${escaped(q)}
            order by length(s.title), s.id limit ${LIMIT}`.execute(db)
        ).rows,
      ),
  },
  {
    name: 'ts_rank',
    prepare: async (db) => {
      await sql`create index if not exists bench_words on catalog.songs
        using gin (to_tsvector('simple', title || ' ' || artist))`.execute(db)
    },
    find: async (db, q) =>
      ids(
        (
          await sql<{ id: string }>`select s.id from catalog.songs s, plainto_tsquery('simple', ${q}) query
            where to_tsvector('simple', title || ' ' || artist) @@ query
            order by ts_rank(to_tsvector('simple', title || ' ' || artist), query, 2) desc, s.id limit ${LIMIT}`.execute(
            db,
          )
        ).rows,
      ),
  },
  {
    name: 'pg_trgm',
    prepare: async (db) => {
      await sql`create extension if not exists pg_trgm`.execute(db)
      await sql`create index if not exists bench_grams on catalog.songs
        using gist ((title || ' ' || artist) gist_trgm_ops(siglen=64))`.execute(db)
    },
    find: async (db, q) =>
      ids(
        (
          await sql<{ id: string }>`select s.id from catalog.songs s
            order by ${q} <<-> (title || ' ' || artist), s.id limit ${LIMIT}`.execute(db)
        ).rows,
      ),
  },
]
