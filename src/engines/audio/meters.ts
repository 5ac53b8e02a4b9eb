/** All streaming meters of one analysis, wired: a block of samples goes in, features accumulate. */
import { type ChromaMeter, chromaMeter } from './chroma.ts'
import { type DynamicsMeter, dynamicsMeter } from './dynamics.ts'
import type { FftKit } from './fft.ts'
import { runsBank } from './filterbank.ts'
import { type FluxMeter, fluxMeter, REGION_EDGES_HZ, REGIONS } from './flux.ts'
import { type GrowingF32, growingF32 } from './grow.ts'
import type { Kernels } from './kernels.ts'
import { type FrameKeeper, frameKeeper, KEPT_HOP } from './kept.ts'
import { type LevelMeter, levelMeter } from './levels.ts'
import { type LoudnessMeter, loudnessMeter } from './loudness.ts'
import { type OnFrame, type Stft, stft } from './stft.ts'
import { TIMBRE_ROWS_PER_SEC, TIMBRE_WIDTH } from './structure/index.ts'
import { type TimbreMeter, timbreMeter } from './timbre.ts'
import { type PeakMeter, peakMeter } from './truepeak.ts'
import { type VisualMeter, visualMeter } from './visual.ts'

export const SPECTRUM_SIZE = 2048
/** 10 ms at 44.1 kHz. */
export const SPECTRUM_HOP = 441
/** Timbre and the kept frames read every second spectrum. */
const TIMBRE_EVERY = KEPT_HOP / SPECTRUM_HOP

export type Meters = {
  kernels: Kernels
  loudness: LoudnessMeter
  peak: PeakMeter
  dynamics: DynamicsMeter
  kept: FrameKeeper
  level: LevelMeter
  flux: FluxMeter
  timbre: TimbreMeter
  visual: VisualMeter
  chroma: ChromaMeter
  spectra: Stft
  /** Power in the six regions, summed over the track. */
  regionPower: Float64Array
  /** Means of MFCC, `TIMBRE_WIDTH` values, `TIMBRE_ROWS_PER_SEC` a second. */
  timbreRows: GrowingF32
}

/** A filter for each region: all its bins alike. Bin 0 is in none. */
const regionBank = (sampleRate: number) => {
  const bins = SPECTRUM_SIZE / 2 + 1
  const edges = [0, ...REGION_EDGES_HZ].map((hz) =>
    Math.max(1, Math.min(bins, Math.ceil((hz * SPECTRUM_SIZE) / sampleRate))),
  )
  return runsBank(
    REGION_EDGES_HZ.map((_, r) => ({ from: edges[r]!, weights: new Float32Array(edges[r + 1]! - edges[r]!).fill(1) })),
  )
}

/** Averages of MFCC over 1/TIMBRE_ROWS_PER_SEC seconds. */
const timbreAverager = (rows: GrowingF32, timbrePerSec: number) => {
  const sum = new Float32Array(TIMBRE_WIDTH)
  const per = Math.round(timbrePerSec / TIMBRE_ROWS_PER_SEC)
  let count = 0
  return (mfcc: Float32Array) => {
    for (let i = 0; i < TIMBRE_WIDTH; i++) sum[i]! += mfcc[i]! / per
    if (++count < per) return
    rows.append(sum, TIMBRE_WIDTH)
    sum.fill(0)
    count = 0
  }
}

export const createMeters = (
  kit: FftKit,
  kernels: Kernels,
  sampleRate: number,
  channels: 1 | 2,
  blockSize: number,
  durationHintSec: number,
): Meters => {
  const perSec = sampleRate / SPECTRUM_HOP
  const flux = fluxMeter(kernels, sampleRate, SPECTRUM_SIZE, durationHintSec * perSec)
  const timbre = timbreMeter(kernels, sampleRate, SPECTRUM_SIZE)
  const kept = frameKeeper(SPECTRUM_SIZE)
  const visual = visualMeter(kernels, sampleRate, SPECTRUM_SIZE, perSec, durationHintSec)
  const regionPower = new Float64Array(REGIONS)
  const sumRegions = kernels.bank(regionBank(sampleRate))
  const regionNow = kernels.floats(REGIONS)
  const timbreRows = growingF32(durationHintSec * TIMBRE_ROWS_PER_SEC * TIMBRE_WIDTH)
  const average = timbreAverager(timbreRows, perSec / TIMBRE_EVERY)
  let frame = 0
  const onFrame: OnFrame = (power, heard, from, to, magnitude) => {
    flux.push(magnitude)
    visual.push(power)
    if (frame++ % TIMBRE_EVERY !== 0) return
    timbre.push(power)
    kept.push(power, heard, from, to)
    sumRegions(power, regionNow)
    for (let r = 0; r < REGIONS; r++) regionPower[r]! += regionNow[r]!
    average(timbre.mfcc)
  }
  const spectra = stft(kit, SPECTRUM_SIZE, SPECTRUM_HOP, onFrame, kernels)
  return {
    kernels,
    loudness: loudnessMeter(sampleRate, channels, durationHintSec, kernels),
    peak: peakMeter(channels),
    dynamics: dynamicsMeter(channels),
    kept,
    level: levelMeter(kernels, durationHintSec),
    chroma: chromaMeter(kit, sampleRate, blockSize, durationHintSec),
    flux,
    timbre,
    visual,
    spectra,
    regionPower,
    timbreRows,
  }
}
