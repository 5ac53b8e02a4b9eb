import { bytesOf, guessBytes, type KeptItem, type KeptSong, isDone } from './model.ts'

/** Left to the rest of the browser, so that the disk is never filled to the brim. */
export const SPARE_BYTES = 100_000_000
/** Limits that a person may choose. */
export const LIMITS_BYTES = [500e6, 1e9, 2e9, 5e9, 10e9, 20e9, 50e9, 100e9] as const

export type Disk = {
  /** What the browser says that this site takes and may take; null where it says nothing. */
  readonly usedBytes: number | null
  readonly quotaBytes: number | null
}
export type Room = { readonly usedBytes: number; readonly freeBytes: number; readonly bound: 'limit' | 'disk' }

/** Bytes of music here and bytes that will come for what is chosen already. */
export const takenBytes = (songs: readonly KeptSong[]): number => songs.reduce((sum, s) => sum + bytesOf(s), 0)
export const promisedBytes = (songs: readonly KeptSong[]): number =>
  songs.reduce((sum, s) => {
    if (isDone(s) || s.fault !== null) return sum
    const whole = s.draft?.sizeBytes ?? guessBytes(s.song, s.quality)
    return sum + Math.max(0, whole - (s.draft ? bytesOf({ ...s, copy: null }) : 0))
  }, 0)

/** What may still be kept: within the person's limit, and within what the browser has, less the spare. */
export function roomFor(songs: readonly KeptSong[], limitBytes: number | null, disk: Disk): Room {
  const usedBytes = takenBytes(songs)
  const coming = promisedBytes(songs)
  const byLimit = limitBytes === null ? Number.POSITIVE_INFINITY : limitBytes - usedBytes - coming
  const byDisk =
    disk.quotaBytes === null ? Number.POSITIVE_INFINITY : disk.quotaBytes - (disk.usedBytes ?? 0) - coming - SPARE_BYTES
  return { usedBytes, freeBytes: Math.max(0, Math.min(byLimit, byDisk)), bound: byLimit <= byDisk ? 'limit' : 'disk' }
}

const playedAtMs = (item: KeptItem, songs: ReadonlyMap<string, KeptSong>): number =>
  Math.max(item.keptAtMs, ...item.songIds.map((id) => songs.get(id)?.playedAtMs ?? 0))

/**
 * What goes so that `neededBytes` more fit: what was not played for longest first, whole items only, never what is still
 * coming. Null when all of it would not do. A song that two items hold frees nothing with the first of them.
 */
export function whatGoes(
  items: readonly KeptItem[],
  songs: readonly KeptSong[],
  neededBytes: number,
): KeptItem[] | null {
  const byId = new Map(songs.map((s) => [s.id, s]))
  const holders = new Map<string, number>()
  for (const id of items.flatMap((i) => i.songIds)) holders.set(id, (holders.get(id) ?? 0) + 1)
  const settled = items.filter((i) => i.songIds.every((id) => isDone(byId.get(id) ?? NOT_HERE)))
  const oldestFirst = settled.toSorted((a, b) => playedAtMs(a, byId) - playedAtMs(b, byId))
  const gone: KeptItem[] = []
  let freed = 0
  for (const item of oldestFirst) {
    if (freed >= neededBytes) break
    gone.push(item)
    for (const id of item.songIds) {
      const left = (holders.get(id) ?? 1) - 1
      holders.set(id, left)
      if (left === 0) freed += bytesOf(byId.get(id) ?? NOT_HERE)
    }
  }
  return freed >= neededBytes ? gone : null
}
const NOT_HERE = { copy: null, draft: null, quality: 'original' } as KeptSong
