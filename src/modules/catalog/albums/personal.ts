import { sql } from 'kysely'
import type { Db } from '#modules/catalog/store/db.ts'

/** Song `s` lies in a folder that is not for the owner of album `al`. */
const WITHHELD = sql`exists (select from catalog.folders f where f.no = s.folder_no and f.is_restricted
  and not exists (select from catalog.folder_users u where u.folder_id = f.id and u.user_id = al.owner_id))`

/** Albums of a person, for their export. Songs of others have titles there only while others may see them. */
export async function describeAlbums(db: Db, ownerId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await sql<Record<string, unknown>>`
    select al.id, al.title, al.artist, al.kind, al.year, al.description, al.is_public as "isPublic",
      al.created_at as "createdAt",
      (select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'disc', m.disc, 'title',
          case when s.shelf = 3 or s.owner_id = al.owner_id or (s.shelf = 2 and not ${WITHHELD}) then s.title end)
          order by m.disc nulls first, m.position), '[]')
        from catalog.album_songs m join catalog.songs s on s.id = m.song_id where m.album_id = al.id) as songs
    from catalog.albums al where al.owner_id = ${ownerId}::uuid order by al.id`.execute(db)
  return rows
}

export async function countAlbums(db: Db, ownerId: string): Promise<{ albums: number; publicAlbums: number }> {
  const { rows } = await sql<{ albums: number; publicAlbums: number }>`
    select count(*)::int as albums, (count(*) filter (where is_public))::int as "publicAlbums"
    from catalog.albums where owner_id = ${ownerId}::uuid`.execute(db)
  return rows[0] ?? { albums: 0, publicAlbums: 0 }
}
