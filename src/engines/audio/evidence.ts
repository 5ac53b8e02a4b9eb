/**
 * From raw flux to comparable evidence: every region is freed of its local floor and scaled by its local strength, so
 * that a quiet verse weighs like a loud chorus, and one region cannot drown the others.
 */
import { REGIONS } from './flux.ts'

/** Frames of evidence per second. */
export const RHYTHM_PER_SEC = 100

/** Twelve values a frame, `perSec` frames a second. */
export type Chroma = { frames: Float32Array; perSec: number }

export type Evidence = {
  chroma: Chroma
  frames: number
  /** Per region, one value a frame: rise above the local floor; about 1 at a typical onset of the passage. */
  regions: Float32Array[]
  /** All regions together, same scale. */
  onset: Float32Array
  /** Harmonic change at every frame, 0..1. */
  harmonic: Float32Array
}

/** Half width of the floor: what lasts longer is no onset. */
const FLOOR_REACH = 15
/** Half width of the scale: 4 s, about two bars. */
const SCALE_REACH = 400
/** A passage this much weaker than the track's mean is not amplified further. */
export const SCALE_FLOOR = 0.25
/** What each region adds to the joint onset curve. */
export const REGION_WEIGHTS = [1, 0.7, 0.8, 1, 0.8, 0.6] as const

/** Mean of x over ±reach, shortened at the ends. */
export const movingMean = (x: Float32Array, reach: number): Float32Array => {
  const out = new Float32Array(x.length)
  let sum = 0
  let from = 0
  let to = 0
  for (let i = 0; i < x.length; i++) {
    const end = Math.min(x.length, i + reach + 1)
    while (to < end) sum += x[to++]!
    while (from < i - reach) sum -= x[from++]!
    out[i] = Math.max(0, sum / (to - from))
  }
  return out
}

const meanOf = (x: Float32Array) => {
  let sum = 0
  for (const value of x) sum += value
  return x.length > 0 ? sum / x.length : 0
}

/** Root mean square over ±SCALE_REACH, at least a share of the track's. */
const localScale = (x: Float32Array) => {
  const squares = x.map((value) => value * value)
  const least = SCALE_FLOOR * Math.sqrt(meanOf(squares)) + 1e-9
  return movingMean(squares, SCALE_REACH).map((value) => Math.max(least, Math.sqrt(value)))
}

/** Typical peaks stand about this many times over the root mean square. */
export const PEAK_OVER_RMS = 2.5
/** Evidence saturates: one cymbal crash is not ten beats. */
export const CEILING = 2.5

const normalise = (raw: Float32Array) => {
  const floor = movingMean(raw, FLOOR_REACH)
  const out = raw.map((value, i) => Math.max(0, value - floor[i]!))
  const scale = localScale(out)
  for (let i = 0; i < out.length; i++) out[i] = Math.min(CEILING, out[i]! / (scale[i]! * PEAK_OVER_RMS))
  return out
}

/** Cosine distance of the chroma just before and just after, read at the rhythm rate. */
const harmonicChange = (chroma: Float32Array, chromaPerSec: number, frames: number) => {
  const count = chroma.length / 12
  const coarse = new Float32Array(count)
  /** Frames averaged on each side, and the gap that the analysis window blurs. */
  const side = 5
  const gap = 3
  const sums = new Float64Array(24)
  for (let i = gap + side; i < count - gap - side; i++) {
    sums.fill(0)
    for (let j = gap; j < gap + side; j++)
      for (let c = 0; c < 12; c++) {
        sums[c]! += chroma[(i - j) * 12 + c]!
        sums[12 + c]! += chroma[(i + j) * 12 + c]!
      }
    let xy = 1e-9
    let xx = 1e-9
    let yy = 1e-9
    for (let c = 0; c < 12; c++) {
      xy += sums[c]! * sums[12 + c]!
      xx += sums[c]! ** 2
      yy += sums[12 + c]! ** 2
    }
    coarse[i] = 1 - xy / Math.sqrt(xx * yy)
  }
  const step = chromaPerSec / RHYTHM_PER_SEC
  return Float32Array.from({ length: frames }, (_, t) => {
    const at = Math.min(count - 1, t * step)
    const low = Math.floor(at)
    const next = coarse[Math.min(count - 1, low + 1)] ?? 0
    return (coarse[low] ?? 0) + (at - low) * (next - (coarse[low] ?? 0))
  })
}

/** @param flux `REGIONS` values a frame; @param chroma 12 values a frame at `chromaPerSec`. */
export const makeEvidence = (flux: Float32Array, chroma: Float32Array, chromaPerSec: number): Evidence => {
  const frames = flux.length / REGIONS
  const regions = Array.from({ length: REGIONS }, (_, r) =>
    normalise(Float32Array.from({ length: frames }, (_, t) => flux[t * REGIONS + r]!)),
  )
  const joint = new Float32Array(frames)
  regions.forEach((region, r) => {
    for (let t = 0; t < frames; t++) joint[t]! += REGION_WEIGHTS[r]! * region[t]!
  })
  return {
    frames,
    regions,
    onset: normalise(joint),
    harmonic: harmonicChange(chroma, chromaPerSec, frames),
    chroma: { frames: chroma, perSec: chromaPerSec },
  }
}

/** How far the evidence of a point may lie from it, in frames. */
const REACH = 3

/** The greatest value within ±REACH of every frame, so that reading a point is one look. */
const widen = (x: Float32Array): Float32Array => {
  const out = new Float32Array(x.length)
  for (let i = 0; i < x.length; i++) {
    let top = 0
    for (let j = Math.max(0, i - REACH); j <= i + REACH && j < x.length; j++) if (x[j]! > top) top = x[j]!
    out[i] = top
  }
  return out
}

/** What beats are judged by, in this order: the regions, the joint onset curve, harmonic change; all widened. */
export const judgedCurves = (evidence: Evidence): Float32Array[] =>
  [...evidence.regions, evidence.onset, evidence.harmonic].map(widen)

/** Local maxima above a threshold, at least `gap` frames apart; frame numbers. */
export const pickPeaks = (x: Float32Array, threshold: number, gap: number): number[] => {
  const out: number[] = []
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!
    if (value < threshold || value <= (x[i - 1] ?? 0) || value < (x[i + 1] ?? 0)) continue
    const last = out.at(-1)
    if (last === undefined || i - last >= gap) out.push(i)
    else if (value > x[last]!) out[out.length - 1] = i
  }
  return out
}
