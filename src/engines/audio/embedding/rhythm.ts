/**
 * The rhythm block: at which distances onsets repeat, in low, middle and high regions, in seconds and in beats; how many
 * there are and how hard. Autocorrelations of the flux, so that a wrong beat does no harm to most of it.
 */
import { RHYTHM_PER_SEC } from '#engines/audio/evidence.ts'
import { REGIONS } from '#engines/audio/flux.ts'
import type { Heard } from './heard.ts'

const GROUPS = 3
const REGIONS_A_GROUP = REGIONS / GROUPS
/** Distances between repeats, spread evenly on a logarithmic scale. */
const LAGS = 24
const LAG_FIRST = 8
const LAG_LAST = 400
const IN_BEATS = [1 / 4, 1 / 3, 1 / 2, 2 / 3, 3 / 4, 1, 3 / 2, 2, 3, 4]
const OTHERS = 5
export const RHYTHM_VALUES = GROUPS * (LAGS + IN_BEATS.length) + 2 * REGIONS + OTHERS

/** Slower than this is no rhythm: half width of the running mean that is taken away, frames. */
const FLOOR_REACH = 50
/** A peak counts up to this many root mean squares: one crash is not ten beats. */
const CEILING = 4

/** One region group, its slow part taken away, root mean square 1; silence stays 0. */
const groupOf = (flux: Float32Array, group: number): Float32Array => {
  const frames = Math.floor(flux.length / REGIONS)
  const x = new Float32Array(frames)
  for (let t = 0; t < frames; t++)
    for (let r = 0; r < REGIONS_A_GROUP; r++) x[t]! += Math.sqrt(flux[t * REGIONS + group * REGIONS_A_GROUP + r]!)
  const prefix = new Float64Array(frames + 1)
  for (let t = 0; t < frames; t++) prefix[t + 1] = prefix[t]! + x[t]!
  let squares = 1e-9
  for (let t = 0; t < frames; t++) {
    const [from, to] = [Math.max(0, t - FLOOR_REACH), Math.min(frames, t + FLOOR_REACH + 1)]
    x[t]! -= (prefix[to]! - prefix[from]!) / (to - from)
    squares += x[t]! ** 2
  }
  const scale = 1 / Math.sqrt(squares / Math.max(1, frames))
  for (let t = 0; t < frames; t++) x[t] = Math.min(CEILING, x[t]! * scale)
  return x
}

const repeatAt = (x: Float32Array, lag: number): number => {
  if (lag < 1 || lag >= x.length) return 0
  let sum = 0
  for (let t = lag; t < x.length; t++) sum += x[t]! * x[t - lag]!
  return sum / (x.length - lag)
}

/** The best of the lags that round to about this one, since players are no machines. */
const repeatNear = (x: Float32Array, lag: number): number => {
  const reach = Math.max(1, Math.round(0.02 * lag))
  const step = Math.max(1, Math.floor(reach / 2))
  let best = -1
  for (let near = Math.round(lag) - reach; near <= lag + reach; near += step) best = Math.max(best, repeatAt(x, near))
  return best
}

/** Mean of the region, and how far its peaks stand out of it. */
const strengths = (flux: Float32Array, region: number): [number, number] => {
  const frames = Math.max(1, flux.length / REGIONS)
  let sum = 1e-9
  let squares = 1e-9
  for (let at = region; at < flux.length; at += REGIONS) {
    sum += flux[at]!
    squares += flux[at]! ** 2
  }
  return [Math.log2(1e-4 + sum / frames), Math.log2(Math.sqrt(squares * frames) / sum)]
}

/** Deviation of the intervals between beats, share of their mean; 0..1. */
export const beatJitter = (beats: ArrayLike<number>): number => {
  if (beats.length < 3) return 1
  const intervals = Array.from(beats).flatMap((beat, i, all) => (i > 0 ? [beat - all[i - 1]!] : []))
  const mean = intervals.reduce((a, b) => a + b, 0) / intervals.length
  const square = intervals.reduce((sum, interval) => sum + (interval - mean) ** 2, 0) / intervals.length
  return mean > 0 ? Math.min(1, Math.sqrt(square) / mean) : 1
}

/** Of the rhythm block: how far onsets repeat after one, two and four beats, low and high; about −0.1..1. */
export const beatRepeats = (rhythm: Float32Array): { low: number; high: number } => {
  const of = (group: number) =>
    [1, 2, 4].reduce(
      (sum, beats) => sum + rhythm[group * (LAGS + IN_BEATS.length) + LAGS + IN_BEATS.indexOf(beats)]!,
      0,
    ) / 3
  return { low: of(0), high: of(GROUPS - 1) }
}

const LOG_LAGS = Array.from({ length: LAGS }, (_, i) => LAG_FIRST * (LAG_LAST / LAG_FIRST) ** (i / (LAGS - 1)))

export const rhythmOf = (heard: Heard): Float32Array => {
  const { flux, tempo, beats, onsetCount, durationSec, loudness } = heard
  const out = new Float32Array(RHYTHM_VALUES)
  const beatFrames = tempo.bpm > 0 ? (60 * RHYTHM_PER_SEC) / tempo.bpm : 0
  let at = 0
  for (let group = 0; group < GROUPS; group++) {
    const x = groupOf(flux, group)
    for (const lag of LOG_LAGS) out[at++] = repeatNear(x, lag)
    for (const share of IN_BEATS) out[at++] = beatFrames > 0 ? repeatNear(x, share * beatFrames) : 0
  }
  for (let r = 0; r < REGIONS; r++) for (const value of strengths(flux, r)) out[at++] = value
  out.set(
    [
      Math.log2(0.1 + onsetCount / Math.max(1, durationSec)),
      tempo.bpm > 0 ? Math.log2(tempo.bpm / 120) : 0,
      tempo.confidence,
      beatJitter(beats),
      Math.log2(1 + loudness.rangeLu),
    ],
    at,
  )
  return out
}
