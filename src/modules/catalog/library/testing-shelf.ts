import { sql } from 'kysely'
import { searchLiteral } from '#modules/catalog/fold.ts'
import { ACCESS_TAG } from '#modules/catalog/service/view.ts'
import type { Db, Sql } from '#modules/catalog/store/db.ts'
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
type Of<Do extends Step['do'], S = Step> = S extends { do: infer D } ? (Do extends D ? S : never) : never

type Shelf = { db: Db; catalog: Pick<Catalog, 'app' | 'admin'>; people: readonly string[]; edition: number }

/** As the module's own writers do: under the lock of the shelf, recounted. */
async function changeSong({ db }: Shelf, song: number, write: (tx: Db) => Promise<unknown>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lockShelf(tx)
    const before = await touchedBy(tx, [songId(song)])
    await write(tx)
    await recount(tx, [before, await touchedBy(tx, [songId(song)])])
  })
}
const update = (shelf: Shelf, song: number, set: Sql): Promise<void> =>
  changeSong(shelf, song, (tx) => sql`update catalog.songs set ${set} where id = ${songId(song)}`.execute(tx))

/** Library songs lie in a folder and name an album; uploads do neither. */
async function add(shelf: Shelf, s: Of<'add'>): Promise<void> {
  const isShared = s.owner === null
  const folder = isShared ? folderId(s.number % FOLDERS) : null
  const title = `Song ${s.song}`
  await changeSong(shelf, s.song, async (tx) => {
    await sql`insert into catalog.songs (id, title, artist, album_id, duration_ms, sort_key, artist_order, album_order,
        search, owner_id, folder_id, folder_no, is_public, content_id, codec, container, mime_type, lossless, size_bytes,
        cover_hash)
      values (${songId(s.song)}, ${title}, 'A', ${isShared ? albumId(s.number % ALBUMS) : null}, ${1000 + s.number},
        ${title}, 'a', 'a', ${searchLiteral(['song'])}::tsvector, ${s.owner === null ? null : shelf.people[s.owner]},
        ${folder}, (select no from catalog.folders where id = ${folder}::uuid), ${s.isPublic}, ${`c${s.number}`}, 'mp3',
        'mp3', 'audio/mpeg', false, ${100 + s.number}, ${s.number % 3 === 0 ? coverHash(s.number % COVERS) : null})
      on conflict do nothing`.execute(tx)
    await sql`insert into catalog.song_artists (song_id, artist_id, role, position)
      values (${songId(s.song)}, ${artistId(s.number % ARTISTS)}, 'main', 0) on conflict do nothing`.execute(tx)
  })
}

async function collect({ db, people }: Shelf, s: Of<'collect'>): Promise<void> {
  const id = ownAlbumId(s.album)
  await db.transaction().execute(async (tx) => {
    await lockShelf(tx)
    await sql`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder, owner_id)
      values (${id}, 'Own', ${id}, 'own', '', true, ${people[s.owner]}) on conflict do nothing`.execute(tx)
    await sql`delete from catalog.album_songs where album_id = ${id}`.execute(tx)
    for (const [position, n] of [...new Set(s.songs)].entries())
      await sql`insert into catalog.album_songs (album_id, song_id, position)
        select ${id}, id, ${position} from catalog.songs where id = ${songId(n)}`.execute(tx)
    await sql`update catalog.albums set is_public = ${s.isPublic}, is_visible = ${s.isVisible}
      where id = ${id}`.execute(tx)
    await recountAlbums(tx, [id])
  })
}

async function restrict({ catalog, people }: Shelf, s: Of<'restrict'>): Promise<void> {
  const wish = { isRestricted: s.on, userIds: s.users.map((u) => people[u]) }
  const { status, text } = await catalog.admin.put(`/library/folders/${folderId(s.folder)}/access`, wish)
  if (status !== 200) throw new Error(text)
}

async function analyze(shelf: Shelf, song: number): Promise<void> {
  const facets = { songId: songId(song), state: 'completed' as const, tempo: 90 + (shelf.edition++ % 9), key: null }
  await saveFacets(shelf.db, [{ ...facets, camelot: null, energy: null, loudnessLufs: null, truePeakDbtp: null }])
}

const move = (shelf: Shelf, { song, folder }: Of<'move'>): Promise<void> =>
  changeSong(shelf, song, (tx) =>
    sql`update catalog.songs s set folder_id = f.id, folder_no = f.no from catalog.folders f
      where f.id = ${folderId(folder)} and s.id = ${songId(song)} and s.owner_id is null`.execute(tx),
  )

const RUNS: { [Do in Step['do']]: (shelf: Shelf, step: Of<Do>) => Promise<unknown> } = {
  add,
  collect,
  restrict,
  move,
  edit: (shelf, s) => update(shelf, s.song, sql`title = ${`Edition ${shelf.edition++}`}`),
  delete: (shelf, s) => changeSong(shelf, s.song, (tx) => deleteSongs(tx, [songId(s.song)])),
  lose: (shelf, s) => update(shelf, s.song, sql`is_missing = true, gone_at = now()`),
  find: (shelf, s) => update(shelf, s.song, sql`is_missing = false, gone_at = null`),
  publish: (shelf, s) => update(shelf, s.song, sql`is_public = ${s.on}`),
  show: (shelf, s) => update(shelf, s.song, sql`is_visible = ${s.on}`),
  analyze: (shelf, s) => analyze(shelf, s.song),
  rename: ({ db, edition }, s) =>
    sql`update catalog.albums set title = ${`Title ${edition}`} where id = ${albumId(s.album)}`.execute(db),
  paint: ({ db }, s) =>
    sql`update catalog.covers set state = ${s.isKept ? 'ok' : 'bad'} where hash = ${coverHash(s.cover)}`.execute(db),
}

/** Albums and artists go with the last song of them; songs that come name them again. */
async function ensureNames({ db }: Shelf): Promise<void> {
  for (let n = 0; n < ALBUMS; n++)
    await sql`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder)
      values (${albumId(n)}, ${`Album ${n}`}, ${`k${n}`}, ${`album ${n}`}, '', true) on conflict do nothing`.execute(db)
  for (let n = 0; n < ARTISTS; n++)
    await sql`insert into catalog.artists (id, name, sort_name, identity_key, sort_key, search)
      values (${artistId(n)}, ${`Artist ${n}`}, ${`Artist ${n}`}, ${`k${n}`}, ${`artist ${n}`}, '')
      on conflict do nothing`.execute(db)
}

/** Nothing but open folders and pictures that are not kept yet. */
async function empty({ db }: Shelf): Promise<void> {
  await sql`truncate catalog.songs, catalog.albums, catalog.artists, catalog.folders, catalog.covers, catalog.assets,
    catalog.changes, catalog.known_artists, catalog.duplicates, catalog.uploads cascade`.execute(db)
  for (let n = 0; n < FOLDERS; n++)
    await sql`insert into catalog.folders (id, path, path_text)
      values (${folderId(n)}, ${Buffer.from(`/${n}`)}, ${`/${n}`})`.execute(db)
  for (let n = 0; n < COVERS; n++)
    await sql`insert into catalog.covers (hash, source_kind, source_path)
      values (${coverHash(n)}, 'image', ''::bytea)`.execute(db)
}

/** A library of a few rows, changed step by step; `people` are the owners of uploads and of albums. */
export function shelfOf(catalog: Pick<Catalog, 'app' | 'admin'>, people: readonly string[]) {
  const { db, cache } = catalog.app.app.ports
  const shelf: Shelf = { db: db.kysely as unknown as Db, catalog, people, edition: 0 }
  const dropKept = () => cache.invalidate(['catalog', ACCESS_TAG])
  return {
    async empty(): Promise<void> {
      await empty(shelf)
      await dropKept()
    },
    async run(step: Step): Promise<void> {
      if (step.do === 'add') await ensureNames(shelf)
      await RUNS[step.do](shelf, step as never)
      shelf.edition++
      await dropKept()
    },
  }
}
