import { client } from '#lib/api.ts'

export type ArtKind = 'song' | 'album' | 'artist'
export type WithArt = {
  id: string
  coverUrl?: string | null
  imageUrl?: string | null
  /** Where a song belongs. */
  album?: { id: string } | null
}

/** Sizes the server keeps; it answers the next larger one. */
const SIZES_PX = [64, 128, 256, 512, 1024]
export const sizeFor = (cssPx: number, density: number): number =>
  SIZES_PX.find((s) => s >= cssPx * Math.min(2, density)) ?? 1024

/** Address of a cover or picture of at least `sizePx`; null when there is none. */
export function coverOf(kind: ArtKind, thing: WithArt, sizePx: number): string | null {
  if (!(thing.coverUrl ?? thing.imageUrl)) return null
  if (kind === 'artist') return client.url.artistImage({ id: thing.id, size: sizePx })
  return kind === 'album'
    ? client.url.albumCover({ id: thing.id, size: sizePx })
    : client.url.songCover({ id: thing.id, size: sizePx })
}

/** What a picture is drawn from when there is none: songs of an album look like the album. */
export const artKey = (thing: WithArt): string => thing.album?.id ?? thing.id
