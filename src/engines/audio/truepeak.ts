/**
 * True peak by BS.1770-5 annex 2: four times oversampling with a polyphase windowed sinc. Stretches that provably
 * cannot raise the peak are skipped. Two proofs: their largest sample times the filter's L1 norm stays below it; or the
 * largest sample, plus what the filter can add to a straight line between neighbours, does. A filter that keeps straight
 * lines adds only second differences, and music bends little from sample to sample: so loud passages are skipped too.
 */
import { plainKernels, STRETCH } from './kernels.ts'
import { type Scan, scanOf } from './scan.ts'

export type PeakMeter = {
  /** The next samples of each channel; a multiple of `STRETCH`, only the last may be shorter. `scans`: of the planes. */
  push(planes: readonly Float32Array[], scans?: readonly Scan[]): void
  /** Linear: the largest sample, and the largest value between samples (≥ the former). */
  finish(): { samplePeak: number; truePeak: number }
}

const TAPS = 16
const HALF = TAPS / 2
const PHASES = 4

/** Phases 1/4 and 1/2 (3/4 is the mirror of 1/4; phase 0 is the sample itself): Hann-windowed sinc. */
const phase = (fraction: number): Float64Array => {
  const taps = Float64Array.from({ length: TAPS }, (_, i) => {
    const x = i - HALF + 1 - fraction
    return (Math.sin(Math.PI * x) / (Math.PI * x)) * Math.cos((Math.PI * x) / (2 * HALF + 1)) ** 2
  })
  const sum = taps.reduce((a, b) => a + b)
  return taps.map((tap) => tap / sum)
}

const quarter = phase(1 / PHASES)
const half = phase(2 / PHASES)
const L1 = Math.max(...[quarter, half].map((taps) => taps.reduce((sum, tap) => sum + Math.abs(tap), 0)))

/** |interpolated| ≤ LINE · largest sample + BEND · largest second difference. */
const { LINE, BEND } = (() => {
  const parts = [quarter, half].map((taps, i) => {
    // What is left of the filter without the straight line between the two samples around the point …
    const rest = taps.slice()
    const share = (i + 1) / PHASES
    rest[HALF - 1]! -= 1 - share
    rest[HALF]! -= share
    // … and without the little by which it leans, summed twice: what it makes of second differences.
    const lean = rest.reduce((sum, tap, k) => sum + tap * (k - HALF + 1), 0)
    rest[HALF - 1]! += lean
    rest[HALF]! -= lean
    let once = 0
    let twice = 0
    const bend = rest.reduce((sum, tap) => {
      once += tap
      twice += once
      return sum + Math.abs(twice)
    }, 0)
    return { line: 1 + 2 * Math.abs(lean), bend }
  })
  return { LINE: Math.max(...parts.map((p) => p.line)), BEND: Math.max(...parts.map((p) => p.bend)) }
})()

const largestBend = (x: Float32Array, from: number, to: number) => {
  let top = 0
  for (let i = from + 1; i < to - 1; i++) top = Math.max(top, Math.abs(x[i - 1]! - 2 * x[i]! + x[i + 1]!))
  return top
}

/** The largest interpolated magnitude after samples `from`..`to − 1` of `x` (which has HALF samples either side). */
const interpolatedPeak = (x: Float32Array, from: number, to: number) => {
  let peak = 0
  for (let n = from; n < to; n++) {
    let first = 0
    let middle = 0
    let last = 0
    for (let k = 0; k < TAPS; k++) {
      const value = x[n - HALF + 1 + k]!
      first += value * quarter[k]!
      middle += value * half[k]!
      last += value * quarter[TAPS - 1 - k]!
    }
    peak = Math.max(peak, Math.abs(first), Math.abs(middle), Math.abs(last))
  }
  return peak
}

/** One channel: TAPS old samples, then the new ones. Judges gaps between samples HALF behind the newest. */
const channelMeter = () => {
  let window = new Float32Array(TAPS)
  let samplePeak = 0
  let truePeak = 0
  let before = 0
  const push = (plane: Float32Array, scan: Scan) => {
    if (window.length < TAPS + plane.length) {
      const larger = new Float32Array(TAPS + plane.length)
      larger.set(window.subarray(0, TAPS))
      window = larger
    }
    window.set(plane, TAPS)
    samplePeak = Math.max(samplePeak, scan.peak)
    truePeak = Math.max(truePeak, scan.peak)
    for (let at = 0, s = 0; at < plane.length; at += STRETCH, s++) {
      const newest = scan.peaks[s]!
      const top = Math.max(newest, before)
      before = newest
      if (top * L1 <= truePeak) continue
      const end = Math.min(plane.length, at + STRETCH)
      if (top * LINE + BEND * largestBend(window, at, TAPS + end) <= truePeak) continue
      truePeak = Math.max(truePeak, interpolatedPeak(window, HALF - 1 + at, HALF - 1 + end))
    }
    window.copyWithin(0, plane.length, plane.length + TAPS)
  }
  const finish = () => {
    push(new Float32Array(STRETCH), scanOf(plainKernels(), new Float32Array(STRETCH)))
    return { samplePeak, truePeak }
  }
  return { push, finish }
}

export const peakMeter = (channels: 1 | 2): PeakMeter => {
  const meters = Array.from({ length: channels }, channelMeter)
  return {
    push(planes, scans = planes.map((plane) => scanOf(plainKernels(), plane))) {
      planes.forEach((plane, channel) => meters[channel]!.push(plane, scans[channel]!))
    },
    finish() {
      const ends = meters.map((meter) => meter.finish())
      return {
        samplePeak: Math.max(...ends.map((end) => end.samplePeak)),
        truePeak: Math.max(...ends.map((end) => end.truePeak)),
      }
    },
  }
}
