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
/** A fade lasts 1.5 s at least, of which the level before is seen as long. */
const FADE_MIN = 15
const FADE_STEP = 2
const DROP_MIN_DB = 12
/** Root mean square of what the shape leaves, at most; and at most this share of what a constant level leaves. */
const ERROR_MAX_DB = 4
const ERROR_SHARE_MAX = 0.35
const FLOOR_DB = -75
const DEEPEST_DB = -50

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

/** How far the fader is down, dB, where `u` goes from 0 (full) to 1 (shut); the first shape is scaled to fit. */
const SHAPES = [
  (u: number) => u,
  (u: number) => Math.max(DEEPEST_DB, 20 * Math.log10(1 - u + 1e-9)),
  (u: number) => Math.max(DEEPEST_DB, 20 * Math.log10(Math.cos((Math.PI / 2) * u) + 1e-9)),
]

type Fit = { error: number; drop: number; fadeError: number }

/** Level `x` is held up to `at` and faded from there to its end. Sums of squares. */
const fit = (x: Float64Array, at: number, shape: (typeof SHAPES)[number], isScaled: boolean): Fit => {
  let level = 0
  for (let i = 0; i < at; i++) level += x[i]! / at
  const length = x.length - at
  let xy = 0
  let yy = 0
  for (let i = at; i < x.length; i++) {
    const y = shape((i - at + 0.5) / length)
    xy += (x[i]! - level) * y
    yy += y * y
  }
  const scale = isScaled ? Math.min(0, xy / yy) : 1
  let error = 0
  for (let i = 0; i < at; i++) error += (x[i]! - level) ** 2
  let fadeError = 0
  for (let i = at; i < x.length; i++) fadeError += (x[i]! - level - scale * shape((i - at + 0.5) / length)) ** 2
  const tail = x.subarray(-Math.min(5, length))
  return { error: error + fadeError, fadeError, drop: level - tail.reduce((a, b) => a + b, 0) / tail.length }
}

/** Blocks of a fade at the end of `x`, 0 for none. */
const fadeLength = (x: Float64Array): number => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length
  const still = x.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  let best = { error: Infinity, length: 0 }
  for (let at = FADE_MIN; at <= x.length - FADE_MIN; at += FADE_STEP)
    SHAPES.forEach((shape, i) => {
      const { error, drop, fadeError } = fit(x, at, shape, i === 0)
      if (error >= best.error) return
      const fades =
        drop >= DROP_MIN_DB &&
        error <= ERROR_SHARE_MAX * still &&
        Math.sqrt(fadeError / (x.length - at)) <= ERROR_MAX_DB
      best = { error, length: fades ? x.length - at : 0 }
    })
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
