import type { Kysely, RawBuilder } from 'kysely'

/** All queries of this module are written out as SQL, so Kysely needs to know no table. */
export type Tables = Record<string, never>
/** The pool or a transaction. */
export type Db = Kysely<Tables>
export type Sql<T = unknown> = RawBuilder<T>
