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
