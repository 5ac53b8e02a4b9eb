import type { CREDIT_ROLES } from '#modules/catalog/things.ts'
import { type Base, clean, genresOf, performersOf, type Person } from './base.ts'

/**
 * What people changed of what the file says (`songs.edits`). Laid over it each time the file is read; a field that is
 * absent is the file's.
 */
export type Edits = {
  readonly title?: string
  /** Main artists in one line, as it is shown. */
  readonly artist?: string
  /** Everybody but the album artists. */
  readonly credits?: readonly { name: string; role: (typeof CREDIT_ROLES)[number] }[]
  /** Title of the album. */
  readonly album?: string
  /** An album by its id; wins over `album`. */
  readonly albumId?: string
  readonly disc?: number
  readonly track?: number
  readonly year?: number
  readonly genres?: readonly string[]
  readonly tags?: readonly string[]
  /** Hash of the picture. */
  readonly cover?: string
}
/** Null takes back what was said before; absent says nothing. */
export type Patch = { readonly [K in keyof Edits]?: Edits[K] | null | undefined }

const FIELDS = [
  'title',
  'artist',
  'credits',
  'album',
  'albumId',
  'disc',
  'track',
  'year',
  'genres',
  'tags',
  'cover',
] as const satisfies readonly (keyof Edits)[]

const distinct = (texts: readonly string[]): string[] => [...new Set(texts.map(clean))].filter((t) => t !== '')
const line = (text: string): string | undefined => clean(text) || undefined

/** The patch in the form that is stored. Texts of blanks alone say nothing. */
function tidy(p: Patch): Patch {
  const credits = p.credits?.map((c) => ({ ...c, name: clean(c.name) })).filter((c) => c.name !== '')
  return {
    ...p,
    ...(typeof p.title === 'string' ? { title: line(p.title) } : {}),
    ...(typeof p.artist === 'string' ? { artist: line(p.artist) } : {}),
    ...(typeof p.album === 'string' ? { album: line(p.album) } : {}),
    ...(credits ? { credits } : {}),
    ...(p.genres ? { genres: genresOf(p.genres) } : {}),
    ...(p.tags ? { tags: distinct(p.tags) } : {}),
  }
}

/** The edits after one more: of each field the last word counts. An album is named by id or by title, not by both. */
export function edited(edits: Edits, patch: Patch): Edits {
  const given = tidy(patch)
  const one: Patch = {
    ...given,
    ...(given.albumId ? { album: null } : {}),
    ...(given.album && !given.albumId ? { albumId: null } : {}),
  }
  const entries = FIELDS.map((k) => [k, one[k] === undefined ? edits[k] : one[k]] as const)
  return Object.fromEntries(entries.filter(([, v]) => v !== undefined && v !== null))
}

export const isEdited = (edits: Edits): boolean => Object.keys(edits).length > 0

/** `A, B feat. C` */
export function shownLine(people: readonly Person[]): string {
  const named = (role: Person['role']) => people.filter((p) => p.role === role).map((p) => p.name)
  const guests = named('featured')
  return clean(named('main').join(', ') + (guests.length > 0 ? ` feat. ${guests.join(', ')}` : ''))
}

/** Performers follow the line, when that is edited; all but the album artists follow the credits. */
function people(base: Base, e: Edits): Person[] {
  const makers = base.people.filter((p) => p.role === 'album')
  if (e.credits) return [...e.credits, ...makers]
  if (e.artist === undefined) return base.people
  const others = base.people.filter((p) => p.role !== 'main' && p.role !== 'featured')
  return [...performersOf(splitLine(e.artist), e.title ?? base.title), ...others]
}
/** Only separators that no name contains: "Simon & Garfunkel" stays whole. */
const splitLine = (artist: string): string[] => artist.split(/\s*;\s*|\s\/\s|\s•\s/u)

/** What is said of a song when people have their say. Without edits it is what the file says. */
export function layOver(base: Base, e: Edits): Base {
  if (!isEdited(e)) return base
  const everybody = people(base, e)
  return {
    ...base,
    title: e.title ?? base.title,
    sortTitle: e.title === undefined ? base.sortTitle : e.title,
    artist: e.artist ?? (e.credits ? shownLine(everybody) : base.artist),
    people: everybody,
    album: e.album === undefined ? base.album : albumNamed(base, e.album),
    disc: e.disc ?? base.disc,
    track: e.track ?? base.track,
    year: e.year ?? base.year,
    genres: e.genres ? [...e.genres] : base.genres,
    tags: e.tags ? [...e.tags] : base.tags,
  }
}
const albumNamed = ({ album }: Base, title: string): Base['album'] => ({
  title,
  sortTitle: title,
  isCompilation: album?.isCompilation ?? false,
  folder: album?.folder ?? '',
})
