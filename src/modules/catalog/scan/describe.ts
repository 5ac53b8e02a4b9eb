import { createHash } from 'node:crypto'
import type { ProbeOk } from '#kernel/media/types.ts'
import { documentWords, identityKey, searchLiteral, sortKey, storable } from '#modules/catalog/fold.ts'
import { albumFolder, shownPath, stemOf, bytesOf, keyOf } from './names.ts'

const NAME_MAX_CHARS = 500
/** A btree row holds 2.7 kB; a folded letter takes up to four bytes. */
const IDENTITY_MAX_CHARS = 600
const UNKNOWN_ARTIST = 'Unknown Artist'
const GENRES_MAX = 16
const SMALLINT_MAX = 32_767
const INT4_MAX = 2 ** 31 - 1
const PART = '\u0001'

export type ArtistFact = { key: string; name: string; sortName: string; sortKey: string; search: string }
export type CreditFact = { key: string; role: 'main' | 'featured' | 'composer' | 'remixer' | 'album'; position: number }
export type AlbumFact = {
  key: string
  title: string
  sortKey: string
  search: string
  byFolder: boolean
  isCompilation: boolean
  artistKeys: string[]
}
/** What a file says of its song, in the words of the tables. */
export type SongFacts = {
  title: string
  artist: string
  disc: number | null
  track: number | null
  year: number | null
  genres: string[]
  genreKeys: string[]
  sortKey: string
  artistOrder: string
  albumOrder: string
  words: string[]
  artists: ArtistFact[]
  credits: CreditFact[]
  album: AlbumFact | undefined
}

const clean = (text: string): string => {
  const short = storable(text).trim().slice(0, NAME_MAX_CHARS)
  return short.toWellFormed().trim()
}
const small = (n: number | undefined): number | null =>
  n !== undefined && Number.isInteger(n) && n > 0 && n <= SMALLINT_MAX ? n : null
export const int4 = (n: number | undefined): number | null =>
  n !== undefined && Number.isFinite(n) && n > 0 ? Math.min(Math.round(n), INT4_MAX) : null

const artistKey = (name: string): string => identityKey(name).slice(0, IDENTITY_MAX_CHARS).toWellFormed()
const artistFact = (name: string, sortName?: string): ArtistFact => ({
  key: artistKey(name),
  name,
  sortName: clean(sortName ?? '') || name,
  sortKey: sortKey(clean(sortName ?? '') || name),
  search: searchLiteral(documentWords([name])),
})

const FEATURED = /\s+[([]?(?:feat\.?|ft\.?|featuring)\s+([^)\]]+)[)\]]?\s*$/i
/** `A feat. B & C` -> A, and B and C as featured. */
export function partFeatured(name: string): { main: string; featured: string[] } {
  const found = FEATURED.exec(name)
  if (!found || found.index === 0) return { main: name, featured: [] }
  const featured = (found[1] as string).split(/\s*(?:,|&|\band\b)\s*/i).map(clean)
  return { main: clean(name.slice(0, found.index)), featured: featured.filter((f) => f !== '') }
}

type Person = { name: string; role: CreditFact['role']; sortName?: string | undefined }

function peopleOf(tags: ProbeOk['tags'], title: string): Person[] {
  const named = (tags.artists.length > 0 ? tags.artists : tags.albumArtists).map(clean)
  const parts = named.map(partFeatured)
  const main = parts.map((p) => p.main).filter((n) => n !== '')
  const featured = [...parts.flatMap((p) => p.featured), ...partFeatured(title).featured]
  const people: Person[] = [
    ...(main.length > 0 ? main : [UNKNOWN_ARTIST]).map((name, i) => ({
      name,
      role: 'main' as const,
      sortName: main.length === 1 && i === 0 ? tags.sortArtist : undefined,
    })),
    ...featured.map((name) => ({ name, role: 'featured' as const })),
    ...tags.composers.map((name) => ({ name: clean(name), role: 'composer' as const })),
    ...tags.albumArtists.map((name) => ({
      name: clean(name),
      role: 'album' as const,
      sortName: tags.albumArtists.length === 1 ? tags.sortAlbumArtist : undefined,
    })),
  ]
  return people.filter((p) => p.name !== '')
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
function albumOf(
  probe: ProbeOk,
  place: { folderId: string; dir: Buffer },
  people: readonly Person[],
): AlbumFact | undefined {
  const title = clean(probe.tags.album ?? '')
  if (title === '') return undefined
  const makers = people.filter((p) => p.role === 'album').map((p) => artistKey(p.name))
  const by = makers.length > 0 ? ['a', ...makers] : ['d', place.folderId, keyOf(albumFolder(place.dir))]
  return {
    key: createHash('sha256')
      .update([...by, identityKey(title)].join(PART))
      .digest('hex'),
    title,
    sortKey: sortKey(clean(probe.tags.sortAlbum ?? '') || title),
    search: searchLiteral(documentWords([title])),
    byFolder: makers.length === 0,
    isCompilation: probe.tags.compilation,
    artistKeys: [...new Set(makers)],
  }
}

/** `03 - Title`, `1-03. Title`: what a file without tags tells by its name. */
const NUMBERED = /^(?:(\d{1,2})-)?(\d{1,3})(?:\s*[-._)]\s*|\s+)(?=\S)(.+)$/s
function byName(name: Buffer): { title: string; disc: number | undefined; track: number | undefined } {
  const stem = clean(shownPath(bytesOf(stemOf(name))).replaceAll('_', ' ')) || 'Untitled'
  const found = NUMBERED.exec(stem)
  if (!found) return { title: stem, disc: undefined, track: undefined }
  return { title: clean(found[3] as string), disc: found[1] ? Number(found[1]) : undefined, track: Number(found[2]) }
}

const padded = (n: number | null): string => String(n ?? SMALLINT_MAX).padStart(5, '0')

export function describe(probe: ProbeOk, place: { folderId: string; dir: Buffer; name: Buffer }): SongFacts {
  const { tags } = probe
  const named = clean(tags.title ?? '')
  const guess = byName(place.name)
  const title = named || guess.title
  const disc = small(tags.disc ?? (named ? undefined : guess.disc))
  const track = small(tags.track ?? (named ? undefined : guess.track))
  const people = peopleOf(tags, title)
  const album = albumOf(probe, place, people)
  const genres = [...new Map(tags.genres.map((g) => [identityKey(clean(g)), clean(g)])).entries()]
    .filter(([, name]) => name !== '')
    .slice(0, GENRES_MAX)
  const artists = new Map<string, ArtistFact>()
  // The first mention of a name says how it is spelled and sorted.
  for (const p of people.toReversed()) artists.set(artistKey(p.name), artistFact(p.name, p.sortName))
  const main = people.find((p) => p.role === 'main') as Person
  const artist = clean((tags.artists.length > 0 ? tags.artists : tags.albumArtists).join(', ')) || UNKNOWN_ARTIST
  const own = sortKey(clean(tags.sortTitle ?? '') || title)
  // Albums of one title are kept apart by a part of their key; songs of no album come last.
  const onAlbum = [
    album?.sortKey ?? '\u{10ffff}',
    album?.key.slice(0, 8) ?? '',
    padded(disc ?? 1),
    padded(track),
    own,
  ].join(PART)
  return {
    title,
    artist,
    disc,
    track,
    year: small(tags.year),
    genres: genres.map(([, name]) => name),
    genreKeys: genres.map(([key]) => key),
    sortKey: own,
    artistOrder: [artists.get(artistKey(main.name))?.sortKey ?? '', onAlbum].join(PART),
    albumOrder: onAlbum,
    words: documentWords([title, artist, ...people.map((p) => p.name), album?.title ?? '']),
    artists: [...artists.values()],
    credits: creditsOf(people),
    album,
  }
}
