/** Longest crossfade that can be chosen, seconds. */
export const CROSSFADE_MAX_SEC = 12
/** A track is never faded for more than this share of its length, so that its middle is heard as it is. */
const SHARE_MAX = 0.25
const CURVE_POINTS = 65

export type Faded = {
  readonly durationMs: number
  readonly album: { readonly id: string } | null
  readonly disc?: number | null
  readonly track?: number | null
}

/** Whether `next` comes right after `before` on their album: then what the artist joined stays joined. */
export function isInOrder(before: Faded, next: Faded): boolean {
  if (!before.album || before.album.id !== next.album?.id) return false
  const [discA, discB] = [before.disc ?? 1, next.disc ?? 1]
  if (before.track == null || next.track == null) return false
  return discA === discB ? next.track === before.track + 1 : discB === discA + 1 && next.track === 1
}

/** How long `before` and `next` sound together; 0 for one right after the other, without a gap. */
export function crossfadeSec(chosenSec: number, before: Faded, next: Faded): number {
  if (!(chosenSec > 0) || isInOrder(before, next)) return 0
  const shorterSec = Math.min(before.durationMs, next.durationMs) / 1000
  return Math.max(0, Math.min(chosenSec, CROSSFADE_MAX_SEC, shorterSec * SHARE_MAX))
}

/** Equal power: the squares of the two curves sum to one at every moment. */
export const fadeIn = (): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: CURVE_POINTS }, (_, i) => Math.sin((i / (CURVE_POINTS - 1)) * (Math.PI / 2)))
export const fadeOut = (): Float32Array<ArrayBuffer> => fadeIn().toReversed()
