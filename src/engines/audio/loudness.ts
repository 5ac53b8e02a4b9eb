/**
 * Loudness by ITU-R BS.1770-5 and EBU R128: integrated loudness (two-stage gate), loudness range (EBU Tech 3342),
 * greatest momentary and short-term loudness. Works on blocks of 100 ms; keeps one number per block.
 */
import { growingF32 } from './grow.ts'
import { type Biquad, type Kernels, plainKernels } from './kernels.ts'

export type Loudness = {
  /** LUFS; −Infinity is never given: silence reads `SILENCE_LUFS`. */
  integratedLufs: number
  rangeLu: number
  momentaryMaxLufs: number
  shortTermMaxLufs: number
  blocks: LoudnessBlocks
  curve: LoudnessCurve
}

/**
 * Loudness over time, LUFS, −70 for silence: point i stands for the seconds `i · stepSec` up to `(i + 1) · stepSec` and
 * is the greatest of the windows (momentary 400 ms, short-term 3 s; one every 100 ms) that are centred there. Where no window is centred (half a window at both ends) the nearest speaks. At most
 * `CURVE_POINTS_MAX` points; `stepSec` is a multiple of 0.1.
 */
export type LoudnessCurve = { stepSec: number; momentaryLufs: Float32Array; shortTermLufs: Float32Array }

/**
 * How many blocks of 400 ms (one every 100 ms) are how loud: `counts[i]` from `floorLufs + i` up to one LU above. Enough
 * to find the loudness of several tracks together, each gate over the blocks of all; those below `floorLufs` are no part
 * of that whatever the others are like.
 */
export type LoudnessBlocks = { floorLufs: number; counts: number[] }

export type LoudnessMeter = {
  /** One block of exactly 100 ms (`sampleRate / 10` samples) of each channel, in the memory of the kernels. */
  push(planes: readonly Float32Array[]): void
  /** K-weighted mean square of every block so far. */
  blocks(): Float32Array
  finish(): Loudness
}

/** What silence reads: the absolute gate of the standard. */
export const SILENCE_LUFS = -70
const OFFSET_LUFS = -0.691
const GATE_RELATIVE_LU = -10
const RANGE_GATE_RELATIVE_LU = -20
const RANGE_LOW = 0.1
const RANGE_HIGH = 0.95
/** Blocks so far below the whole are passed over by the gate of any album on which their track is heard. */
const BLOCKS_SPAN_LU = 25
/** Bounds of what broken files of floating point may claim to be. */
const BLOCK_FLOOR_MAX_LUFS = 100
const BLOCK_BINS_MAX = 200
export const CURVE_POINTS_MAX = 1000
const BLOCKS_MOMENTARY = 4
const BLOCKS_SHORT_TERM = 30
const FINE_PER_BLOCK = 10
const FINE_MOMENTARY = BLOCKS_MOMENTARY * FINE_PER_BLOCK
const FINE_SHORT_TERM = BLOCKS_SHORT_TERM * FINE_PER_BLOCK

const lufsOf = (meanSquare: number) => (meanSquare > 0 ? OFFSET_LUFS + 10 * Math.log10(meanSquare) : -Infinity)
const meanSquareOf = (lufs: number) => 10 ** ((lufs - OFFSET_LUFS) / 10)

/** The high shelf of the K-weighting for any sample rate, by bilinear transform of its analogue prototype. */
const shelf = (sampleRate: number): Biquad => {
  const k = Math.tan((Math.PI * 1681.974450955533) / sampleRate)
  const q = 0.7071752369554196
  const vh = 10 ** (3.999843853973347 / 20)
  const vb = vh ** 0.4996667741545416
  const a0 = 1 + k / q + k * k
  return {
    b0: (vh + (vb * k) / q + k * k) / a0,
    b1: (2 * (k * k - vh)) / a0,
    b2: (vh - (vb * k) / q + k * k) / a0,
    a1: (2 * (k * k - 1)) / a0,
    a2: (1 - k / q + k * k) / a0,
  }
}

/** The second stage: the RLB high pass. */
const highPass = (sampleRate: number): Biquad => {
  const k = Math.tan((Math.PI * 38.13547087602444) / sampleRate)
  const q = 0.5003270373238773
  const a0 = 1 + k / q + k * k
  return { b0: 1, b1: -2, b2: 1, a1: (2 * (k * k - 1)) / a0, a2: (1 - k / q + k * k) / a0 }
}

/** Means of `width` neighbouring blocks, hop one block; empty when there are fewer. */
const sliding = (blocks: Float32Array, width: number): Float64Array => {
  const out = new Float64Array(Math.max(0, blocks.length - width + 1))
  for (let i = 0; i < out.length; i++) {
    let sum = 0
    for (let j = 0; j < width; j++) sum += blocks[i + j]!
    out[i] = sum / width
  }
  return out
}

const meanAbove = (values: Float64Array, threshold: number) => {
  let sum = 0
  let count = 0
  for (const value of values) {
    if (value < threshold) continue
    sum += value
    count++
  }
  return count > 0 ? sum / count : 0
}

/** BS.1770: absolute gate, then a gate 10 LU below what passed it. */
const integrated = (momentary: Float64Array) => {
  const ungated = meanAbove(momentary, meanSquareOf(SILENCE_LUFS))
  if (ungated === 0) return SILENCE_LUFS
  const threshold = meanSquareOf(Math.max(SILENCE_LUFS, lufsOf(ungated) + GATE_RELATIVE_LU))
  return lufsOf(meanAbove(momentary, threshold))
}

/** EBU Tech 3342: the spread between the 10th and 95th percentile of gated short-term loudness. */
const range = (shortTerm: Float64Array) => {
  const ungated = meanAbove(shortTerm, meanSquareOf(SILENCE_LUFS))
  if (ungated === 0) return 0
  const threshold = meanSquareOf(Math.max(SILENCE_LUFS, lufsOf(ungated) + RANGE_GATE_RELATIVE_LU))
  const passed = shortTerm.filter((value) => value >= threshold).sort()
  const at = (share: number) => lufsOf(passed[Math.round((passed.length - 1) * share)]!)
  return at(RANGE_HIGH) - at(RANGE_LOW)
}

const countBlocks = (momentary: Float64Array, integratedLufs: number): LoudnessBlocks => {
  const lowest = Math.max(SILENCE_LUFS, integratedLufs - BLOCKS_SPAN_LU)
  const floorLufs = Math.floor(Math.min(lowest, BLOCK_FLOOR_MAX_LUFS))
  const counts: number[] = []
  for (const value of momentary) {
    const bin = Math.floor(lufsOf(value) - floorLufs)
    if (!(bin >= 0 && bin < BLOCK_BINS_MAX)) continue
    while (counts.length <= bin) counts.push(0)
    counts[bin]!++
  }
  return { floorLufs, counts }
}

const greatest = (values: Float64Array, atLeast: number) => {
  let top = atLeast
  for (const value of values) top = Math.max(top, value)
  return Math.max(SILENCE_LUFS, lufsOf(top))
}

/** The greatest window centred in each step, of windows `width` blocks wide. */
const curveOf = (windows: Float64Array, width: number, blocks: number, step: number) => {
  const centredAt = (block: number) => Math.max(0, Math.min(windows.length - 1, block - (width >> 1)))
  const out = new Float32Array(Math.ceil(blocks / step))
  for (let point = 0; point < out.length; point++) {
    let top = 0
    for (let i = centredAt(point * step); i <= centredAt((point + 1) * step - 1); i++) top = Math.max(top, windows[i]!)
    out[point] = Math.max(SILENCE_LUFS, lufsOf(top))
  }
  return out
}

const bothCurves = (momentary: Float64Array, shortTerm: Float64Array, blocks: number): LoudnessCurve => {
  const step = Math.max(1, Math.ceil(blocks / CURVE_POINTS_MAX))
  const momentaryLufs = curveOf(momentary, Math.min(BLOCKS_MOMENTARY, blocks), blocks, step)
  const isShort = shortTerm.length === 0
  const shortTermLufs = isShort ? momentaryLufs.slice() : curveOf(shortTerm, BLOCKS_SHORT_TERM, blocks, step)
  return { stepSec: step / 10, momentaryLufs, shortTermLufs }
}

/**
 * The greatest windows of 400 ms and 3 s at every 10 ms, as the tests of file based meters in EBU Tech 3341 ask for: at
 * steps of 100 ms a sound of 400 ms may read up to 0.6 LU low.
 */
const finePeaks = () => {
  const ring = new Float64Array(FINE_SHORT_TERM)
  let at = 0
  let count = 0
  const sums = { momentary: 0, shortTerm: 0 }
  const tops = { momentary: 0, shortTerm: 0 }
  const push = (meanSquare: number) => {
    sums.momentary += meanSquare - ring[(at + FINE_SHORT_TERM - FINE_MOMENTARY) % FINE_SHORT_TERM]!
    sums.shortTerm += meanSquare - ring[at]!
    ring[at] = meanSquare
    at = (at + 1) % FINE_SHORT_TERM
    count++
    if (count >= FINE_MOMENTARY) tops.momentary = Math.max(tops.momentary, sums.momentary / FINE_MOMENTARY)
    if (count >= FINE_SHORT_TERM) tops.shortTerm = Math.max(tops.shortTerm, sums.shortTerm / FINE_SHORT_TERM)
  }
  return { push, tops }
}

/** Every channel has weight 1: mono as it is, stereo left and right. Tracks under 400 ms are measured as one block. */
export const loudnessMeter = (
  sampleRate: number,
  channels: 1 | 2,
  durationHintSec = 300,
  kernels: Kernels = plainKernels(),
): LoudnessMeter => {
  const blocks = growingF32(durationHintSec * 10)
  const weigh = kernels.weigher(shelf(sampleRate), highPass(sampleRate))
  const silent = kernels.floats(sampleRate / 10)
  const fine = finePeaks()
  return {
    push(planes) {
      const length = planes[0]!.length
      let sum = 0
      for (let part = 0, from = 0; part < FINE_PER_BLOCK; part++) {
        const to = Math.round(((part + 1) * length) / FINE_PER_BLOCK)
        const power = weigh(planes[0]!, channels === 2 ? planes[1]! : silent, from, to)
        fine.push(power / Math.max(1, to - from))
        sum += power
        from = to
      }
      blocks.push(sum / length)
    },
    blocks: () => blocks.view(),
    finish() {
      const all = blocks.view()
      const momentary = sliding(all, Math.max(1, Math.min(BLOCKS_MOMENTARY, all.length)))
      const shortTerm = sliding(all, BLOCKS_SHORT_TERM)
      const integratedLufs = integrated(momentary)
      return {
        integratedLufs,
        rangeLu: range(shortTerm),
        momentaryMaxLufs: greatest(momentary, fine.tops.momentary),
        shortTermMaxLufs:
          shortTerm.length > 0 ? greatest(shortTerm, fine.tops.shortTerm) : greatest(momentary, fine.tops.momentary),
        blocks: countBlocks(momentary, integratedLufs),
        curve: bothCurves(momentary, shortTerm, all.length),
      }
    },
  }
}
