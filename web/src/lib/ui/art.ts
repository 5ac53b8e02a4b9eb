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

/** The word that changes with the picture: an address with it may be kept for ever. */
const versionOf = (address: string): { v?: string } => {
  const v = /[?&]v=([\w-]{1,64})/.exec(address)?.[1]
  return v === undefined ? {} : { v }
}
/** Address of a cover or picture of at least `sizePx`; null when there is none. */
export function coverOf(kind: ArtKind, thing: WithArt, sizePx: number): string | null {
  const address = thing.coverUrl ?? thing.imageUrl
  if (!address) return null
  const ask = { id: thing.id, size: sizePx, ...versionOf(address) }
  if (kind === 'artist') return client.url.artistImage(ask)
  return kind === 'album' ? client.url.albumCover(ask) : client.url.songCover(ask)
}

/** What a picture is drawn from when there is none: songs of an album look like the album. */
export const artKey = (thing: WithArt): string => thing.album?.id ?? thing.id
