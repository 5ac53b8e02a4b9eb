import { sql } from 'kysely'
import type { Db } from '#modules/catalog/store/db.ts'

type Album = { id: string; ownerId: string | null }

/** Songs that an album publishes with itself: those of its owner; of the library's albums, the library's. */
const ofItsOwner = ({ id, ownerId }: Album) =>
  ownerId === null
    ? sql`s.owner_id is null and s.album_id = ${id}::uuid`
    : sql`s.owner_id = ${ownerId}::uuid and s.id in (select song_id from catalog.album_songs where album_id = ${id}::uuid)`

/** Makes the album public with those private songs on it, which from now on are public by it. Answers their ids. */
export async function publishAlbum(db: Db, album: Album): Promise<string[]> {
  await sql`update catalog.albums set is_public = true where id = ${album.id}::uuid`.execute(db)
  const { rows } = await sql<{ id: string }>`
    update catalog.songs s set is_public = true, public_via = ${album.id}::uuid, revision = revision + 1,
      updated_at = now()
    where not s.is_public and s.is_visible and ${ofItsOwner(album)} returning s.id`.execute(db)
  return rows.map((r) => r.id)
}

/** Makes the album private with exactly the songs that it published. Answers their ids. */
export async function unpublishAlbum(db: Db, albumId: string): Promise<string[]> {
  await sql`update catalog.albums set is_public = false where id = ${albumId}::uuid`.execute(db)
  const { rows } = await sql<{ id: string }>`
    update catalog.songs set is_public = false, public_via = null, revision = revision + 1, updated_at = now()
    where public_via = ${albumId}::uuid returning id`.execute(db)
  return rows.map((r) => r.id)
}

/** Songs that an album published stay public by themselves: it is being deleted. */
export async function releasePublished(db: Db, albumIds: readonly string[]): Promise<void> {
  await sql`update catalog.songs set public_via = null where public_via = any(${[...albumIds]}::uuid[])`.execute(db)
}
