/** Time-domain facts: waveform extremes, peak per visual frame, silence at both ends and within. */
import { growingU8 } from './grow.ts'
import { type Kernels, RUN } from './kernels.ts'

/** Samples per waveform pair: 10 ms at 44.1 kHz. */
export const WAVEFORM_HOP = 441
/** Samples per visual frame: 1/60 s at 44.1 kHz. */
export const FRAME_HOP = 735
/** Quieter than this is silence (−60 dBFS, linear). */
const SILENCE_PEAK = 1e-3
/** Pairs of the waveform: a second of quiet within the music is told as a gap. */
const GAP_PAIRS = 100
const GAPS_MAX = 256
/** In one block. */
const RUNS_MAX = 64

export type Levels = {
  /** min, max pairs, ×127, one per `WAVEFORM_HOP` samples. */
  waveform: Int8Array
  /** Largest magnitude ×255 per `FRAME_HOP` samples. */
  framePeaks: Uint8Array
  /** Samples before the first and after the last sound. A silent track: all of it at the start, 0 at the end. */
  silenceStart: number
  silenceEnd: number
  /** (from, to) pairs, samples: quiet for a second or more between two sounds. */
  gaps: number[]
}

/** Takes multiples of 147 samples in the memory of the kernels; only the last block may be another length. */
export type LevelMeter = { push(mono: Float32Array): void; finish(): Levels }

/** Rounds away from zero, so that a drawn waveform never hides a peak. */
const toInt8 = (value: number) =>
  Math.max(-127, Math.min(127, value < 0 ? Math.floor(value * 127) : Math.ceil(value * 127)))

/** Least and greatest of the samples from `from` on. */
const extremesOf = (mono: Float32Array, from: number, emit: (low: number, high: number) => void) => {
  let low = mono[from]!
  let high = low
  for (let i = from; i < mono.length; i++) {
    const value = mono[i]!
    if (value < low) low = value
    if (value > high) high = value
  }
  emit(low, high)
}

/** Both hops are whole numbers of runs. Collects the extremes of `runs` of them, then hands them to `emit`. */
const extremes = (runs: number, emit: (low: number, high: number) => void) => {
  let low = 0
  let high = 0
  let count = 0
  const flush = () => {
    if (count > 0) emit(low, high)
    count = 0
  }
  const push = (runLow: number, runHigh: number) => {
    low = count === 0 ? runLow : Math.min(low, runLow)
    high = count === 0 ? runHigh : Math.max(high, runHigh)
    if (++count === runs) flush()
  }
  return { push, flush }
}

/** Notes the first and last loud pair, and long quiet between loud ones. */
const silenceFinder = () => {
  const gaps: number[] = []
  let first = -1
  let last = -1
  let count = 0
  return {
    push(low: number, high: number) {
      const at = count++
      if (Math.max(-low, high) < SILENCE_PEAK) return
      if (first < 0) first = at
      else if (at - last > GAP_PAIRS && gaps.length < 2 * GAPS_MAX) gaps.push(last + 1, at)
      last = at
    },
    finish: (samples: number) => ({
      silenceStart: first < 0 ? samples : Math.min(samples, first * WAVEFORM_HOP),
      silenceEnd: first < 0 ? 0 : Math.max(0, samples - (last + 1) * WAVEFORM_HOP),
      gaps: gaps.map((pair) => pair * WAVEFORM_HOP),
    }),
  }
}

export const levelMeter = (kernels: Kernels, durationHintSec: number): LevelMeter => {
  const pairs = growingU8(durationHintSec * 200)
  const peaks = growingU8(durationHintSec * 60)
  const silence = silenceFinder()
  const wave = extremes(WAVEFORM_HOP / RUN, (low, high) => {
    pairs.push(toInt8(low))
    pairs.push(toInt8(high))
    silence.push(low, high)
  })
  const frame = extremes(FRAME_HOP / RUN, (low, high) => {
    peaks.push(Math.min(255, Math.round(255 * Math.max(-low, high))))
  })
  let samples = 0
  const found = kernels.floats(2 * RUNS_MAX)
  const take = (low: number, high: number) => {
    wave.push(low, high)
    frame.push(low, high)
  }
  const push = (mono: Float32Array) => {
    const runs = Math.floor(mono.length / RUN)
    if (runs > 0) kernels.extremes(mono, found, runs)
    for (let run = 0; run < runs; run++) take(found[2 * run]!, found[2 * run + 1]!)
    if (runs * RUN < mono.length) extremesOf(mono, runs * RUN, take)
    samples += mono.length
  }
  const finish = (): Levels => {
    wave.flush()
    frame.flush()
    const bytes = pairs.view()
    return {
      waveform: new Int8Array(bytes.slice().buffer),
      framePeaks: peaks.view(),
      ...silence.finish(samples),
    }
  }
  return { push, finish }
}

/**
 * Fewer pairs for drawing: `points` (min, max) pairs over the whole track, from the fine ones of `TrackAnalysis.waveform`.
 * Asks for more than there are: all there are.
 */
export const resampleWaveform = (waveform: Int8Array, points: number): Int8Array => {
  const count = waveform.length / 2
  if (points >= count) return waveform
  const out = new Int8Array(2 * points)
  for (let p = 0; p < points; p++) {
    let low = 127
    let high = -127
    const to = Math.max(Math.floor((p * count) / points) + 1, Math.floor(((p + 1) * count) / points))
    for (let i = Math.floor((p * count) / points); i < to; i++) {
      low = Math.min(low, waveform[2 * i]!)
      high = Math.max(high, waveform[2 * i + 1]!)
    }
    out[2 * p] = low
    out[2 * p + 1] = high
  }
  return out
}
