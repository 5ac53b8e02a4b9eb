import { sql } from 'kysely'
import type { Db, Sql } from '#modules/catalog/store/db.ts'

export type ModerationFilter = {
  ownerId?: string | undefined
  isVisible?: boolean | undefined
  isPublic?: boolean | undefined
  from?: 'library' | 'uploads' | undefined
}

const onFrom = { library: sql<boolean>`t.owner_id is null`, uploads: sql<boolean>`t.owner_id is not null` }
const common = (f: ModerationFilter): Sql<boolean>[] => [
  ...(f.ownerId === undefined ? [] : [sql<boolean>`t.owner_id = ${f.ownerId}::uuid`]),
  ...(f.isVisible === undefined ? [] : [sql<boolean>`t.is_visible = ${f.isVisible}`]),
  ...(f.from === undefined ? [] : [onFrom[f.from]]),
]
export const songFilters = (f: ModerationFilter): Sql<boolean>[] => [
  ...common(f),
  ...(f.isPublic === undefined ? [] : [sql<boolean>`t.is_public = ${f.isPublic}`]),
]
/** Albums of the library are as public as one of their songs. */
export const albumFilters = (f: ModerationFilter): Sql<boolean>[] => [
  ...common(f),
  ...(f.isPublic === undefined
    ? []
    : [sql<boolean>`case when t.owner_id is null then t.shelf = 3 else t.is_public end = ${f.isPublic}`]),
]

export type Moderated = { title: string; ownerId: string | null; was: boolean; is: boolean }
/** Sets what admins say of a thing, or the other of the two; undefined when it is not there. */
export async function setVisible(
  db: Db,
  kind: 'song' | 'album',
  id: string,
  isVisible: boolean | undefined,
): Promise<Moderated | undefined> {
  const table = kind === 'song' ? sql`catalog.songs` : sql`catalog.albums`
  const { rows } = await sql<{ title: string; ownerId: string | null; was: boolean }>`
    select title, owner_id as "ownerId", is_visible as was from ${table} where id = ${id}::uuid`.execute(db)
  const [thing] = rows
  if (!thing) return undefined
  const is = isVisible ?? !thing.was
  if (is !== thing.was)
    await sql`update ${table} set is_visible = ${is}, revision = revision + 1, updated_at = now()
      where id = ${id}::uuid`.execute(db)
  return { ...thing, is }
}
