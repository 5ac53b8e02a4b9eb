import { client } from '#lib/api.ts'

export type ArtKind = 'song' | 'album' | 'artist'
export type WithArt = { id: string; coverUrl?: string | null; imageUrl?: string | null }

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

/** FNV-1a: the same picture for the same text on every visit. */
export function hashOf(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

export type Drawn = { hue: number; voices: number[]; initials: string }
/** Half of the voices with the middle one: the other half mirrors them. */
const VOICES = 5

/** A picture for what has none: nine voices of differing length that begin together, in a hue of its own. */
export function drawnFor(text: string): Drawn {
  const h = hashOf(text)
  const half = Array.from({ length: VOICES }, (_, i) => 0.22 + 0.74 * (((h >>> (i * 5 + 3)) & 31) / 31))
  const voices = [...half.slice(1).toReversed(), ...half]
  const words = text.split(/\s+/).filter((w) => /\p{L}|\p{N}/u.test(w))
  const initials = words
    .slice(0, 2)
    .map((w) => String.fromCodePoint(w.replace(/^[^\p{L}\p{N}]+/u, '').codePointAt(0) ?? 32))
    .join('')
    .toUpperCase()
  return { hue: h % 360, voices, initials }
}
