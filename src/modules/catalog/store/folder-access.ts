import { sql } from 'kysely'
import type { Db } from './db.ts'

export type RestrictedFolder = { no: number; userIds: string[] }
/** Folders that are not for everybody, in the order of their numbers, with the people who may open them. */
export async function restrictedFolders(db: Db): Promise<RestrictedFolder[]> {
  const { rows } = await sql<RestrictedFolder>`
    select f.no, coalesce(array_agg(u.user_id order by u.user_id) filter (where u.user_id is not null), '{}') as "userIds"
    from catalog.folders f left join catalog.folder_users u on u.folder_id = f.id
    where f.is_restricted group by f.no order by f.no`.execute(db)
  return rows
}

/** Whether a song or an album belongs to this person. */
export async function isOwner(db: Db, userId: string): Promise<boolean> {
  const { rows } = await sql<{ owns: boolean }>`
    select exists (select from catalog.songs where owner_id = ${userId}::uuid)
      or exists (select from catalog.albums where owner_id = ${userId}::uuid) as owns`.execute(db)
  return rows[0]?.owns ?? false
}

export type FolderAccess = { isRestricted: boolean; userIds: string[] }
export async function accessOf(db: Db, folderId: string): Promise<FolderAccess | undefined> {
  const { rows } = await sql<FolderAccess>`
    select f.is_restricted as "isRestricted",
      array(select u.user_id from catalog.folder_users u where u.folder_id = f.id order by u.user_id) as "userIds"
    from catalog.folders f where f.id = ${folderId}::uuid and f.removed_at is null`.execute(db)
  return rows[0]
}

/** The people stay who they are where `userIds` is undefined. */
export async function writeAccess(
  db: Db,
  folderId: string,
  access: { isRestricted: boolean; userIds: readonly string[] | undefined },
): Promise<void> {
  await sql`update catalog.folders set is_restricted = ${access.isRestricted} where id = ${folderId}::uuid`.execute(db)
  if (access.userIds === undefined) return
  await sql`delete from catalog.folder_users where folder_id = ${folderId}::uuid`.execute(db)
  await sql`insert into catalog.folder_users (folder_id, user_id)
    select distinct ${folderId}::uuid, id from unnest(${[...access.userIds]}::uuid[]) as u(id)`.execute(db)
}

/** Of a person who is gone: where they were let in, and what the delta feed knows of them. */
export async function forgetInLibrary(db: Db, userId: string): Promise<void> {
  await sql`delete from catalog.folder_users where user_id = ${userId}::uuid`.execute(db)
  await sql`delete from catalog.known_artists where owner_id = ${userId}::uuid`.execute(db)
  await sql`update catalog.changes set owner_id = null where owner_id = ${userId}::uuid`.execute(db)
}
