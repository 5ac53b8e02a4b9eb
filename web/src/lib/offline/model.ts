import type { Album, Quality, Song, User } from '#client/index.ts'
import { reach } from './pieces.ts'

/** Whose things are kept in this browser; one person's at a time. */
export type Owner = {
  /** What the app needs of a person to start without the server; no address, no picture. */
  readonly user: User
  readonly quality: Quality
  /** Most bytes that music may take; null: as many as the browser gives. */
  readonly limitBytes: number | null
  /** Whether what was not played for longest may go for something new. */
  readonly makeRoom: boolean
}
/** Something a person chose to keep. */
export type KeptItem = {
  /** `album:<id>` or `song:<id>`. */
  readonly id: string
  readonly title: string
  readonly by: string
  /** What its picture is found by; null for a single song, which has its own. */
  readonly album: Album | null
  readonly songIds: readonly string[]
  readonly keptAtMs: number
  /** Whether its page and picture are here. */
  readonly hasPage: boolean
  readonly isPaused: boolean
}
/** The bytes of a song in one quality: the first `pieces` of them are here. */
export type Copy = {
  /** Part of the address of its pieces: a new one for every copy, so that bytes of two never mix. */
  readonly tag: string
  readonly quality: Quality
  readonly etag: string
  readonly contentType: string
  readonly sizeBytes: number
  readonly pieces: number
}
export type KeptSong = {
  readonly id: string
  readonly song: Song
  readonly quality: Quality
  /** INVARIANT: all pieces of `copy` are here. It is played until a newer one is whole. */
  readonly copy: Copy | null
  /** Being fetched. */
  readonly draft: Copy | null
  /** Why it could not be fetched, as a sentence; it is tried again when the person asks. */
  readonly fault: string | null
  /** The server has other bytes now than `copy`, which is played until those are here. */
  readonly isStale: boolean
  readonly playedAtMs: number
}

export const albumItemId = (albumId: string): string => `album:${albumId}`
export const songItemId = (songId: string): string => `song:${songId}`

/** Kbit/s of each quality, to guess sizes before a byte has come. */
const KBPS = { low: 64, medium: 128, high: 320 } as const
const RANKS: readonly Quality[] = ['low', 'medium', 'high', 'original']
export const isAtLeast = (has: Quality, asked: Quality): boolean => RANKS.indexOf(has) >= RANKS.indexOf(asked)

/** About how many bytes a song takes; a transcode is never larger than planned, as its bit rate is constant. */
export const guessBytes = (song: Pick<Song, 'sizeBytes' | 'durationMs'>, quality: Quality): number =>
  quality === 'original' ? song.sizeBytes : Math.ceil((song.durationMs * KBPS[quality]) / 8)

const copyBytes = (copy: Copy | null): number => (copy ? reach(copy.sizeBytes, copy.pieces) : 0)
/** Bytes that a song takes on this device now. */
export const bytesOf = (s: KeptSong): number => copyBytes(s.copy) + copyBytes(s.draft)
/** Whether the song is here in the quality that is wanted. */
export const isDone = (s: KeptSong): boolean =>
  s.copy !== null && s.copy.quality === s.quality && s.draft === null && !s.isStale
export const isPlayable = (s: KeptSong | undefined): boolean => Boolean(s?.copy)

export type Progress = {
  readonly state: 'kept' | 'keeping' | 'paused' | 'failed'
  readonly haveBytes: number
  readonly wholeBytes: number
  readonly songsDone: number
  readonly fault: string | null
}

/** How far an item is; `coming` are bytes of the piece that is on its way. */
export function progressOf(
  item: KeptItem,
  songs: ReadonlyMap<string, KeptSong>,
  coming: ReadonlyMap<string, number>,
): Progress {
  const mine = item.songIds.flatMap((id) => songs.get(id) ?? [])
  let [haveBytes, wholeBytes] = [0, 0]
  for (const s of mine) {
    const whole = s.draft?.sizeBytes ?? (isDone(s) ? s.copy?.sizeBytes : undefined) ?? guessBytes(s.song, s.quality)
    const have = isDone(s) ? whole : s.draft ? copyBytes(s.draft) + (coming.get(s.id) ?? 0) : 0
    wholeBytes += whole
    haveBytes += Math.min(whole, have)
  }
  const left = mine.filter((s) => !isDone(s))
  const fault = left.find((s) => s.fault !== null)?.fault ?? null
  const isStuck = left.length > 0 && left.every((s) => s.fault !== null)
  const state = left.length === 0 ? 'kept' : item.isPaused ? 'paused' : isStuck ? 'failed' : 'keeping'
  return { state, haveBytes, wholeBytes, songsDone: mine.length - left.length, fault }
}

/** What is kept of a person: enough to show and to play, nothing to write to them by. Plain, however `user` is held. */
export const slimUser = (user: User): User => ({
  ...(JSON.parse(JSON.stringify(user)) as User),
  email: null,
  avatarUrl: null,
})
