/** Random numbers of a seed, the same on every machine. */
export type Random = {
  /** 0 ≤ x < 1 */
  unit(): number
  /** Whole, from 0 to below `count`. */
  below(count: number): number
  chance(share: number): boolean
  pick<T>(all: readonly T[]): T
  /** Rank from 0 to below `count`; rank k is met about 1/(k+1) as often as the first (Zipf's law). */
  zipf(count: number): number
  /** Normal: mean 0, deviation 1 (Box–Muller). */
  normal(): number
  /** So many random bytes as hex. */
  hex(bytes: number): string
}

/** Mulberry32: small, fast, and good enough for names and sizes. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (count: number): number => Math.floor(unit() * count)
  return {
    unit,
    below,
    chance: (share) => unit() < share,
    pick: (all) => all[below(all.length)] as (typeof all)[number],
    zipf: (count) => Math.min(count - 1, Math.floor(Math.exp(unit() * Math.log(count + 1))) - 1),
    normal: () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit()),
    hex: (bytes) => Array.from({ length: bytes }, () => below(256).toString(16).padStart(2, '0')).join(''),
  }
}
