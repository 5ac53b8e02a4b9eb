/** FNV-1a, then mixed so that texts of one letter's difference share nothing (the finaliser of MurmurHash3). */
export function hashOf(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

export type Chance = {
  /** From `least` to below `most`. */
  between(least: number, most: number): number
  /** Whole, both ends included. */
  whole(least: number, most: number): number
  pick<T>(of: readonly [T, ...T[]]): T
}

/** The same numbers for the same text on every visit (mulberry32). */
export function chanceOf(text: string): Chance {
  let state = hashOf(text)
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + (most - least) * next()
  const whole = (least: number, most: number) => Math.floor(between(least, most + 1))
  return { between, whole, pick: (of) => of[whole(0, of.length - 1)] ?? of[0] }
}
