/**
 * True peak by BS.1770-5 annex 2: four times oversampling with a polyphase windowed sinc. Stretches that provably
 * cannot raise the peak (their largest sample times the filter's L1 norm stays below it) are skipped, so quiet
 * passages cost one comparison a sample.
 */

export type PeakMeter = {
  /** The next samples of each channel; a multiple of `STRETCH`, only the last may be shorter. */
  push(planes: readonly Float32Array[]): void
  /** Linear: the largest sample, and the largest value between samples (≥ the former). */
  finish(): { samplePeak: number; truePeak: number }
}

const TAPS = 16
const HALF = TAPS / 2
const PHASES = 4
/** Sample frames judged at once. */
const STRETCH = 32

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

const magnitude = (x: Float32Array, from: number, to: number) => {
  let low = 0
  let high = 0
  for (let i = from; i < to; i++) {
    const value = x[i]!
    if (value > high) high = value
    else if (value < low) low = value
  }
  return Math.max(high, -low)
}

/** One channel: TAPS old samples, then the new ones. Judges gaps between samples HALF behind the newest. */
const channelMeter = () => {
  let window = new Float32Array(TAPS)
  let samplePeak = 0
  let truePeak = 0
  const push = (plane: Float32Array) => {
    if (window.length < TAPS + plane.length) {
      const larger = new Float32Array(TAPS + plane.length)
      larger.set(window.subarray(0, TAPS))
      window = larger
    }
    window.set(plane, TAPS)
    let before = magnitude(window, 0, TAPS)
    for (let at = 0; at < plane.length; at += STRETCH) {
      const end = Math.min(plane.length, at + STRETCH)
      const newest = magnitude(window, TAPS + at, TAPS + end)
      if (newest > samplePeak) samplePeak = newest
      if (newest > truePeak) truePeak = newest
      if (Math.max(newest, before) * L1 > truePeak)
        truePeak = Math.max(truePeak, interpolatedPeak(window, HALF - 1 + at, HALF - 1 + end))
      before = newest
    }
    window.copyWithin(0, plane.length, plane.length + TAPS)
  }
  const finish = () => {
    push(new Float32Array(STRETCH))
    return { samplePeak, truePeak }
  }
  return { push, finish }
}

export const peakMeter = (channels: 1 | 2): PeakMeter => {
  const meters = Array.from({ length: channels }, channelMeter)
  return {
    push(planes) {
      planes.forEach((plane, channel) => meters[channel]!.push(plane))
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
