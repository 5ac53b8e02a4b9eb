/**
 * The spectral part of the visual frames, written while the audio streams by: of 100 spectra a second each of the 60
 * moments shows the nearest (at most 5 ms off, within a window of 46 ms). Scaled once the whole track is known.
 */
import { displayBank, runsBank } from './filterbank.ts'
import { FRAME_AT, FRAME_BANDS, FRAME_HEADER_BYTES, FRAME_STRIDE_BYTES, FRAMES_PER_SEC } from './frames.ts'
import { growingU8 } from './grow.ts'
import type { Kernels } from './kernels.ts'

const LOW_HZ = 40
const HIGH_HZ = 16_000
/** Music falls with frequency; lifting the display keeps the upper bands alive. */
const TILT_DB_PER_OCTAVE = 3
const TILT_CENTRE_HZ = 1000
/** What a byte covers while streaming, in dBFS. */
const FLOOR_DB = -100
const RANGE_DB = 120
/** What the finished bands cover. */
export const DISPLAY_RANGE_DB = 60
export const DISPLAY_STEP_DB = DISPLAY_RANGE_DB / 255
/** Share of the band values that the reference may clip. */
const CLIPPED_SHARE = 0.002
/** A track quieter than this is not blown up to full scale. */
const REFERENCE_FLOOR_DB = -40
const CENTROID_LOW_HZ = 50
const CENTROID_STEPS_PER_OCTAVE = 32

export type VisualMeter = {
  /** The power spectrum of the next 10 ms hop, in the memory of the kernels. */
  push(power: Float32Array): void
  /** Room for a header, and all frames so far: bands, loudness and centroid filled in. */
  finish(): { file: Uint8Array; referenceDb: number }
}

const decibels = (power: number) => 10 * Math.log10(power + 1e-12)
const clampByte = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : Math.round(value))

/** Fills bands (as streaming bytes), loudness and centroid (as final bytes) of one frame. */
const rowMaker = (kernels: Kernels, sampleRate: number, fftSize: number) => {
  const bank = displayBank(sampleRate, fftSize, FRAME_BANDS, LOW_HZ, HIGH_HZ)
  const applyBank = kernels.bank(bank)
  const bands = kernels.floats(FRAME_BANDS)
  /** Power of all bins but the first, and the same times the bin. */
  const bins = Float32Array.from({ length: fftSize / 2 }, (_, k) => k + 1)
  const sumBins = kernels.bank(runsBank([bins.map(() => 1), bins].map((weights) => ({ from: 1, weights }))))
  const sums = kernels.floats(2)
  const tilt = bank.centreHz.map((hz) => TILT_DB_PER_OCTAVE * Math.log2(hz / TILT_CENTRE_HZ))
  const fullScale = (fftSize / 4) ** 2
  // Parseval for a Hann window: mean square = Σ power · 2 / (size · Σ window²), Σ window² = 3/8 size.
  const meanSquareScale = 2 / (fftSize * fftSize * 0.375)
  const binHz = sampleRate / fftSize
  return (power: Float32Array, row: Uint8Array) => {
    applyBank(power, bands)
    for (let b = 0; b < FRAME_BANDS; b++)
      row[b] = clampByte(((decibels(bands[b]! / fullScale) + tilt[b]! - FLOOR_DB) * 255) / RANGE_DB)
    sumBins(power, sums)
    const [sum, weighted] = [sums[0]!, sums[1]!]
    row[FRAME_AT.loudness] = clampByte(255 + decibels(sum * meanSquareScale) / DISPLAY_STEP_DB)
    const centroidHz = sum > 1e-9 ? (weighted / sum) * binHz : CENTROID_LOW_HZ
    row[FRAME_AT.centroid] = clampByte(CENTROID_STEPS_PER_OCTAVE * Math.log2(centroidHz / CENTROID_LOW_HZ))
  }
}

/** The streaming byte that only `CLIPPED_SHARE` of the band values exceed. */
const referenceByte = (body: Uint8Array) => {
  const histogram = new Float64Array(256)
  for (let at = 0; at < body.length; at += FRAME_STRIDE_BYTES)
    for (let b = 0; b < FRAME_BANDS; b++) histogram[body[at + b]!]!++
  let left = (body.length / FRAME_STRIDE_BYTES) * FRAME_BANDS * CLIPPED_SHARE
  let byte = 255
  for (; byte > 0 && left >= histogram[byte]!; byte--) left -= histogram[byte]!
  return byte
}

/** Stretches the bands in place so that the track's own top is 255. */
const stretch = (body: Uint8Array) => {
  const referenceDb = Math.max(REFERENCE_FLOOR_DB, FLOOR_DB + (referenceByte(body) * RANGE_DB) / 255)
  const lookup = Uint8Array.from({ length: 256 }, (_, byte) => {
    const db = FLOOR_DB + (byte * RANGE_DB) / 255
    return clampByte(255 + (db - referenceDb) / DISPLAY_STEP_DB)
  })
  for (let at = 0; at < body.length; at += FRAME_STRIDE_BYTES)
    for (let b = 0; b < FRAME_BANDS; b++) body[at + b] = lookup[body[at + b]!]!
  return referenceDb
}

export const visualMeter = (
  kernels: Kernels,
  sampleRate: number,
  fftSize: number,
  hopsPerSec: number,
  durationHintSec: number,
): VisualMeter => {
  const makeRow = rowMaker(kernels, sampleRate, fftSize)
  const out = growingU8(FRAME_HEADER_BYTES + (1 + durationHintSec * FRAMES_PER_SEC) * FRAME_STRIDE_BYTES)
  out.append(new Uint8Array(FRAME_HEADER_BYTES))
  const frame = new Uint8Array(FRAME_STRIDE_BYTES)
  let hop = 0
  let next = 0
  const push = (power: Float32Array) => {
    if (Math.round((next * hopsPerSec) / FRAMES_PER_SEC) === hop) {
      makeRow(power, frame)
      out.append(frame)
      next++
    }
    hop++
  }
  return {
    push,
    finish() {
      const file = out.view()
      return { file, referenceDb: stretch(file.subarray(FRAME_HEADER_BYTES)) }
    },
  }
}
