import type { Album, AlbumWithSongs, Input, Song } from '#client/index.ts'

export type Changes = Omit<Input<'albums', 'updateAlbum'>, 'id' | 'revision'>
export type AlbumDraft = {
  title: string
  artist: string
  kind: Album['kind']
  year: string
  description: string
  isPublic: boolean
}
/** A song of an album, and the disc it stands on. */
export type Placed = { song: Song; disc: number }

export const KINDS: readonly (readonly [Album['kind'], string])[] = [
  ['album', 'Album'],
  ['single', 'Single'],
  ['ep', 'EP'],
  ['compilation', 'Compilation'],
  ['live', 'Live'],
  ['soundtrack', 'Soundtrack'],
  ['audiobook', 'Audiobook'],
  ['playlist', 'Playlist'],
]
export const kindName = (kind: Album['kind']): string => KINDS.find(([k]) => k === kind)?.[1] ?? 'Album'

export const EMPTY: AlbumDraft = { title: '', artist: '', kind: 'album', year: '', description: '', isPublic: false }
export const draftOf = (a: Album): AlbumDraft => ({
  title: a.title,
  artist: a.artist,
  kind: a.kind,
  year: a.year === null ? '' : String(a.year),
  description: a.description ?? '',
  isPublic: a.isPublic,
})
export const placedOf = (a: AlbumWithSongs): Placed[] => a.songs.map((song) => ({ song, disc: song.disc ?? 1 }))

/** Only what is other than it was. */
export function changesOf(before: AlbumDraft, now: AlbumDraft): Changes {
  const isOther = (field: keyof AlbumDraft) => before[field] !== now[field]
  return {
    ...(isOther('title') ? { title: now.title.trim() } : {}),
    ...(isOther('artist') && now.artist.trim() !== '' ? { artist: now.artist.trim() } : {}),
    ...(isOther('kind') ? { kind: now.kind } : {}),
    ...(isOther('year') ? { year: now.year.trim() === '' ? null : Number(now.year) } : {}),
    ...(isOther('description') ? { description: now.description.trim() === '' ? null : now.description } : {}),
    ...(isOther('isPublic') ? { isPublic: now.isPublic } : {}),
  }
}

export const isSameOrder = (a: readonly Placed[], b: readonly Placed[]): boolean =>
  a.length === b.length && a.every((p, i) => p.song.id === b[i]?.song.id && p.disc === b[i]?.disc)
/** A song stands at `to` from now on; it goes to the disc of its new neighbours. */
export function moved(list: readonly Placed[], from: number, to: number): Placed[] {
  const one = list[from]
  if (!one || to < 0 || to >= list.length || from === to) return [...list]
  const rest = list.toSpliced(from, 1)
  const disc = (to > from ? rest[to - 1] : rest[to])?.disc ?? one.disc
  return rest.toSpliced(to, 0, { ...one, disc })
}
/** A song goes to another disc: behind the songs that are on it. */
export function toDisc(list: readonly Placed[], at: number, disc: number): Placed[] {
  const one = list[at]
  if (!one || disc < 1) return [...list]
  const rest = list.toSpliced(at, 1)
  const behind = rest.findLastIndex((p) => p.disc <= disc)
  return rest.toSpliced(behind + 1, 0, { ...one, disc })
}
/** As the server keeps it: an album of one disc has none. */
export const orderOf = (list: readonly Placed[]): { songId: string; disc: number | null }[] => {
  const isMany = list.some((p) => p.disc !== 1)
  return list.map((p) => ({ songId: p.song.id, disc: isMany ? p.disc : null }))
}
