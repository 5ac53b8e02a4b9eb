import { createHash } from 'node:crypto'
import { documentWords, identityKey, searchLiteral, sortKey } from '#modules/catalog/fold.ts'
import { type Base, clean, type CreditRole, type Person, SMALLINT_MAX } from './base.ts'

/** A btree row holds 2.7 kB; a folded letter takes up to four bytes. */
const IDENTITY_MAX_CHARS = 600
const PART = '\u0001'
/** Sorts after every title: songs of no album come last. */
const LAST = '\u{10ffff}'

export type ArtistFact = { key: string; name: string; sortName: string; sortKey: string; search: string }
export type CreditFact = { key: string; role: CreditRole; position: number }
export type AlbumFact = {
  key: string
  title: string
  sortKey: string
  search: string
  byFolder: boolean
  isCompilation: boolean
  artistKeys: string[]
}
/** A song in the words of the tables. */
export type SongFacts = {
  title: string
  artist: string
  disc: number | null
  track: number | null
  year: number | null
  genres: string[]
  genreKeys: string[]
  tags: string[]
  releaseKind: Base['releaseKind']
  sortKey: string
  artistOrder: string
  albumOrder: string
  words: string[]
  artists: ArtistFact[]
  credits: CreditFact[]
  album: AlbumFact | undefined
}

const artistKey = (name: string): string => identityKey(name).slice(0, IDENTITY_MAX_CHARS).toWellFormed()
export const artistFact = (name: string, sortName?: string): ArtistFact => {
  const sorted = clean(sortName ?? '') || name
  return {
    key: artistKey(name),
    name,
    sortName: sorted,
    sortKey: sortKey(sorted),
    search: searchLiteral(documentWords([name])),
  }
}

/** Each artist once; the first mention of a name says how it is spelled and sorted. */
function artistsOf(people: readonly Person[]): Map<string, ArtistFact> {
  const artists = new Map<string, ArtistFact>()
  for (const p of people.toReversed()) artists.set(artistKey(p.name), artistFact(p.name, p.sortName))
  return artists
}

/** Each artist once a role, numbered within it. */
function creditsOf(people: readonly Person[]): CreditFact[] {
  const credits: CreditFact[] = []
  for (const { name, role } of people) {
    const key = artistKey(name)
    const same = credits.filter((c) => c.role === role)
    if (!same.some((c) => c.key === key)) credits.push({ key, role, position: same.length })
  }
  return credits
}

/**
 * Songs stand on the same album when album artist and title fold alike. Without an album artist, the folder decides
 * (disc folders count as one): compilations of old taggers name none.
 */
function albumOf({ album, people }: Base): AlbumFact | undefined {
  if (!album) return undefined
  const makers = people.filter((p) => p.role === 'album').map((p) => artistKey(p.name))
  const by = makers.length > 0 ? ['a', ...makers] : ['d', album.folder]
  return {
    key: createHash('sha256')
      .update([...by, identityKey(album.title)].join(PART))
      .digest('hex'),
    title: album.title,
    sortKey: sortKey(album.sortTitle),
    search: searchLiteral(documentWords([album.title])),
    byFolder: makers.length === 0,
    isCompilation: album.isCompilation,
    artistKeys: [...new Set(makers)],
  }
}

const padded = (n: number | null): string => String(n ?? SMALLINT_MAX).padStart(5, '0')

/** Everything that follows from what is said of a song. */
export function derive(base: Base): SongFacts {
  const album = albumOf(base)
  const artists = artistsOf(base.people)
  const main = base.people.find((p) => p.role === 'main')
  const own = sortKey(base.sortTitle)
  // Albums of one title are kept apart by a part of their key.
  const place = [album?.sortKey ?? LAST, album?.key.slice(0, 8) ?? '', padded(base.disc ?? 1), padded(base.track), own]
  const onAlbum = place.join(PART)
  return {
    title: base.title,
    artist: base.artist,
    disc: base.disc,
    track: base.track,
    year: base.year,
    genres: base.genres,
    genreKeys: base.genres.map(identityKey),
    tags: base.tags,
    releaseKind: base.releaseKind,
    sortKey: own,
    artistOrder: [artists.get(artistKey(main?.name ?? ''))?.sortKey ?? '', onAlbum].join(PART),
    albumOrder: onAlbum,
    words: documentWords([base.title, base.artist, ...base.people.map((p) => p.name), base.album?.title ?? '']),
    artists: [...artists.values()],
    credits: creditsOf(base.people),
    album,
  }
}

/**
 * The same of a song that a person owns. Its album may be private: its title must show neither in what the song is
 * found by nor in the order it stands in, which cursors carry.
 */
export const deriveOwned = (base: Base): SongFacts => derive({ ...base, album: undefined })
