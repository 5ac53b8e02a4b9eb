import type { Root } from '#kernel/config/schema.ts'

/** Bytes that need no escape in a path. */
const PLAIN = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/'))
/** What makes a path name another file than it seems to. */
const CROOKED = /\/(?:\.{0,2})(?:\/|$)/

const escapeByte = (byte: number): string =>
  PLAIN.has(byte) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`

/** Names are bytes and need not be UTF-8: each that is not plain is escaped for itself. */
export const escapePath = (path: Buffer): string => Array.from(path, escapeByte).join('')

export type Place = { readonly begin: Buffer; readonly as: Buffer }
export const placesOf = (roots: readonly Root[]): Place[] =>
  roots.map(({ folder, as }) => ({ begin: Buffer.from(`${folder}/`), as: Buffer.from(`${as}/`) }))

/**
 * What a server in front calls a file, escaped; undefined for one outside of all roots, and for a path that is not
 * straight: INVARIANT: what is answered lies below its root by the path's own words.
 */
export function pathInFront(places: readonly Place[], path: Buffer): string | undefined {
  if (CROOKED.test(path.toString('latin1'))) return undefined
  let best: Place | undefined
  for (const place of places) {
    const isUnder = path.subarray(0, place.begin.length).equals(place.begin)
    if (isUnder && place.begin.length > (best?.begin.length ?? 0)) best = place
  }
  return best && escapePath(Buffer.concat([best.as, path.subarray(best.begin.length)]))
}
