/**
 * Fade-in and fade-out, from the loudness of every 100 ms: of all moments at which a fade may begin, and of three
 * shapes of a fader (linear in dB, linear in amplitude, cosine), the one that leaves least of the curve unexplained,
 * against a level that stays. Told only where it falls far and long enough. A long natural decay in which nothing else
 * sounds (a piano's last chord) cannot be told from a fader.
 */
import type { Fades } from './types.ts'

/** Blocks (100 ms) that are averaged: beats must not look like steps. */
const SMOOTH = 15
/** What is looked at: this many blocks from the end inwards, and at most this share of the track. */
const REACH = 450
const TRACK_SHARE = 0.6
/** Shorter is how notes end; as long the level before must be seen. */
const FADE_MIN = 25
const FADE_STEP = 2
const DROP_MIN_DB = 12
/** Within the fade, root mean square of what the shape leaves; and the share of squares against a level that stays. */
const ERROR_MAX_DB = 5
const ERROR_SHARE_MAX = 0.3
const FLOOR_DB = -75
/** What is further below the level counts as so far: there the smoothing decides, not the fader. */
const DEEPEST_DB = -28

const decibels = (power: number) => Math.max(FLOOR_DB, 10 * Math.log10(power + 1e-12))

/** Level in dB, smoothed over ±SMOOTH/2 blocks. */
const smooth = (power: ArrayLike<number>): Float64Array => {
  const half = SMOOTH >> 1
  const out = new Float64Array(power.length)
  for (let i = 0; i < out.length; i++) {
    const from = Math.max(0, i - half)
    const to = Math.min(out.length, i + half + 1)
    let sum = 0
    for (let j = from; j < to; j++) sum += power[j]!
    out[i] = decibels(sum / (to - from))
  }
  return out
}

const SHAPE_STEPS = 1024

/** How far a fader is down, dB, where it has gone from 0 (full) to 1 (shut), in `SHAPE_STEPS` steps. */
const shapeOf = (downDb: (gone: number) => number) =>
  Float64Array.from({ length: SHAPE_STEPS }, (_, i) => Math.max(DEEPEST_DB, downDb((i + 0.5) / SHAPE_STEPS)))

/** The first is scaled to fit. */
const SHAPES = [
  shapeOf((gone) => gone),
  shapeOf((gone) => 20 * Math.log10(1 - gone)),
  shapeOf((gone) => 20 * Math.log10(Math.cos((Math.PI / 2) * gone))),
]

/** Sums of squares, dB²: what is left of all, of the fade alone, and of the fade if the level had stayed. */
type Fit = { error: number; fadeError: number; stillError: number; dropDb: number }

/** Level `x` is held up to `at` and faded from there to its end. */
const fit = (x: Float64Array, at: number, shape: Float64Array): Fit => {
  let level = 0
  for (let i = 0; i < at; i++) level += x[i]! / at
  let error = 0
  for (let i = 0; i < at; i++) error += (x[i]! - level) ** 2
  const step = SHAPE_STEPS / (x.length - at)
  let [xx, xy, yy, y] = [0, 0, 0, 0]
  for (let i = at, to = step / 2; i < x.length; i++, to += step) {
    y = shape[Math.floor(to)]!
    const below = Math.max(DEEPEST_DB, x[i]! - level)
    xx += below * below
    xy += below * y
    yy += y * y
  }
  const scale = shape === SHAPES[0] ? xy / yy : 1
  const fadeError = xx - 2 * scale * xy + scale * scale * yy
  return { error: error + fadeError, fadeError, stillError: xx, dropDb: -scale * y }
}

/** Blocks of a fade at the end of `x`, 0 for none. */
const fadeLength = (x: Float64Array): number => {
  let best = { error: Infinity, length: 0 }
  for (let at = FADE_MIN; at <= x.length - FADE_MIN; at += FADE_STEP)
    for (const shape of SHAPES) {
      const { error, fadeError, stillError, dropDb } = fit(x, at, shape)
      if (error >= best.error) continue
      const isClear = fadeError <= ERROR_SHARE_MAX * stillError && dropDb >= DROP_MIN_DB
      const isClose = Math.sqrt(fadeError / (x.length - at)) <= ERROR_MAX_DB
      best = { error, length: isClear && isClose ? x.length - at : 0 }
    }
  return best.length
}

/**
 * @param meanSquares one for each 100 ms, weighted or not.
 * @param startSec and `endSec` seconds of silence at both ends, which are no part of a fade.
 */
export const findFades = (meanSquares: Float32Array, startSec: number, endSec: number): Fades => {
  const heard = meanSquares.subarray(Math.floor(startSec * 10), meanSquares.length - Math.floor(endSec * 10))
  const reach = Math.min(REACH, Math.floor(heard.length * TRACK_SHARE))
  if (reach < 2 * FADE_MIN) return { inSec: 0, outSec: 0 }
  const curve = smooth(heard)
  return {
    inSec: fadeLength(curve.slice(0, reach).toReversed()) / 10,
    outSec: fadeLength(curve.slice(-reach)) / 10,
  }
}
