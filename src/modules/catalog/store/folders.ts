import { basename } from 'node:path'
import { sql } from 'kysely'
import type { Db } from './db.ts'

export type Folder = {
  id: string
  path: Buffer
  pathText: string
  fromConfig: boolean
  isPublic: boolean
  state: 'ok' | 'unreachable'
  detail: string | null
  no: number
  name: string | null
  ignore: string
  watch: 'auto' | 'poll' | 'off'
  isRestricted: boolean
  /** As whoever watches it found. */
  isPolled: boolean
}
const columns = sql`t.id, t.path, t.path_text as "pathText", t.from_config as "fromConfig", t.is_public as "isPublic",
  t.state, t.detail, t.no, t.name, t.ignore, t.watch, t.is_restricted as "isRestricted",
  t.is_polled as "isPolled"`

/** As people see it. */
export const shownName = (f: Pick<Folder, 'name' | 'pathText'>): string =>
  f.name ?? (basename(f.pathText) || f.pathText)

export async function folders(db: Db): Promise<Folder[]> {
  const { rows } = await sql<Folder>`select ${columns} from catalog.folders t
    where t.removed_at is null order by t.path`.execute(db)
  return rows
}
export async function folderById(db: Db, id: string): Promise<Folder | undefined> {
  const { rows } = await sql<Folder>`select ${columns} from catalog.folders t
    where t.id = ${id}::uuid and t.removed_at is null`.execute(db)
  return rows[0]
}

/** A folder that is known already keeps its id; naming it in the configuration marks it so. */
export async function upsertFolder(
  db: Db,
  f: { id: string; path: Buffer; pathText: string; fromConfig: boolean },
): Promise<void> {
  await sql`insert into catalog.folders (id, path, path_text, from_config)
    values (${f.id}, ${f.path}, ${f.pathText}, ${f.fromConfig})
    on conflict (path) do update set from_config = catalog.folders.from_config or excluded.from_config,
      removed_at = null`.execute(db)
}
/** Folders that the configuration no longer names stay, as folders that an admin may remove. */
export async function unmarkConfigured(db: Db, paths: readonly Buffer[]): Promise<void> {
  await sql`update catalog.folders set from_config = false
    where from_config and not (path = any(${[...paths]}::bytea[]))`.execute(db)
}

export async function setFolderState(
  db: Db,
  id: string,
  s: { state: 'ok' | 'unreachable'; detail: string | null },
): Promise<void> {
  await sql`update catalog.folders set state = ${s.state}, detail = ${s.detail},
    unreachable_since = case when ${s.state} = 'unreachable' then coalesce(unreachable_since, now()) end
    where id = ${id}::uuid`.execute(db)
}

export async function updateFolderSettings(
  db: Db,
  id: string,
  s: Pick<Folder, 'name' | 'ignore' | 'watch'>,
): Promise<void> {
  await sql`update catalog.folders set name = ${s.name}, ignore = ${s.ignore}, watch = ${s.watch}
    where id = ${id}::uuid and removed_at is null`.execute(db)
}
export async function setFolderPolled(db: Db, id: string, isPolled: boolean): Promise<void> {
  await sql`update catalog.folders set is_polled = ${isPolled} where id = ${id}::uuid`.execute(db)
}

/** Tells something else of a folder that is there, unless somebody else has told something meanwhile. */
export async function replaceDetail(db: Db, id: string, d: { from: string | null; to: string | null }): Promise<void> {
  await sql`update catalog.folders set detail = ${d.to}
    where id = ${id}::uuid and state = 'ok' and detail is not distinct from ${d.from}`.execute(db)
}

export async function hasFiles(db: Db, folderId: string): Promise<boolean> {
  const { rows } = await sql`
    select from catalog.library_files where folder_id = ${folderId}::uuid and state = 'ok' limit 1`.execute(db)
  return rows.length > 0
}

/** Ids of at most `limit` songs of a folder after an id, for work in parts. */
export async function folderSongs(db: Db, folderId: string, after: string, limit: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from catalog.songs where folder_id = ${folderId}::uuid and id > ${after}::uuid
    order by id limit ${limit}`.execute(db)
  return rows.map((r) => r.id)
}

export async function setFolderPublic(db: Db, id: string, isPublic: boolean): Promise<void> {
  await sql`update catalog.folders set is_public = ${isPublic} where id = ${id}::uuid`.execute(db)
}
/** From here on nothing is added to the folder; see {@link holdFolders}. */
export async function retireFolder(db: Db, id: string): Promise<void> {
  await sql`update catalog.folders set removed_at = now() where id = ${id}::uuid`.execute(db)
}
export async function retiredFolders(db: Db): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`select id from catalog.folders where removed_at is not null`.execute(db)
  return rows.map((r) => r.id)
}
export async function isRetired(db: Db, id: string): Promise<boolean> {
  const { rows } = await sql`
    select from catalog.folders where id = ${id}::uuid and removed_at is not null`.execute(db)
  return rows.length > 0
}
/** Which of these folders still stand; they cannot be retired before the transaction ends. */
export async function holdFolders(db: Db, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await sql<{ id: string }>`
    select id from catalog.folders where id = any(${[...ids]}::uuid[]) and removed_at is null for share`.execute(db)
  return new Set(rows.map((r) => r.id))
}
export async function deleteFolder(db: Db, id: string): Promise<void> {
  await sql`delete from catalog.folders where id = ${id}::uuid and removed_at is not null`.execute(db)
}
