/**
 * Spectra of a bounded number of moments, evenly spread over the track: as it grows, every second one is dropped and
 * the distance doubled. What is measured of them costs the same for a song as for a mix of three hours, and is what
 * librosa measures with `hop_length = KEPT_HOP · stride`.
 */

/** Samples between frames while the track is short: 20 ms at 44.1 kHz. */
export const KEPT_HOP = 882
/** 41 s at full density; a song of four minutes keeps a frame every 160 ms. */
export const KEPT_FRAMES_MAX = 2048
const ROWS_FIRST = 256

export type KeptFrames = {
  /** Hops of `KEPT_HOP` from one frame to the next: 1, 2, 4 … */
  stride: number
  count: number
  /** Values in one spectrum. */
  bins: number
  /** `count` power spectra, one after the other. */
  power: Float32Array
  /** Of the samples of each frame, without window: `librosa.feature.rms`, `zero_crossing_rate` (`frame_length=2048`). */
  rms: Float32Array
  zeroCrossingRate: Float32Array
}

export type FrameKeeper = {
  /** The next frame at `KEPT_HOP`: its power spectrum; its samples are `heard` from `from` up to `to`, zeros around. */
  push(power: Float32Array, heard: Float32Array, from: number, to: number): void
  /** Gives away what was kept; nothing may be pushed afterwards. */
  finish(): KeptFrames
}

/** Bits of 1e-10: what is no larger counts as zero, librosa's `threshold` of zero crossings. */
const ZERO_BITS = new Int32Array(Float32Array.of(1e-10).buffer)[0]!
const MAGNITUDE_BITS = 0x7fff_ffff

const isBelow = (bits: number) => (bits >>> 31) & ((ZERO_BITS - (bits & MAGNITUDE_BITS)) >>> 31)

/** Changes between below zero and not. On the bits: a branch that nobody can foretell costs ten times as much. */
const signChanges = (x: Float32Array, from: number, to: number) => {
  const bits = new Int32Array(x.buffer, x.byteOffset + 4 * from, to - from)
  let changes = 0
  let sign = isBelow(bits[0]!)
  for (let i = 1; i < bits.length; i++) {
    const now = isBelow(bits[i]!)
    changes += now ^ sign
    sign = now
  }
  return changes
}

const sumOfSquares = (x: Float32Array, from: number, to: number) => {
  let sum = 0
  for (let i = from; i < to; i++) sum += x[i]! * x[i]!
  return sum
}

/** Of `count` rows every second one, from the first, moved together. */
const thin = (values: Float32Array, width: number, count: number) => {
  for (let row = 1; 2 * row < count; row++) values.copyWithin(row * width, 2 * row * width, (2 * row + 1) * width)
}

/** @param size of a frame, samples; @param most how many frames are kept, an even number. */
export const frameKeeper = (size: number, most = KEPT_FRAMES_MAX): FrameKeeper => {
  const bins = size / 2 + 1
  let power = new Float32Array(Math.min(ROWS_FIRST, most) * bins)
  const rms = new Float32Array(most)
  const zeroCrossingRate = new Float32Array(most)
  let stride = 1
  let count = 0
  let frame = 0
  const makeRoom = () => {
    if (count < most) {
      const larger = new Float32Array(Math.min(most, 2 * count) * bins)
      larger.set(power)
      power = larger
      return
    }
    thin(power, bins, count)
    thin(rms, 1, count)
    thin(zeroCrossingRate, 1, count)
    count /= 2
    stride *= 2
  }
  return {
    push(spectrum, heard, from, to) {
      if (frame++ % stride !== 0) return
      if (count * bins === power.length) makeRoom()
      power.set(spectrum, count * bins)
      rms[count] = Math.sqrt(sumOfSquares(heard, from, to) / size)
      zeroCrossingRate[count] = signChanges(heard, from, to) / size
      count++
    },
    finish() {
      const all = power.subarray(0, count * bins)
      power = new Float32Array(0)
      return {
        stride,
        count,
        bins,
        power: all,
        rms: rms.subarray(0, count),
        zeroCrossingRate: zeroCrossingRate.subarray(0, count),
      }
    },
  }
}
