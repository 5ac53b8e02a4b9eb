import { createHash } from 'node:crypto'
import { documentWords, identityKey, searchLiteral, sortKey } from '#modules/catalog/fold.ts'
import { artistFact } from '#modules/catalog/studio/derive.ts'
import type { ALBUM_KINDS } from '#modules/catalog/schema.ts'
import type { Db } from '#modules/catalog/store/db.ts'
import { assertNotErased } from '#modules/catalog/store/erased.ts'
import { ensureArtists } from '#modules/catalog/store/write.ts'
import { ALBUM_SONGS_MAX } from './contract.ts'
import { type Entry, insertAlbum, orderOf, writeOrder } from './store.ts'

const PART = '\u0001'

export type AlbumKind = (typeof ALBUM_KINDS)[number]
export type NewAlbum = {
  ownerId: string
  title: string
  /** Names of those whose album it is; with none, it follows from the songs. */
  artists: readonly string[]
  year: number | null
  kind: AlbumKind
  description?: string | null
  newId: () => string
}

/** Albums of one person are the same when title and artists fold alike. */
const homeKey = (a: NewAlbum, artistKeys: readonly string[]): string =>
  createHash('sha256')
    .update(['o', a.ownerId, ...artistKeys, identityKey(a.title)].join(PART))
    .digest('hex')

/** Artists of these names, made where there are none; in order, each once. */
export async function artistIdsOf(tx: Db, names: readonly string[], newId: () => string): Promise<string[]> {
  const facts = [...new Map(names.map((name) => [identityKey(name), artistFact(name)])).values()]
  const ids = await ensureArtists(
    tx,
    facts.map((f) => ({ id: newId(), ...f })),
  )
  return facts.flatMap((f) => ids.get(f.key) ?? [])
}

/** What a title is sorted and found by. */
export const titleFacts = (title: string) => ({
  title,
  sortKey: sortKey(title),
  search: searchLiteral(documentWords([title])),
})

/** A private album without songs. `key` says with which others it is the same: then nothing is made. */
async function make(tx: Db, a: NewAlbum, key: string, artistIds: readonly string[]) {
  await assertNotErased(tx, a.ownerId)
  const { year, kind, description = null } = a
  const edits = year === null ? {} : { year }
  const draft = { id: a.newId(), key, ownerId: a.ownerId, kind, description, edits, ...titleFacts(a.title) }
  return insertAlbum(tx, draft, artistIds)
}

/**
 * The owner's album of this title and these artists, made (private) when it is not there; so the twelve files of one
 * album land on one, in whatever order they come. A renamed album stays the home of the files that name it as before.
 * The caller holds `lockShelf` and recounts.
 */
export async function homeAlbumFor(tx: Db, home: Omit<NewAlbum, 'year' | 'description'>): Promise<string> {
  // The year follows from the songs.
  const a = { ...home, year: null }
  const artistIds = await artistIdsOf(tx, a.artists, a.newId)
  const { id } = await make(tx, a, homeKey(a, a.artists.map(identityKey)), artistIds)
  return id
}

/** A new album, even when the owner has one of the same title: then uploads go on landing on the older one. */
export async function newAlbumFor(tx: Db, a: NewAlbum): Promise<string> {
  const artistIds = await artistIdsOf(tx, a.artists, a.newId)
  const home = await make(tx, a, homeKey(a, a.artists.map(identityKey)), artistIds)
  return home.isNew ? home.id : (await make(tx, a, `own:${a.newId()}`, artistIds)).id
}

type Placed = { albumId: string; songId: string; disc: number | null; track: number | null }

/**
 * Puts a song where its numbers say: before the first song of its disc with a higher track. One that stands on the
 * album moves. A full album stays as it is. The caller holds `lockShelf` and recounts.
 */
export async function placeOnAlbum(tx: Db, { albumId, songId, disc, track }: Placed): Promise<void> {
  const others = (await orderOf(tx, albumId)).filter((e) => e.songId !== songId)
  if (others.length >= ALBUM_SONGS_MAX) return
  const after = others.findIndex((e) => isBehind(e, disc, track))
  await writeOrder(tx, albumId, others.toSpliced(after === -1 ? others.length : after, 0, { songId, disc, track }))
}

const isBehind = (e: Entry, disc: number | null, track: number | null): boolean => {
  const [mine, its] = [disc ?? 0, e.disc ?? 0]
  return its > mine || (its === mine && track !== null && (e.track ?? Number.POSITIVE_INFINITY) > track)
}
