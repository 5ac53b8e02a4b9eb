import { sql } from 'kysely'
import { searchLiteral } from '#modules/catalog/fold.ts'
import { ACCESS_TAG } from '#modules/catalog/service/view.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { deleteSongs, saveFacets } from '#modules/catalog/store/lifecycle.ts'
import { lockShelf, recount, recountAlbums, touchedBy } from '#modules/catalog/store/recount.ts'
import type { Catalog } from '#modules/catalog/testing.ts'

const uuid = (kind: string, n: number): string =>
  `01900000-0000-7000-8${kind}00-0000000000${n.toString(16).padStart(2, '0')}`
export const SONGS = 8
export const FOLDERS = 3
const ALBUMS = 3
const ARTISTS = 3
const COVERS = 2
const songId = (n: number): string => uuid('1', n)
const albumId = (n: number): string => uuid('2', n)
const artistId = (n: number): string => uuid('3', n)
const folderId = (n: number): string => uuid('4', n)
const ownAlbumId = (n: number): string => uuid('5', n)
const coverHash = (n: number): string => `${n}`.repeat(64)

/** What a person or a scan does to the library; numbers name songs, people and the rest of small sets. */
export type Step =
  | { do: 'add'; song: number; owner: number | null; isPublic: boolean; number: number }
  | { do: 'edit' | 'delete' | 'lose' | 'find' | 'analyze'; song: number }
  | { do: 'publish' | 'show'; song: number; on: boolean }
  | { do: 'move'; song: number; folder: number }
  | { do: 'rename'; album: number }
  | { do: 'collect'; album: number; owner: number; isPublic: boolean; isVisible: boolean; songs: number[] }
  | { do: 'paint'; cover: number; isKept: boolean }
  | { do: 'restrict'; folder: number; on: boolean; users: number[] }

/** Writes to the shelf as the module's own writers do: under its lock, recounted, kept answers dropped. */
export function shelfOf(c: Catalog, people: readonly string[]) {
  const { db, cache } = c.app.app.ports
  const kysely = db.kysely as unknown as Db
  let edition = 0
  const drop = () => cache.invalidate(['catalog', ACCESS_TAG])

  async function changeSong(id: string, write: (tx: Db) => Promise<unknown>): Promise<void> {
    await kysely.transaction().execute(async (tx) => {
      await lockShelf(tx)
      const before = await touchedBy(tx, [id])
      await write(tx)
      await recount(tx, [before, await touchedBy(tx, [id])])
    })
    await drop()
  }
  const update = (song: number, set: ReturnType<typeof sql>): Promise<void> =>
    changeSong(songId(song), (tx) => sql`update catalog.songs set ${set} where id = ${songId(song)}`.execute(tx))

  async function add(s: Extract<Step, { do: 'add' }>): Promise<void> {
    const folder = s.owner === null ? s.number % FOLDERS : null
    const text = `Song ${s.song}`
    await changeSong(songId(s.song), async (tx) => {
      await sql`insert into catalog.songs (id, title, artist, album_id, duration_ms, sort_key, artist_order, album_order,
          search, owner_id, folder_id, folder_no, is_public, content_id, codec, container, mime_type, lossless, size_bytes, cover_hash)
        values (${songId(s.song)}, ${text}, 'A', ${s.owner === null ? albumId(s.number % ALBUMS) : null},
          ${1000 + s.number}, ${text}, 'a', 'a', ${searchLiteral(['song'])}::tsvector,
          ${s.owner === null ? null : people[s.owner]}, ${folder === null ? null : folderId(folder)},
          (select no from catalog.folders where id = ${folder === null ? null : folderId(folder)}::uuid),
          ${s.isPublic}, ${`c${s.number}`}, 'mp3', 'mp3', 'audio/mpeg', false, ${100 + s.number},
          ${s.number % 3 === 0 ? coverHash(s.number % COVERS) : null}) on conflict do nothing`.execute(tx)
      await sql`insert into catalog.song_artists (song_id, artist_id, role, position)
        values (${songId(s.song)}, ${artistId(s.number % ARTISTS)}, 'main', 0) on conflict do nothing`.execute(tx)
    })
  }

  async function collect(s: Extract<Step, { do: 'collect' }>): Promise<void> {
    const id = ownAlbumId(s.album)
    await kysely.transaction().execute(async (tx) => {
      await lockShelf(tx)
      await sql`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder, owner_id)
        values (${id}, 'Own', ${id}, 'own', '', true, ${people[s.owner]}) on conflict do nothing`.execute(tx)
      await sql`delete from catalog.album_songs where album_id = ${id}`.execute(tx)
      for (const [position, n] of [...new Set(s.songs)].entries())
        await sql`insert into catalog.album_songs (album_id, song_id, position)
          select ${id}, id, ${position} from catalog.songs where id = ${songId(n)}`.execute(tx)
      await sql`update catalog.albums set is_public = ${s.isPublic}, is_visible = ${s.isVisible} where id = ${id}`.execute(
        tx,
      )
      await recountAlbums(tx, [id])
    })
    await drop()
  }

  async function restrict(s: Extract<Step, { do: 'restrict' }>): Promise<void> {
    const userIds = s.users.map((u) => people[u])
    const { status, text } = await c.admin.put(`/library/folders/${folderId(s.folder)}/access`, {
      isRestricted: s.on,
      userIds,
    })
    if (status !== 200) throw new Error(text)
  }

  async function paint({ cover, isKept }: Extract<Step, { do: 'paint' }>): Promise<void> {
    await sql`update catalog.covers set state = ${isKept ? 'ok' : 'bad'} where hash = ${coverHash(cover)}`.execute(
      kysely,
    )
    await drop()
  }

  async function analyze(song: number): Promise<void> {
    const facets = { state: 'completed' as const, tempo: 90 + (edition++ % 9), key: null, camelot: null, energy: null }
    await saveFacets(kysely, [{ songId: songId(song), ...facets, loudnessLufs: null, truePeakDbtp: null }])
    await drop()
  }

  const moveTo = (song: number, folder: number): Promise<void> =>
    changeSong(songId(song), (tx) =>
      sql`update catalog.songs s set folder_id = f.id, folder_no = f.no from catalog.folders f
        where f.id = ${folderId(folder)} and s.id = ${songId(song)} and s.owner_id is null`.execute(tx),
    )

  async function run(s: Step): Promise<void> {
    switch (s.do) {
      case 'add':
        return add(s)
      case 'edit':
        return update(s.song, sql`title = ${`Edition ${edition++}`}`)
      case 'delete':
        return changeSong(songId(s.song), (tx) => deleteSongs(tx, [songId(s.song)]))
      case 'lose':
        return update(s.song, sql`is_missing = true, gone_at = now()`)
      case 'find':
        return update(s.song, sql`is_missing = false, gone_at = null`)
      case 'publish':
        return update(s.song, sql`is_public = ${s.on}`)
      case 'show':
        return update(s.song, sql`is_visible = ${s.on}`)
      case 'move':
        return moveTo(s.song, s.folder)
      case 'rename':
        await sql`update catalog.albums set title = ${`Title ${edition++}`} where id = ${albumId(s.album)}`.execute(
          kysely,
        )
        return drop()
      case 'collect':
        return collect(s)
      case 'paint':
        return paint(s)
      case 'restrict':
        return restrict(s)
      case 'analyze':
        return analyze(s.song)
    }
  }

  /** An empty library with open folders. Names of albums and artists are made anew when the last song of them goes. */
  async function empty(): Promise<void> {
    await sql`truncate catalog.songs, catalog.albums, catalog.artists, catalog.folders, catalog.covers, catalog.assets,
      catalog.changes, catalog.known_artists, catalog.duplicates, catalog.uploads cascade`.execute(kysely)
    for (let n = 0; n < FOLDERS; n++)
      await sql`insert into catalog.folders (id, path, path_text) values (${folderId(n)}, ${Buffer.from(`/${n}`)}, ${`/${n}`})`.execute(
        kysely,
      )
    for (let n = 0; n < COVERS; n++)
      await sql`insert into catalog.covers (hash, source_kind, source_path) values (${coverHash(n)}, 'image', ''::bytea)`.execute(
        kysely,
      )
    await names()
    await drop()
  }
  async function names(): Promise<void> {
    for (let n = 0; n < ALBUMS; n++)
      await sql`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder)
        values (${albumId(n)}, ${`Album ${n}`}, ${`k${n}`}, ${`album ${n}`}, '', true) on conflict do nothing`.execute(
        kysely,
      )
    for (let n = 0; n < ARTISTS; n++)
      await sql`insert into catalog.artists (id, name, sort_name, identity_key, sort_key, search)
        values (${artistId(n)}, ${`Artist ${n}`}, ${`Artist ${n}`}, ${`k${n}`}, ${`artist ${n}`}, '') on conflict do nothing`.execute(
        kysely,
      )
  }

  return {
    empty,
    async run(s: Step): Promise<void> {
      await names()
      await run(s)
    },
  }
}
