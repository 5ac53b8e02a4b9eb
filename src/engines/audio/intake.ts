/** From interleaved samples of unknown health to blocks of sound ones, one plane a channel, and their mean. */
import { type Kernels, STRETCH } from './kernels.ts'
import { createScan, type Scan } from './scan.ts'

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

/** Far over full scale (36 dB): no converter and no mix gives more. */
const SAMPLE_MAX = 64

const isSound = ({ peak, squares }: Scan) => peak <= SAMPLE_MAX && squares < Infinity

/** What is no number, infinite or absurd becomes silence, in place: one such sample must not be the peak. How many. */
const mend = (x: Float32Array) => {
  let broken = 0
  for (let i = 0; i < x.length; i++) {
    if (Math.abs(x[i]!) <= SAMPLE_MAX) continue
    x[i] = 0
    broken++
  }
  return broken
}

/** Blocks lie in the memory of the kernels. */
export const createIntake = (kernels: Kernels, channels: 1 | 2, blockSize: number): Intake => {
  const size = Math.ceil(blockSize / STRETCH) * STRETCH
  const pairs = kernels.floats(channels * size)
  const padded = channels === 1 ? pairs : kernels.floats(size)
  const whole = channels === 1 ? [pairs] : [kernels.floats(size), kernels.floats(size)]
  const scans = whole.map(() => createScan(kernels, size))
  let filled = 0
  let broken = 0
  const read = () => {
    if (channels === 2) kernels.split(pairs, whole[0]!, whole[1]!, padded, size)
    whole.forEach((plane, i) => scans[i]!.read(plane))
  }
  const take = (): Block => {
    pairs.fill(0, filled * channels)
    read()
    if (!scans.every(isSound)) {
      broken += mend(pairs)
      read()
    }
    const planes = whole.map((plane) => plane.subarray(0, filled))
    const products = channels === 2 ? kernels.dot(whole[0]!, whole[1]!) : 0
    const mono = padded.subarray(0, filled)
    filled = 0
    return { planes, scans, mono, padded: padded.subarray(0, blockSize), products }
  }
  return {
    get filled() {
      return filled
    },
    get broken() {
      return broken
    },
    fill(from, at, count) {
      pairs.set(from.subarray(at, at + count * channels), filled * channels)
      filled += count
    },
    take,
  }
}
