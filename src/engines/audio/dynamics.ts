/**
 * Dynamic range and the health of the samples, from sums of blocks.
 *
 * DR is what the TT DR meter shows (Pleasurize Music Foundation, "DR14"), not rounded: in every channel, blocks of 3 s;
 * the root mean square (√2 times, so that a full-scale sine reads 0 dB) over the loudest fifth of the blocks, below the
 * second largest block peak; the mean of the channels. A track shorter than two blocks has one peak only: that one.
 */
import { growingF32 } from './grow.ts'
import type { Scan } from './scan.ts'
import type { SignalFaults } from './types.ts'

export type ChannelSums = { drDb: number; crestDb: number }

export type DynamicsMeter = {
  /** 100 ms of each channel (the last may be shorter), what was seen of them, and the sum of left times right. */
  push(planes: readonly Float32Array[], scans: readonly Scan[], products: number): void
  finish(): ChannelSums & Omit<SignalFaults, 'brokenShare'>
}

/** Blocks of 100 ms in one of the DR meter's. */
const PER_DR_BLOCK = 30
const LOUD_SHARE = 0.2
/** Samples from here on are at full scale; so many in a row are clipped (one alone may be a peak that just fits). */
const FULL_SCALE = 0.9999
const CLIPPED_RUN = 3

const powerDb = (ratio: number) => (ratio > 0 && Number.isFinite(ratio) ? 10 * Math.log10(ratio) : 0)

/** Sums over one channel; `meanSquares` and `peaks` have one value for each block of 3 s. */
const channelMeter = () => {
  const meanSquares = growingF32(64)
  const peaks = growingF32(64)
  let [squares, peak, samples, blocks] = [0, 0, 0, 0]
  let [allSquares, allSamples, sum, run, clipped, allPeak] = [0, 0, 0, 0, 0, 0]
  const close = () => {
    if (samples === 0) return
    meanSquares.push((2 * squares) / samples)
    peaks.push(peak)
    ;[squares, peak, samples, blocks] = [0, 0, 0, 0]
  }
  const clip = (x: Float32Array) => {
    for (const value of x) {
      if (value >= FULL_SCALE || value <= -FULL_SCALE) run++
      else run = 0
      if (run === CLIPPED_RUN) clipped += CLIPPED_RUN
      else if (run > CLIPPED_RUN) clipped++
    }
  }
  const push = (x: Float32Array, scan: Scan) => {
    if (scan.peak >= FULL_SCALE) clip(x)
    else run = 0
    squares += scan.squares
    allSquares += scan.squares
    sum += scan.sum
    samples += x.length
    allSamples += x.length
    peak = Math.max(peak, scan.peak)
    allPeak = Math.max(allPeak, scan.peak)
    if (++blocks === PER_DR_BLOCK) close()
  }
  const drDb = () => {
    close()
    const loudest = meanSquares.view().toSorted().toReversed()
    const count = Math.max(1, Math.round(loudest.length * LOUD_SHARE))
    const loud = loudest.subarray(0, count).reduce((total, value) => total + value, 0) / count
    const highest = peaks.view().toSorted().toReversed()
    const second = highest[Math.min(1, highest.length - 1)] ?? 0
    return Math.max(0, powerDb(second ** 2 / loud))
  }
  return { push, drDb, sums: () => ({ squares: allSquares, samples: allSamples, sum, clipped, peak: allPeak }) }
}

export const dynamicsMeter = (channels: number): DynamicsMeter => {
  const meters = Array.from({ length: channels }, channelMeter)
  let allProducts = 0
  return {
    push(planes, scans, products) {
      planes.forEach((plane, i) => meters[i]!.push(plane, scans[i]!))
      allProducts += products
    },
    finish() {
      const drs = meters.map((meter) => meter.drDb())
      const sums = meters.map((meter) => meter.sums())
      const total = (of: (sum: (typeof sums)[number]) => number) => sums.reduce((all, one) => all + of(one), 0)
      const samples = Math.max(
        1,
        total((one) => one.samples),
      )
      const [left, right] = sums
      const peak = Math.max(...sums.map((one) => one.peak))
      const both = Math.sqrt(left!.squares * (right ?? left!).squares)
      return {
        drDb: drs.reduce((a, b) => a + b, 0) / drs.length,
        crestDb: Math.max(0, powerDb(peak ** 2 / (total((one) => one.squares) / samples))),
        clippedShare: total((one) => one.clipped) / samples,
        dcOffset: total((one) => one.sum) / samples,
        stereoCorrelation: right ? (both > 0 ? Math.max(-1, Math.min(1, allProducts / both)) : 0) : 1,
      }
    },
  }
}
