import { sql } from 'kysely'
import type { Sql } from './db.ts'

/**
 * Random order without sorting everything. Songs lie in the index by a hash of their id; the hash's first bits are the
 * stretch a song lies in. A seed says in which order the stretches are visited (an affine permutation), and how each is
 * sorted. So a page reads a few small ranges, the same seed is the same order for ever, and a song that comes or goes
 * moves no other.
 */

/** Up to so many songs all are sorted. */
const SORTED_MAX = 2000
/** Songs of one stretch: more would cost less, but keep the same neighbours together in every order. */
export const STRETCH = 2
const BITS_MAX = 24
/** A sort value holds the place of the stretch, then the hash within it; one bit short of a positive bigint. */
const VALUE_BITS = 62

/** Random bits of a seed above the five that tell how many bits a stretch has. */
export const SEED_RANDOM_MAX = 2 ** 26

const bitsFor = (count: number): number => Math.min(BITS_MAX, Math.ceil(Math.log2(count / STRETCH)))
const bitsOf = (seed: number): number => Math.min(BITS_MAX, seed & 31)

/** A seed for a list of about so many songs; it stays good when they become more or fewer. */
export const shuffleSeed = (count: number, random: number): number =>
  random * 32 + (count <= SORTED_MAX ? 0 : bitsFor(count))

/**
 * Whether a seed that comes back from outside may be one of a list that has about so many songs, or had a few more: with
 * any other a page would visit stretches without number that hold nothing.
 */
export const isSeedFor = (count: number, seed: number): boolean =>
  seed >= 0 && bitsOf(seed) <= bitsFor(Math.max(count, SORTED_MAX)) + 1

export type Shuffle = {
  /** The value songs `t` are sorted by. */
  readonly by: Sql
  /** Places of the stretches: below this. */
  readonly places: number
  /** Where a cursor's value lies. */
  placeOf(value: bigint): number
  /** Songs `t` of the stretch at the place `p`. */
  readonly inPlace: Sql<boolean>
}

/** Of an odd number, modulo a power of two (Newton's iteration doubles the right bits each time). */
function inverse(a: bigint, mask: bigint): bigint {
  let x = a
  for (let i = 0; i < 5; i++) x = (x * (2n - a * x)) & mask
  return x & mask
}

const n = (x: bigint): Sql => sql.raw(`${x}::bigint`)

export function shuffleOf(seed: number): Shuffle {
  const bits = bitsOf(seed)
  const random = BigInt(seed >> 5)
  const mask = (1n << BigInt(bits)) - 1n
  const factor = ((random * 2n + 1n) * 5n) & mask
  const shift = (random * 2_654_435_761n) & mask
  const rest = VALUE_BITS - bits
  const hash = sql`uuid_hash_extended(t.id, 0)`
  // Shifted twice: a shift by 64 is none.
  const stretch = sql`((${hash} >> 1) >> ${sql.lit(63 - bits)}) & ${n(mask)}`
  const place = sql`((((${stretch}) * ${n(factor)}) + ${n(shift)}) & ${n(mask)})`
  const within = sql`uuid_hash_extended(t.id, ${sql.lit(seed)}) & ${n((1n << BigInt(rest)) - 1n)}`
  const start = sql`((((p - ${n(shift)}) * ${n(inverse(factor, mask))}) & ${n(mask)}) << ${sql.lit(64 - bits)})`
  return {
    by: sql`((${place} << ${sql.lit(rest)}) | (${within}))`,
    places: 2 ** bits,
    placeOf: (value) => Math.max(0, Number(value >> BigInt(rest))),
    inPlace: sql`${hash} between ${start} and ${start} + ${n((1n << BigInt(64 - bits)) - 1n)}`,
  }
}
