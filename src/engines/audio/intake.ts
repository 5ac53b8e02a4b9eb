/** From interleaved samples of unknown health to blocks of sound ones, one plane a channel, and their mean. */

export type Intake = {
  readonly planes: readonly Float32Array[]
  /** Mean of the channels. */
  readonly mono: Float32Array
  /** Sample frames in the block so far. */
  filled: number
  /** Values, over all blocks, that were no numbers or absurdly large. */
  broken: number
  /** Takes `count` sample frames of `from`, beginning with value `at`; there must be room for them. */
  fill(from: Float32Array, at: number, count: number): void
}

/** Far over full scale: protects the sums from broken decoders, and cannot occur in music. */
const SAMPLE_MAX = 64
/** Far below the quietest converter: such values are slow to reckon with and add nothing. */
const SAMPLE_MIN = 1e-20

/** A broken value becomes the nearest sane one; NaN fails all comparisons and becomes 0. */
const sane = (value: number) =>
  value >= -SAMPLE_MAX && value <= SAMPLE_MAX ? value : value > 0 ? SAMPLE_MAX : value < 0 ? -SAMPLE_MAX : 0

/** True where every value may be taken as it is: two comparisons a sample, instead of a choice for each. */
const isSound = (x: Float32Array, from: number, to: number) => {
  let sound = 1
  for (let i = from; i < to; i++) {
    const size = Math.abs(x[i]!)
    sound &= size <= SAMPLE_MAX && (size >= SAMPLE_MIN || size === 0) ? 1 : 0
  }
  return sound === 1
}

export const createIntake = (channels: 1 | 2, blockSize: number): Intake => {
  const planes = Array.from({ length: channels }, () => new Float32Array(blockSize))
  const mono = new Float32Array(blockSize)
  let mended = new Float32Array(0)
  const intake: Intake = { planes, mono, filled: 0, broken: 0, fill }
  const mend = (from: Float32Array, at: number, count: number) => {
    if (mended.length < count) mended = new Float32Array(count)
    for (let i = 0; i < count; i++) {
      const value = from[at + i]!
      if (!(Math.abs(value) <= SAMPLE_MAX)) intake.broken++
      mended[i] = Math.abs(value) < SAMPLE_MIN ? 0 : sane(value)
    }
    return mended
  }
  function fill(from: Float32Array, at: number, count: number) {
    const isClean = isSound(from, at, at + count * channels)
    const x = isClean ? from : mend(from, at, count * channels)
    const begin = isClean ? at : 0
    const { filled } = intake
    const left = planes[0]!
    if (channels === 1) {
      left.set(x.subarray(begin, begin + count), filled)
      mono.set(x.subarray(begin, begin + count), filled)
    } else split(x, begin, count, { left, right: planes[1]!, mono, filled })
    intake.filled += count
  }
  return intake
}

type Pair = { left: Float32Array; right: Float32Array; mono: Float32Array; filled: number }

const split = (x: Float32Array, at: number, count: number, { left, right, mono, filled }: Pair) => {
  for (let i = filled, j = at; i < filled + count; i++, j += 2) {
    const l = x[j]!
    const r = x[j + 1]!
    left[i] = l
    right[i] = r
    mono[i] = 0.5 * (l + r)
  }
}
