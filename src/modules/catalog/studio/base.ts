import type { ProbeOk, ReleaseKind } from '#kernel/media/types.ts'
import { identityKey, storable } from '#modules/catalog/fold.ts'
import { albumFolder, bytesOf, keyOf, shownPath, stemOf } from '#modules/catalog/scan/names.ts'
import type { CREDIT_ROLES } from '#modules/catalog/things.ts'

const NAME_MAX_CHARS = 500
const UNKNOWN_ARTIST = 'Unknown Artist'
const GENRES_MAX = 16
export const SMALLINT_MAX = 32_767

/** `album`: who made the album; a song keeps them to be found by. */
export type CreditRole = (typeof CREDIT_ROLES)[number] | 'album'
export type Person = { name: string; role: CreditRole; sortName?: string | undefined }
export type AlbumBase = {
  title: string
  sortTitle: string
  isCompilation: boolean
  /** The folder that stands for the album artist where nobody is named one. */
  folder: string
}
/** What a file says of its song, or a person instead of it; all else follows (see derive.ts). */
export type Base = {
  title: string
  sortTitle: string
  /** As it is shown. */
  artist: string
  /** In order; at least one is `main`. */
  people: Person[]
  album: AlbumBase | undefined
  disc: number | null
  track: number | null
  year: number | null
  genres: string[]
  tags: string[]
  /** The kind of release, where the file tells. */
  releaseKind: ReleaseKind | null
}
/** Where a file lies. Uploads lie nowhere: their folder and directory are empty. */
export type Place = { folderId: string; dir: Buffer; name: Buffer }

/** Text as the tables take it: no control, trimmed, bounded. */
export const clean = (text: string): string => storable(text).trim().slice(0, NAME_MAX_CHARS).toWellFormed().trim()
const small = (n: number | undefined): number | null =>
  n !== undefined && Number.isInteger(n) && n > 0 && n <= SMALLINT_MAX ? n : null

const FEATURED = /\s+[([]?(?:feat\.?|ft\.?|featuring)\s+([^)\]]+)[)\]]?\s*$/i
/** `A feat. B & C` -> A, and B and C as featured. */
export function partFeatured(name: string): { main: string; featured: string[] } {
  const found = FEATURED.exec(name)
  if (!found || found.index === 0) return { main: name, featured: [] }
  const featured = (found[1] as string).split(/\s*(?:,|&|\band\b)\s*/i).map(clean)
  return { main: clean(name.slice(0, found.index)), featured: featured.filter((f) => f !== '') }
}

/** Main artists and their guests, from names as they stand and a title that may name more of them. */
export function performersOf(names: readonly string[], title: string, sortName?: string): Person[] {
  const parts = names.map(clean).map(partFeatured)
  const main = parts.map((p) => p.main).filter((n) => n !== '')
  const featured = [...parts.flatMap((p) => p.featured), ...partFeatured(title).featured]
  return [
    ...(main.length > 0 ? main : [UNKNOWN_ARTIST]).map((name) => ({
      name,
      role: 'main' as const,
      sortName: main.length === 1 ? sortName : undefined,
    })),
    ...featured.map((name) => ({ name, role: 'featured' as const })),
  ]
}

/** Whose song it is and who is a guest on it; the artist of the album, when nobody is named. */
function artistsOf(tags: ProbeOk['tags']): { main: string[]; guests: string[] } {
  const named = tags.artists.length > 0 ? tags.artists : tags.albumArtists
  const guests = named.filter((name) => tags.featured?.includes(name))
  const main = named.filter((name) => !guests.includes(name))
  return main.length > 0 ? { main, guests } : { main: named, guests: [] }
}
const lineOf = ({ main, guests }: { main: string[]; guests: string[] }): string =>
  clean(main.join(', ') + (guests.length > 0 ? ` feat. ${guests.join(', ')}` : '')) || UNKNOWN_ARTIST

function peopleOf(tags: ProbeOk['tags'], title: string): Person[] {
  const { main, guests } = artistsOf(tags)
  const people: Person[] = [
    ...performersOf(main, title, tags.sortArtist),
    ...guests.map((name) => ({ name: clean(name), role: 'featured' as const })),
    ...tags.composers.map((name) => ({ name: clean(name), role: 'composer' as const })),
    ...(tags.credits ?? []).map(({ name, role }) => ({ name: clean(name), role })),
    ...tags.albumArtists.map((name) => ({
      name: clean(name),
      role: 'album' as const,
      sortName: tags.albumArtists.length === 1 ? tags.sortAlbumArtist : undefined,
    })),
  ]
  return people.filter((p) => p.name !== '')
}

function albumOf({ tags }: ProbeOk, place: Place): AlbumBase | undefined {
  const title = clean(tags.album ?? '')
  if (title === '') return undefined
  return {
    title,
    sortTitle: clean(tags.sortAlbum ?? '') || title,
    isCompilation: tags.compilation,
    folder: `${place.folderId}\u0001${keyOf(albumFolder(place.dir))}`,
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

/** Spellings that fold alike are one genre. */
export const genresOf = (names: readonly string[]): string[] =>
  [...new Map(names.map((g) => [identityKey(clean(g)), clean(g)])).values()]
    .filter((name) => name !== '')
    .slice(0, GENRES_MAX)

/** What a file says of its song. */
export function baseOf(probe: ProbeOk, place: Place): Base {
  const { tags } = probe
  const named = clean(tags.title ?? '')
  const guess = byName(place.name)
  const title = named || guess.title
  return {
    title,
    sortTitle: clean(tags.sortTitle ?? '') || title,
    artist: lineOf(artistsOf(tags)),
    people: peopleOf(tags, title),
    album: albumOf(probe, place),
    disc: small(tags.disc ?? (named ? undefined : guess.disc)),
    track: small(tags.track ?? (named ? undefined : guess.track)),
    year: small(tags.year),
    genres: genresOf(tags.genres),
    tags: [],
    releaseKind: tags.releaseKind ?? null,
  }
}
