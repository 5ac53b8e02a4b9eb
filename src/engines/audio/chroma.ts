/**
 * Pitch-class content from spectral peaks (after Gómez 2006): peaks between 55 Hz and 2.1 kHz, frequency by parabola,
 * magnitude flattened by the local spectral level, each peak also voting for the fundamentals it may be a harmonic of.
 */
import type { FftKit } from './fft.ts'
import { decimator, DECIMATION } from './decimate.ts'
import { type GrowingF32, growingF32 } from './grow.ts'
import { type BandRows, bandRows } from './harmony/rows.ts'
import { type Stft, stft } from './stft.ts'

/** Fine pitch classes: 10 cents each, bin 0 = C. */
export const FINE_BINS = 120
const FINE_PER_SEMITONE = FINE_BINS / 12
export const CHROMA_FFT = 4096
/** At the decimated rate: 25 frames a second. */
export const CHROMA_HOP = 441
export const CHROMA_PER_SEC = 25
const LOW_HZ = 55
const HIGH_HZ = 2100
const C0_HZ = 440 * 2 ** -4.75
const HARMONICS = 5
const HARMONIC_DECAY = 0.6
/** Peaks this far below the frame's largest do not count (−50 dB, power). */
const PEAK_FLOOR = 1e-5
/** Power of a frame below which nothing is heard (about −75 dBFS). */
const SILENCE_POWER = 1e-2
/** Whitening compares a peak with the mean of this many bins either side. */
const WHITEN_REACH = 40
const WHITEN_EXPONENT = 0.35

export type Chroma = {
  /** Sums over the track of fine pitch classes; not normalised. */
  fine: Float64Array
  /** 12 values for each 1/25 s, largest 1 (all 0 in silence), by the tuning heard so far. */
  frames: Float32Array
  /** What keys and chords are found by: see `harmony/rows.ts`. */
  rows: Uint8Array
}

export type ChromaMeter = {
  /** Full-rate mono; lengths must be multiples of four. */
  push(mono: Float32Array): void
  readonly frames: GrowingF32
  finish(): Chroma
}

const circle = Float64Array.from({ length: FINE_BINS }, (_, i) => Math.cos((2 * Math.PI * i) / FINE_PER_SEMITONE))
const circleSin = Float64Array.from({ length: FINE_BINS }, (_, i) => Math.sin((2 * Math.PI * i) / FINE_PER_SEMITONE))

/** Circular mean of the deviation from equal temperament, in semitones −0.5..0.5. */
export const tuningOf = (fine: Float64Array): number => {
  let x = 0
  let y = 0
  for (let i = 0; i < FINE_BINS; i++) {
    x += fine[i]! * circle[i]!
    y += fine[i]! * circleSin[i]!
  }
  return x === 0 && y === 0 ? 0 : Math.atan2(y, x) / (2 * Math.PI)
}

/** How much the music agrees on one tuning, 0..1: the length of that mean. Noise and silence give about 0. */
export const tuningConfidenceOf = (fine: Float64Array): number => {
  let x = 0
  let y = 0
  let sum = 0
  for (let i = 0; i < FINE_BINS; i++) {
    x += fine[i]! * circle[i]!
    y += fine[i]! * circleSin[i]!
    sum += fine[i]!
  }
  return sum > 0 ? Math.hypot(x, y) / sum : 0
}

/** Twelve classes from the fine ones, each a raised cosine around the tuned pitch. Not normalised. */
export const foldChroma = (fine: ArrayLike<number>, tuning: number): Float32Array => {
  const out = new Float32Array(12)
  for (let i = 0; i < FINE_BINS; i++) {
    const pitch = i / FINE_PER_SEMITONE - tuning
    const nearest = Math.round(pitch)
    out[((nearest % 12) + 12) % 12]! += fine[i]! * Math.cos((Math.PI / 2) * 2 * (pitch - nearest)) ** 2
  }
  return out
}

/** Running means of `power` over ±WHITEN_REACH bins, by prefix sums. */
const localLevel = (power: Float32Array, prefix: Float64Array, from: number, to: number) => {
  let sum = 0
  for (let k = from; k < to; k++) {
    prefix[k] = sum
    sum += power[k]!
  }
  prefix[to] = sum
}

const octavesDown = Float64Array.from({ length: HARMONICS }, (_, h) => Math.log2((h + 1) * C0_HZ))

const addPeak = (fine: Float64Array, hz: number, weight: number) => {
  let share = weight
  const octaves = Math.log2(hz)
  for (let h = 0; h < HARMONICS; h++) {
    const pitch = octaves - octavesDown[h]!
    const bin = Math.round((pitch - Math.floor(pitch)) * FINE_BINS) % FINE_BINS
    fine[bin]! += share
    share *= HARMONIC_DECAY
  }
}

/** Adds the peaks of one power spectrum to `fine`. */
const peakPicker = (sampleRate: number) => {
  const binHz = sampleRate / CHROMA_FFT
  const first = Math.ceil(LOW_HZ / binHz)
  const last = Math.floor(HIGH_HZ / binHz)
  const lowest = Math.max(0, first - WHITEN_REACH)
  const highest = last + WHITEN_REACH
  const prefix = new Float64Array(CHROMA_FFT / 2 + 2)
  return (power: Float32Array, fine: Float64Array, rows: BandRows) => {
    let top = 0
    for (let k = first; k <= last; k++) if (power[k]! > top) top = power[k]!
    if (top < SILENCE_POWER) return
    localLevel(power, prefix, lowest, highest)
    for (let k = first; k <= last; k++) {
      const middle = power[k]!
      if (middle < top * PEAK_FLOOR || middle <= power[k - 1]! || middle < power[k + 1]!) continue
      const from = Math.max(lowest, k - WHITEN_REACH)
      const level = (prefix[k + WHITEN_REACH]! - prefix[from]!) / (k + WHITEN_REACH - from)
      if (middle < level) continue
      const left = Math.log(power[k - 1]! + 1e-20)
      const right = Math.log(power[k + 1]! + 1e-20)
      const centre = Math.log(middle)
      const offset = (0.5 * (left - right)) / (left - 2 * centre + right)
      const hz = (k + offset) * binHz
      const weight = (middle / level) ** WHITEN_EXPONENT * (middle / top) ** 0.15
      addPeak(fine, hz, weight)
      rows.peak(hz, weight)
    }
    rows.level(top)
  }
}

/** Of audio at the decimated rate. */
export const decimatedChromaMeter = (kit: FftKit, decimatedRate: number, durationHintSec: number): ChromaMeter => {
  const pick = peakPicker(decimatedRate)
  const fine = new Float64Array(FINE_BINS)
  const now = new Float64Array(FINE_BINS)
  const frames = growingF32(durationHintSec * CHROMA_PER_SEC * 12)
  const rows = bandRows(durationHintSec)
  const onFrame = (power: Float32Array) => {
    now.fill(0)
    pick(power, now, rows)
    let largest = 0
    for (let i = 0; i < FINE_BINS; i++) fine[i]! += now[i]!
    const tuning = tuningOf(fine)
    rows.endFrame(tuning)
    const folded = foldChroma(now, tuning)
    for (const value of folded) largest = Math.max(largest, value)
    if (largest > 0) for (let i = 0; i < 12; i++) folded[i]! /= largest
    frames.append(folded, 12)
  }
  const spectra: Stft = stft(kit, CHROMA_FFT, CHROMA_HOP, onFrame)
  return {
    push: (decimated) => spectra.push(decimated),
    frames,
    finish() {
      spectra.finish()
      return { fine, frames: frames.view(), rows: rows.finish() }
    },
  }
}

export const chromaMeter = (
  kit: FftKit,
  sampleRate: number,
  blockSize: number,
  durationHintSec: number,
): ChromaMeter => {
  const decimate = decimator(blockSize, kit.kernels())
  const meter = decimatedChromaMeter(kit, sampleRate / DECIMATION, durationHintSec)
  return { ...meter, push: (mono) => meter.push(decimate(mono)) }
}
