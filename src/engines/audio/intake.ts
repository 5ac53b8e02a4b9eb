/** From interleaved samples of unknown health to blocks of sound ones, one plane a channel, and their mean. */
import { createScan, type Scan, scanBlock } from './scan.ts'

export type Intake = {
  /** Sample frames in the block so far. */
  readonly filled: number
  /** Takes `count` sample frames of `from`, beginning with value `at`; there must be room for them. */
  fill(from: Float32Array, at: number, count: number): void
  /** The block, mended where it was broken; valid until the next `fill`. */
  take(): Block
  /** Values that were no numbers or absurdly large, so far. */
  readonly broken: number
}

export type Block = {
  planes: readonly Float32Array[]
  scans: readonly Scan[]
  /** Mean of the channels: as long as the planes; and with zeros up to a whole block. */
  mono: Float32Array
  padded: Float32Array
  /** Sum of left times right. */
  products: number
}

/** Far over full scale: protects the sums from broken decoders, and cannot occur in music. */
const SAMPLE_MAX = 64

/** A broken value becomes the nearest sane one; NaN fails both comparisons and becomes 0. */
const sane = (value: number) =>
  value >= -SAMPLE_MAX && value <= SAMPLE_MAX ? value : value > 0 ? SAMPLE_MAX : value < 0 ? -SAMPLE_MAX : 0

const isSound = ({ peak, squares }: Scan) => peak <= SAMPLE_MAX && squares < Infinity

/** In place; how many were broken. */
const mend = (x: Float32Array) => {
  let broken = 0
  for (let i = 0; i < x.length; i++) {
    if (Math.abs(x[i]!) <= SAMPLE_MAX) continue
    x[i] = sane(x[i]!)
    broken++
  }
  return broken
}

type Planes = { left: Float32Array; right: Float32Array; mono: Float32Array }

/** Reads `count` pairs of `from` into the planes from `begin`. */
const split = (from: Float32Array, at: number, { left, right, mono }: Planes, begin: number, count: number) => {
  for (let i = begin, j = at; i < begin + count; i++, j += 2) {
    const l = from[j]!
    const r = from[j + 1]!
    left[i] = l
    right[i] = r
    mono[i] = 0.5 * (l + r)
  }
}

const mix = ({ left, right, mono }: Planes, count: number) => {
  for (let i = 0; i < count; i++) mono[i] = 0.5 * (left[i]! + right[i]!)
}

const productsOf = ({ left, right }: Planes, count: number) => {
  let a = 0
  let b = 0
  for (let i = 0; i + 1 < count; i += 2) {
    a += left[i]! * right[i]!
    b += left[i + 1]! * right[i + 1]!
  }
  return count % 2 === 1 ? a + b + left[count - 1]! * right[count - 1]! : a + b
}

export const createIntake = (channels: 1 | 2, blockSize: number): Intake => {
  const whole = Array.from({ length: channels }, () => new Float32Array(blockSize))
  const scans = whole.map(() => createScan(blockSize))
  const padded = channels === 1 ? whole[0]! : new Float32Array(blockSize)
  const stereo = { left: whole[0]!, right: whole.at(-1)!, mono: padded }
  let filled = 0
  let broken = 0
  /** Mends what is broken; true if anything was. */
  const check = (plane: Float32Array, scan: Scan) => {
    scanBlock(plane, scan)
    if (isSound(scan)) return false
    broken += mend(plane)
    scanBlock(plane, scan)
    return true
  }
  const take = (): Block => {
    const isWhole = filled === blockSize
    const planes = isWhole ? whole : whole.map((plane) => plane.subarray(0, filled))
    const mended = planes.filter((plane, i) => check(plane, scans[i]!))
    if (mended.length > 0 && channels === 2) mix(stereo, filled)
    const products = channels === 2 ? productsOf(stereo, filled) : 0
    padded.fill(0, filled)
    const mono = isWhole ? padded : padded.subarray(0, filled)
    filled = 0
    return { planes, scans, mono, padded, products }
  }
  return {
    get filled() {
      return filled
    },
    get broken() {
      return broken
    },
    fill(from, at, count) {
      if (channels === 1) whole[0]!.set(from.subarray(at, at + count), filled)
      else split(from, at, stereo, filled, count)
      filled += count
    },
    take,
  }
}
