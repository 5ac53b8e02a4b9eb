import { randomInt } from 'node:crypto'
import type { Caller } from '#kernel/caller.ts'
import { type AppError, notFound, unauthorized } from '#kernel/errors.ts'
import { PAGE_DEFAULT } from '#kernel/schema.ts'
import { badCursor, decodeCursor, encodeCursor, isUuid } from '#modules/catalog/cursor.ts'
import { identityKey } from '#modules/catalog/fold.ts'
import { artistIdsByName, isThere } from '#modules/catalog/store/artists.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { FAR_MIN, farPage } from '#modules/catalog/store/far.ts'
import { type At, countOf, type Listed, pageOf, type Sort } from '#modules/catalog/store/pages.ts'
import { isSeedFor, SEED_RANDOM_MAX, shuffleSeed } from '#modules/catalog/store/shuffle.ts'

export type PageInput = { limit?: number; cursor?: string; offset?: number; count?: boolean }
export type Paged<T> = { items: T[]; nextCursor: string | null; total?: number }
type ListOf<T> = Listed & {
  sortName: string
  sort: (seed: number) => Sort
  load: (ids: string[]) => Promise<T[]>
  /** How many there are about, where random order visits them by stretches; without it the list is sorted whole. */
  shuffled?: () => Promise<number>
  /** Names a long list as its viewer sees it, filters apart. */
  farKey?: string
  /** All there is when nothing narrows it. */
  total?: () => Promise<number>
}

const newSeed = async <T>({ shuffled }: ListOf<T>): Promise<number> =>
  shuffleSeed((await shuffled?.()) ?? 0, randomInt(1, SEED_RANDOM_MAX))

/** @throws 400 `bad_cursor` */
async function assertSeed<T>({ shuffled }: ListOf<T>, seed: number): Promise<void> {
  if (!isSeedFor((await shuffled?.()) ?? 0, seed)) throw badCursor()
}

const isFar = <T>(list: ListOf<T>, at: At): boolean =>
  list.narrow === undefined && at.cursor === undefined && at.offset >= FAR_MIN && at.sort.shuffle === undefined

/** One page of a list: keyset after the cursor, so that inserts never shift a page. `random` keeps its seed in the cursor. */
export async function paged<T>(db: Db, input: PageInput, list: ListOf<T>): Promise<Paged<T>> {
  const limit = input.limit ?? PAGE_DEFAULT
  const cursor = decodeCursor(input.cursor, list.sortName, list.sort(0).kind)
  const isRandom = list.sortName === 'random'
  const seed = cursor?.seed ?? (isRandom ? await newSeed(list) : 1)
  const sort = list.sort(seed)
  if (cursor && sort.shuffle && isRandom) await assertSeed(list, seed)
  // One row more than asked for tells whether there is a next page.
  const at = { sort, cursor, offset: input.offset ?? 0, limit: limit + 1 }
  const [rows, total] = await Promise.all([
    list.farKey !== undefined && isFar(list, at) ? farPage(db, list, at, list.farKey) : pageOf(db, list, at),
    input.count ? totalOf(db, list) : undefined,
  ])
  const page = rows.slice(0, limit)
  const last = rows.length > limit ? page.at(-1) : undefined
  return {
    items: await list.load(page.map((r) => r.id)),
    nextCursor: last ? encodeCursor(list.sortName, { ...last, seed }) : null,
    ...(total === undefined ? {} : { total }),
  }
}
const totalOf = <T>(db: Db, list: ListOf<T>): Promise<number> =>
  list.narrow === undefined && list.total ? list.total() : countOf(db, list)

/** An artist filter takes an id or a name. */
export const artistFilter = async (db: Db, artist: string | undefined): Promise<string[] | undefined> =>
  artist === undefined ? undefined : isUuid(artist) ? [artist] : artistIdsByName(db, identityKey(artist))

/** What is there but not for everybody asks nobody to sign in, as songs do; to anyone else it does not exist. */
export const unseen = async (db: Db, who: Caller, kind: 'album' | 'artist', id: string): Promise<AppError> =>
  who.kind === 'nobody' && (await isThere(db, kind, id)) ? unauthorized() : notFound(kind)
