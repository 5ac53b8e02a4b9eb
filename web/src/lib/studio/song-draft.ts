import type { Input, Song } from '#client/index.ts'

export type Changes = Omit<Input<'songs', 'updateSong'>, 'id' | 'revision'>
export type Role = NonNullable<NonNullable<Changes['credits']>>[number]['role']
export type Credit = { name: string; role: Role }
/** A song while it is written: numbers are text, as fields hold them. */
export type SongDraft = {
  title: string
  artist: string
  credits: Credit[]
  albumId: string | null
  disc: string
  track: string
  year: string
  genres: string[]
  tags: string[]
  isPublic: boolean
}

export const ROLES: readonly (readonly [Role, string])[] = [
  ['main', 'Main artist'],
  ['featured', 'Featured'],
  ['remixer', 'Remixer'],
  ['composer', 'Composer'],
  ['lyricist', 'Lyricist'],
  ['arranger', 'Arranger'],
  ['conductor', 'Conductor'],
  ['performer', 'Performer'],
  ['producer', 'Producer'],
  ['mixer', 'Mixer'],
  ['engineer', 'Engineer'],
]

const shown = (n: number | null): string => (n === null ? '' : String(n))
export const draftOf = (song: Song): SongDraft => ({
  title: song.title,
  artist: song.artist,
  credits: song.artists.flatMap(({ name, role }) => (role === 'album' ? [] : [{ name, role }])),
  albumId: song.album?.id ?? null,
  disc: shown(song.disc),
  track: shown(song.track),
  year: shown(song.year),
  genres: [...song.genres],
  tags: [...song.tags],
  isPublic: song.isPublic,
})

const number = (text: string): number | null => (text.trim() === '' ? null : Number(text))
const cleaned = (credits: readonly Credit[]): Credit[] =>
  credits.map(({ name, role }) => ({ name: name.trim(), role })).filter((c) => c.name !== '')

/** Only what is other than it was, so that two people who change different things do not undo each other. */
export function changesOf(before: SongDraft, now: SongDraft): Changes {
  const isOther = (field: keyof SongDraft) => JSON.stringify(before[field]) !== JSON.stringify(now[field])
  const credits = cleaned(now.credits)
  const isOtherPeople = JSON.stringify(cleaned(before.credits)) !== JSON.stringify(credits)
  return {
    ...(isOther('title') ? { title: now.title.trim() } : {}),
    ...(isOther('artist') ? { artist: now.artist.trim() } : {}),
    ...(isOtherPeople ? { credits: credits.length > 0 ? credits : null } : {}),
    ...(isOther('albumId') ? { albumId: now.albumId } : {}),
    ...(isOther('disc') ? { disc: number(now.disc) } : {}),
    ...(isOther('track') ? { track: number(now.track) } : {}),
    ...(isOther('year') ? { year: number(now.year) } : {}),
    ...(isOther('genres') ? { genres: now.genres.length > 0 ? now.genres : null } : {}),
    ...(isOther('tags') ? { tags: now.tags } : {}),
    ...(isOther('isPublic') ? { isPublic: now.isPublic } : {}),
  }
}
