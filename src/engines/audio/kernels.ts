/**
 * The inner loops of the analysis, over memory of their own: in SIMD WebAssembly (`simd.ts`) where that is to be had, in
 * plain TypeScript everywhere else. Both agree to single precision. Every array that a kernel is given must come from
 * `floats` of the same set, and begin where it began there.
 */
import type { FilterBank } from './filterbank.ts'

/** Reads bins, writes one sum for each filter. */
export type BankKernel = (bins: Float32Array, out: Float32Array) => void

/** Second-order section, a0 = 1. */
export type Biquad = { b0: number; b1: number; b2: number; a1: number; a2: number }

/** Values `from`..`to − 1` of two channels through the filters, which remember: the sum of squares of what comes out. */
export type Weigher = (x: Float32Array, y: Float32Array, from: number, to: number) => number

export type Kernels = {
  /** Zeros; there are at least four more behind the end. */
  floats(count: number): Float32Array
  /** out[i] = a[at + i] · b[i], `out.length` values (a multiple of four). */
  multiply(a: Float32Array, at: number, b: Float32Array, out: Float32Array): void
  /** |X|² and |X| of [DC, Nyquist, re1, im1, re2, im2 …]; `packed.length / 2 + 1` values of each. */
  fold(packed: Float32Array, power: Float32Array, magnitude: Float32Array): void
  /** A filter bank, prepared. */
  bank(bank: FilterBank): BankKernel
  /** x = ln(1 + gain · x), in place. */
  logOnePlus(x: Float32Array, gain: number): void
  /** x = 10 · log10(max(floor, x)), in place. */
  decibels(x: Float32Array, floor: number): void
  /**
   * out[i] = how far now[i] lies above before[i − 1], before[i] and before[i + 1], 0 where it does not. No value is
   * negative; beyond the ends lie zeros.
   */
  rises(now: Float32Array, before: Float32Array, out: Float32Array): void
  /** Interleaved pairs into two planes and their mean; `count` pairs, rounded up to a multiple of four. */
  split(pairs: Float32Array, left: Float32Array, right: Float32Array, mono: Float32Array, count: number): void
  /**
   * Of every 32 values the largest magnitude, into `peaks`; sum and sum of squares of all, into `sums`.
   * `x.length` is a multiple of 32. A value that is no number shows in the peaks.
   */
  scan(x: Float32Array, peaks: Float32Array, sums: Float64Array): void
  /** Least and greatest of every 147 values, pairs, into `out`; `runs` of them. */
  extremes(x: Float32Array, out: Float32Array, runs: number): void
  /** Sum of products; the length is a multiple of 32. */
  dot(x: Float32Array, y: Float32Array): number
  /** out[i] = Σ taps[j] · x[4 i + j], `count` of them; the number of taps is a multiple of four. */
  decimate(x: Float32Array, taps: Float32Array, out: Float32Array, count: number): void
  /** `first`, then `second` (b 1, −2, 1), with memories of its own. */
  weigher(first: Biquad, second: Biquad): Weigher
}

/** Values in a stretch of `scan`, and in a run of `extremes`. */
export const STRETCH = 32
export const RUN = 147

/** Sums of `bins` under every filter. Four sums at once: one alone waits for each addition. */
const plainBank =
  ({ from, at, weights, bands }: FilterBank): BankKernel =>
  (bins, out) => {
    for (let band = 0; band < bands; band++) {
      const end = at[band + 1]!
      let w = at[band]!
      let bin = from[band]!
      let [a, b] = [0, 0]
      for (; w + 1 < end; w += 2, bin += 2) {
        a += bins[bin]! * weights[w]!
        b += bins[bin + 1]! * weights[w + 1]!
      }
      if (w < end) a += bins[bin]! * weights[w]!
      out[band] = a + b
    }
  }

const plainFold: Kernels['fold'] = (packed, power, magnitude) => {
  const half = packed.length / 2
  power[0] = packed[0]! ** 2
  power[half] = packed[1]! ** 2
  for (let k = 1, i = 2; k < half; k++, i += 2) power[k] = packed[i]! ** 2 + packed[i + 1]! ** 2
  for (let k = 0; k <= half; k++) magnitude[k] = Math.sqrt(power[k]!)
}

const plainScan: Kernels['scan'] = (x, peaks, sums) => {
  let [sum, squares] = [0, 0]
  for (let from = 0, s = 0; from < x.length; from += STRETCH, s++) {
    let top = 0
    for (let i = from; i < from + STRETCH; i++) {
      const value = x[i]!
      sum += value
      squares += value * value
      top = Math.max(top, Math.abs(value))
    }
    peaks[s] = top
  }
  sums[0] = sum
  sums[1] = squares
}

const plainExtremes: Kernels['extremes'] = (x, out, runs) => {
  for (let run = 0; run < runs; run++) {
    let low = Infinity
    let high = -Infinity
    for (let i = run * RUN; i < (run + 1) * RUN; i++) {
      const value = x[i]!
      if (value < low) low = value
      if (value > high) high = value
    }
    out[2 * run] = low
    out[2 * run + 1] = high
  }
}

/** −400 dBFS. */
const MEMORY_LEAST = 1e-20

/** After the music the memories of a filter fade into numbers so small that they take many times as long: they end. */
export const calm = (memories: Float64Array) => {
  for (let i = 0; i < memories.length; i++) if (Math.abs(memories[i]!) < MEMORY_LEAST) memories[i] = 0
}

/** One channel through both sections; its four memories are in `s` from `at`. */
const weighOne = (x: Float32Array, from: number, to: number, [f, g]: [Biquad, Biquad], s: Float64Array, at: number) => {
  let [s0, s1, s2, s3] = [s[at]!, s[at + 1]!, s[at + 2]!, s[at + 3]!]
  let sum = 0
  for (let i = from; i < to; i++) {
    const value = x[i]!
    const between = f.b0 * value + s0
    s0 = f.b1 * value - f.a1 * between + s1
    s1 = f.b2 * value - f.a2 * between
    const out = between + s2
    s2 = s3 - 2 * between - g.a1 * out
    s3 = between - g.a2 * out
    sum += out * out
  }
  s.set([s0, s1, s2, s3], at)
  return sum
}

const plainWeigher = (first: Biquad, second: Biquad): Weigher => {
  const memories = new Float64Array(8)
  return (x, y, from, to) => {
    const sum =
      weighOne(x, from, to, [first, second], memories, 0) + weighOne(y, from, to, [first, second], memories, 4)
    calm(memories)
    return sum
  }
}

export const plainKernels = (): Kernels => ({
  floats: (count) => new Float32Array(count + 4).subarray(0, count),
  multiply(a, at, b, out) {
    for (let i = 0; i < out.length; i++) out[i] = a[at + i]! * b[i]!
  },
  fold: plainFold,
  bank: plainBank,
  logOnePlus(x, gain) {
    for (let i = 0; i < x.length; i++) x[i] = Math.log(1 + gain * x[i]!)
  },
  decibels(x, floor) {
    for (let i = 0; i < x.length; i++) x[i] = 10 * Math.log10(Math.max(floor, x[i]!))
  },
  rises(now, before, out) {
    for (let i = 0; i < now.length; i++)
      out[i] = Math.max(0, now[i]! - Math.max(before[i - 1] ?? 0, before[i]!, before[i + 1] ?? 0))
  },
  split(pairs, left, right, mono, count) {
    for (let i = 0; i < count; i++) {
      left[i] = pairs[2 * i]!
      right[i] = pairs[2 * i + 1]!
      mono[i] = 0.5 * (left[i]! + right[i]!)
    }
  },
  scan: plainScan,
  extremes: plainExtremes,
  dot(x, y) {
    let [a, b] = [0, 0]
    for (let i = 0; i + 1 < x.length; i += 2) {
      a += x[i]! * y[i]!
      b += x[i + 1]! * y[i + 1]!
    }
    return a + b
  },
  decimate(x, taps, out, count) {
    for (let i = 0, from = 0; i < count; i++, from += 4) {
      let sum = 0
      for (let j = 0; j < taps.length; j++) sum += taps[j]! * x[from + j]!
      out[i] = sum
    }
  },
  weigher: plainWeigher,
})
