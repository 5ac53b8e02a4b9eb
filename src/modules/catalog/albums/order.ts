/** A song's place on an album: songs stand by disc (those without one first), within a disc in the order of the list. */
export type Slot = { readonly songId: string; readonly disc: number | null }
/** Where to put songs: before the one that the caller sees at `position`, else at the end. */
export type Where = { readonly disc?: number | null | undefined; readonly position?: number | undefined }

const byDisc = <T extends Slot>(slots: readonly T[]): T[] => slots.toSorted((a, b) => (a.disc ?? 0) - (b.disc ?? 0))

/**
 * Puts songs together at one place; those on the album already move there. Without a disc they take that of the song
 * before them, so that they stay where they were put. `sees` are the songs that `position` counts.
 */
export function putSongs<T extends Slot>(
  slots: readonly T[],
  songIds: readonly string[],
  { disc, position }: Where,
  sees: ReadonlySet<string>,
): (T | Slot)[] {
  const moved = new Set(songIds)
  const rest = slots.filter((s) => !moved.has(s.songId))
  const seen = rest.filter((s) => sees.has(s.songId))
  const before = position === undefined ? undefined : seen[position]
  const at = before === undefined ? rest.length : rest.indexOf(before)
  const taken = disc === undefined ? ((rest[at - 1] ?? rest[at])?.disc ?? null) : disc
  const put = [...moved].map((songId): Slot => ({ songId, disc: taken }))
  return byDisc<T | Slot>(rest.toSpliced(at, 0, ...(put as T[])))
}

/** Exactly these songs. One without a word on its disc takes that of the song before it; one named twice counts once. */
export function orderAs(songs: readonly { songId: string; disc?: number | null | undefined }[]): Slot[] {
  const slots = new Map<string, Slot>()
  let disc: number | null = null
  for (const song of songs) {
    if (slots.has(song.songId)) continue
    if (song.disc !== undefined) disc = song.disc
    slots.set(song.songId, { songId: song.songId, disc })
  }
  return byDisc([...slots.values()])
}
