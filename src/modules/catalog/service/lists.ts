import { randomInt } from 'node:crypto'
import type { Caller } from '#kernel/caller.ts'
import { type AppError, notFound, unauthorized } from '#kernel/errors.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { decodeCursor, encodeCursor, isUuid } from '#modules/catalog/cursor.ts'
import { identityKey } from '#modules/catalog/fold.ts'
import { artistIdsByName, isThere } from '#modules/catalog/store/artists.ts'
import type { Db, Sql } from '#modules/catalog/store/db.ts'
import { countOf, pageOf, type Sort } from '#modules/catalog/store/pages.ts'

export type PageInput = { limit?: number; cursor?: string; offset?: number; count?: boolean }
export type Paged<T> = { items: T[]; nextCursor: string | null; total?: number }
type ListOf<T> = {
  table: Sql
  where: readonly Sql<boolean>[]
  sortName: string
  sort: (seed: number) => Sort
  load: (ids: string[]) => Promise<T[]>
}

/** One page of a list: keyset after the cursor, so that inserts never shift a page. `random` keeps its seed in the cursor. */
export async function paged<T>(db: Db, input: PageInput, list: ListOf<T>): Promise<Paged<T>> {
  const limit = input.limit ?? PAGE_DEFAULT
  const cursor = decodeCursor(input.cursor, list.sortName, list.sort(0).kind)
  const seed = cursor?.seed ?? randomInt(1, 2 ** 31 - 1)
  // One row more than asked for tells whether there is a next page.
  const [rows, total] = await Promise.all([
    pageOf(db, list.table, list.where, {
      sort: list.sort(seed),
      cursor,
      offset: input.offset ?? 0,
      limit: limit + 1,
    }),
    input.count ? countOf(db, list.table, list.where) : undefined,
  ])
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    items: await list.load(page.map((r) => r.id)),
    nextCursor: last ? encodeCursor(list.sortName, { ...last, seed }) : null,
    ...(total === undefined ? {} : { total }),
  }
}

/** An artist filter takes an id or a name. */
export const artistFilter = async (db: Db, artist: string | undefined): Promise<string[] | undefined> =>
  artist === undefined ? undefined : isUuid(artist) ? [artist] : artistIdsByName(db, identityKey(artist))

/** What is there but not for everybody asks nobody to sign in, as songs do; to anyone else it does not exist. */
export const unseen = async (db: Db, who: Caller, kind: 'album' | 'artist', id: string): Promise<AppError> =>
  who.kind === 'nobody' && (await isThere(db, kind, id)) ? unauthorized() : notFound(kind)
