import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { sql } from 'kysely'
import { type Caller, nobody, ROLES } from '#kernel/caller.ts'
import { can } from '#kernel/policy.ts'
import { albumPolicy, songPolicy, type View, viewOf } from '#modules/catalog/policy.ts'
import { albumsById } from '#modules/catalog/store/albums.ts'
import { artistsById } from '#modules/catalog/store/artists.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { lockShelf, recount } from '#modules/catalog/store/recount.ts'
import { totals } from '#modules/catalog/store/totals.ts'
import { type Catalog, startCatalog } from '#modules/catalog/testing.ts'

const id = (kind: number, n: number): string => `01900000-0000-7000-8${kind}00-00000000000${n}`
const USERS = [id(9, 1), id(9, 2)]
const ALBUMS = [id(1, 0), id(1, 1)]
const OWN_ALBUM = id(1, 9)
const ARTISTS = [id(2, 0), id(2, 1)]
const FOLDERS = [id(3, 0), id(3, 1), id(3, 2)]

const caller: fc.Arbitrary<Caller> = fc.oneof(
  fc.constant(nobody('r')),
  fc.record({
    kind: fc.constant('user' as const),
    userId: fc.constantFrom(...USERS),
    role: fc.constantFrom(...ROLES),
    requestId: fc.constant('r'),
  }),
)
type Row = {
  isPublic: boolean
  isVisible: boolean
  isGone: boolean
  ownerId: string | null
  folder: number
  album: number
  artist: number
  hasCover: boolean
  isCollected: boolean
}
const row: fc.Arbitrary<Row> = fc.record({
  isPublic: fc.boolean(),
  isVisible: fc.boolean(),
  isGone: fc.boolean(),
  ownerId: fc.constantFrom(null, null, ...USERS),
  folder: fc.nat({ max: 2 }),
  album: fc.nat({ max: 1 }),
  artist: fc.nat({ max: 1 }),
  hasCover: fc.boolean(),
  isCollected: fc.boolean(),
})
const collection = fc.record({
  ownerId: fc.constantFrom(...USERS),
  isPublic: fc.boolean(),
  isVisible: fc.boolean(),
})
type Own = { ownerId: string; isPublic: boolean; isVisible: boolean }
type Song = Row & { id: string; durationMs: number; coverHash: string | null }

/** Library songs lie in a folder and on an album of the library; uploads do neither. */
async function insert(tx: Db, songs: readonly Song[], own: Own) {
  for (const [n, folder] of FOLDERS.entries())
    await sql`insert into catalog.folders (id, path, path_text) values (${folder}, ${Buffer.from(`/${n}`)}, '')`.execute(
      tx,
    )
  for (const album of ALBUMS)
    await sql`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder)
      values (${album}, 'a', ${album}, 'a', '', true)`.execute(tx)
  await sql`insert into catalog.albums (id, title, identity_key, sort_key, title_search, by_folder, owner_id, is_public, is_visible)
    values (${OWN_ALBUM}, 'o', 'o', 'o', '', true, ${own.ownerId}, ${own.isPublic}, ${own.isVisible})`.execute(tx)
  for (const artist of ARTISTS)
    await sql`insert into catalog.artists (id, name, sort_name, identity_key, sort_key, search)
      values (${artist}, 'x', 'x', ${artist}, 'x', '')`.execute(tx)
  for (const [n, s] of songs.entries()) {
    const folder = s.ownerId === null ? FOLDERS[s.folder] : null
    await sql`insert into catalog.covers (hash, state, source_kind, source_path)
      select ${s.coverHash}, 'ok', 'image', ''::bytea where ${s.hasCover}`.execute(tx)
    await sql`insert into catalog.songs (id, title, artist, duration_ms, sort_key, artist_order, album_order, search, album_id,
        owner_id, folder_id, folder_no, is_public, is_visible, is_missing, gone_at, content_id, codec, container, mime_type,
        lossless, size_bytes, cover_hash)
      values (${s.id}, 't', 'a', ${s.durationMs}, 't', 'a', 'a', '', ${s.ownerId === null ? ALBUMS[s.album] : null}, ${s.ownerId},
        ${folder}, (select no from catalog.folders where id = ${folder}::uuid), ${s.isPublic}, ${s.isVisible}, ${s.isGone},
        ${s.isGone ? new Date() : null}, ${s.id}, 'mp3', 'mp3', 'audio/mpeg', false, 1, ${s.coverHash})`.execute(tx)
    await sql`insert into catalog.song_artists (song_id, artist_id, role, position)
      values (${s.id}, ${ARTISTS[s.artist]}, 'main', 0)`.execute(tx)
    if (s.isCollected)
      await sql`insert into catalog.album_songs (album_id, song_id, position) values (${OWN_ALBUM}, ${s.id}, ${n})`.execute(
        tx,
      )
  }
}

/** Undone at the end, so that every run begins with nothing. */
const UNDO = new Error('undo')

/** Someone who asks, the folders that are closed to them, and both as the view of SQL. */
type Asking = { who: Caller; closed: readonly number[]; view: View }
async function assertSeen(tx: Db, { who, closed, view }: Asking, songs: readonly Song[], own: Own): Promise<void> {
  const seen = songs.filter(
    (s) =>
      !s.isGone && can(songPolicy, who, 'see', { ...s, isWithheld: s.ownerId === null && closed.includes(s.folder) }),
  )
  const sums = (of: readonly Song[]) => [of.length, of.reduce((ms, s) => ms + s.durationMs, 0)]
  const albums = new Map((await albumsById(tx, view, [...ALBUMS, OWN_ALBUM])).map((a) => [a.id, a]))
  const check = (album: string, isSeen: boolean, of: readonly Song[]) => {
    const found = albums.get(album)
    assert.equal(found !== undefined, isSeen)
    if (!found) return
    assert.deepEqual([found.songCount, found.durationMs], sums(of))
    assert.ok(found.coverHash === null || of.some((s) => s.coverHash === found.coverHash), 'a picture of what is seen')
  }
  for (const [n, album] of ALBUMS.entries()) {
    const of = seen.filter((s) => s.ownerId === null && s.album === n)
    check(album, of.length > 0, of)
  }
  check(
    OWN_ALBUM,
    can(albumPolicy, who, 'see', own),
    seen.filter((s) => s.isCollected),
  )
  const artists = new Map((await artistsById(tx, view, ARTISTS)).map((a) => [a.id, a]))
  for (const [n, artist] of ARTISTS.entries()) {
    const of = seen.filter((s) => s.artist === n)
    const found = artists.get(artist)
    assert.equal(found !== undefined, of.length > 0)
    if (!found) continue
    const onAlbums = new Set(of.filter((s) => s.ownerId === null).map((s) => s.album)).size
    assert.deepEqual([found.songCount, found.albumCount], [of.length, onAlbums])
    assert.ok(found.coverHash === null || of.some((s) => s.coverHash === found.coverHash), 'a picture of what is seen')
  }
  const all = await totals(tx, view)
  assert.deepEqual(
    [all.songCount, all.durationMs, all.albumCount, all.artistCount],
    [...sums(seen), albums.size, artists.size],
  )
}

describe('albums and artists are seen by their songs', () => {
  let c: Catalog
  before(async () => {
    c = await startCatalog()
  })
  after(() => c?.app.stop())

  test('with what is seen of them, whoever asks and whatever folders are withheld', async () => {
    const db = c.app.app.ports.db.kysely as unknown as Db
    const withheld = fc.subarray([0, 1, 2])
    await fc.assert(
      fc.asyncProperty(
        caller,
        fc.array(row, { maxLength: 6 }),
        withheld,
        collection,
        async (who, rows, closed, own) => {
          const songs = rows.map(
            (r, n): Song => ({
              ...r,
              id: id(4, n),
              durationMs: 1000 + 2 ** n,
              coverHash: r.hasCover ? `${n}`.repeat(64) : null,
            }),
          )
          const work = db.transaction().execute(async (tx) => {
            await lockShelf(tx)
            await insert(tx, songs, own)
            await recount(tx, [{ albumIds: [...ALBUMS, OWN_ALBUM], artistIds: ARTISTS }])
            const { rows: numbers } = await sql<{ no: number }>`select no from catalog.folders order by path`.execute(
              tx,
            )
            const view = viewOf(
              who,
              closed.map((n) => numbers[n]?.no ?? 0),
            )
            await assertSeen(tx, { who, closed, view }, songs, own)
            throw UNDO
          })
          await work.catch((thrown: unknown) => {
            if (thrown !== UNDO) throw thrown
          })
        },
      ),
      { numRuns: 50 },
    )
  })
})
