/** The analysis of one track: streaming in fixed blocks, then one pass over the features. */
import { CHROMA_PER_SEC, meanChroma, tuningOf } from './chroma.ts'
import { makeEvidence, RHYTHM_PER_SEC } from './evidence.ts'
import { type FftKit, plainFft } from './fft.ts'
import { encodeFrames, FRAME_STRIDE_BYTES } from './frames.ts'
import { estimateKey } from './key.ts'
import { FRAME_HOP, type Levels, WAVEFORM_HOP } from './levels.ts'
import { createMeters, type Meters } from './meters.ts'
import { paintMarks } from './paint.ts'
import { findRhythm } from './rhythm.ts'
import { findSections, SECTION_ROWS_PER_SEC, SECTION_WIDTH } from './sections.ts'
import { MFCC_COUNT } from './timbre.ts'
import { ENGINE_VERSION, type TrackAnalysis } from './types.ts'
import { DISPLAY_STEP_DB } from './visual.ts'

export type AnalyzerOptions = {
  sampleRate: 44_100
  channels: 1 | 2
  /** Expected length; a wrong guess costs only memory copies. */
  durationHintSec?: number
  /** From `await loadFft()`; without it the plain TypeScript FFT works, slower. */
  fft?: FftKit
}

export type Analyzer = {
  /** Interleaved samples, ±1 full scale, any number of whole sample frames. What is no number counts as 0. */
  push(interleaved: Float32Array): void
  /** The analysis; the analyser must not be used afterwards. */
  finish(): TrackAnalysis
}

/** Everything happens in blocks of 100 ms, so the result cannot depend on how the input was cut. */
const BLOCK = 4410
/** Far over full scale: protects the sums from broken decoders, and cannot occur in music. */
const SAMPLE_MAX = 64
const DURATION_HINT_SEC = 300
const SILENCE_DB = -120

/** A broken value becomes the nearest sane one; NaN fails both comparisons and becomes 0. */
const sane = (value: number) =>
  value >= -SAMPLE_MAX && value <= SAMPLE_MAX ? value : value > 0 ? SAMPLE_MAX : value < 0 ? -SAMPLE_MAX : 0

const decibelsOf = (linear: number) => Math.max(SILENCE_DB, 20 * Math.log10(linear))
const secondsOf = (frames: ArrayLike<number>) =>
  Float32Array.from(frames, (frame) => Math.max(0, frame / RHYTHM_PER_SEC))

const clamp01 = (value: number) => Math.max(0, Math.min(1, value))

/** Half loudness (−35..−8 LUFS), the rest onset rate (to 6 a second) and brightness (to 3.5 kHz). */
const energyOf = (lufs: number, onsetsPerSec: number, centroidHz: number) =>
  0.5 * clamp01((lufs + 35) / 27) + 0.3 * clamp01(onsetsPerSec / 6) + 0.2 * clamp01((centroidHz - 500) / 3000)

const bandShares = (regionPower: Float64Array): TrackAnalysis['bands'] => {
  const total = regionPower.reduce((a, b) => a + b, 0)
  const share = (region: number) => (total > 1e-6 ? regionPower[region]! / total : 0)
  return { sub: share(0), bass: share(1), lowMid: share(2), mid: share(3), presence: share(4), air: share(5) }
}

const largestOne = (values: Float32Array) => {
  const top = values.reduce((a, b) => Math.max(a, b), 0)
  return top > 0 ? values.map((value) => value / top) : values
}

/** Means of the chroma frames under each section row, into its last twelve columns. */
const addChroma = (rows: Float32Array, chroma: Float32Array) => {
  const per = CHROMA_PER_SEC / SECTION_ROWS_PER_SEC
  for (let row = 0; row < rows.length / SECTION_WIDTH; row++)
    for (let frame = Math.floor(row * per); frame < (row + 1) * per && frame < chroma.length / 12; frame++)
      for (let c = 0; c < 12; c++) rows[row * SECTION_WIDTH + MFCC_COUNT + c]! += chroma[frame * 12 + c]! / per
}

const loudnessOf = (meters: Meters): TrackAnalysis['loudness'] => {
  const { samplePeak, truePeak } = meters.peak.finish()
  return {
    ...meters.loudness.finish(),
    truePeakDbtp: decibelsOf(truePeak),
    samplePeakDbfs: decibelsOf(samplePeak),
  }
}

const encode = (body: Uint8Array, levels: Levels, sampleRate: number, durationSec: number, referenceDb: number) =>
  encodeFrames(body.subarray(0, Math.min(body.length, levels.framePeaks.length * FRAME_STRIDE_BYTES)), {
    sampleRate,
    hopSamples: FRAME_HOP,
    scaleDb: DISPLAY_STEP_DB,
    referenceDb,
    encoderDelaySamples: 0,
    analyserVersion: ENGINE_VERSION,
    trackHash: new Uint8Array(16),
    durationSec,
  })

const summarise = (meters: Meters, samples: number, sampleRate: number): TrackAnalysis => {
  const durationSec = samples / sampleRate
  const levels = meters.level.finish()
  const loudness = loudnessOf(meters)
  const timbre = meters.timbre.finish()
  const { fine, frames: chromaFrames } = meters.chroma.finish()
  const chroma = meanChroma(chromaFrames)
  const evidence = makeEvidence(meters.flux.flux.view(), chromaFrames, CHROMA_PER_SEC)
  const rhythm = findRhythm(evidence)
  const beats = secondsOf(rhythm.beats)
  const downbeats = Float32Array.from(rhythm.meter.downbeats, (i) => beats[i]!)
  const rows = meters.sectionRows.view()
  addChroma(rows, chromaFrames)
  const sections = findSections(rows)
  const { body, referenceDb } = meters.visual.finish()
  paintMarks(body, { beats, downbeats, sections, framePeaks: levels.framePeaks, evidence })
  return {
    engineVersion: ENGINE_VERSION,
    durationSec,
    tempo: rhythm.tempo,
    timeSignature: { beatsPerBar: rhythm.meter.beatsPerBar, confidence: rhythm.meter.confidence },
    beats,
    downbeats,
    onsets: secondsOf(rhythm.onsets),
    key: estimateKey(chroma),
    tuningHz: 440 * 2 ** (tuningOf(fine) / 12),
    loudness,
    energy: energyOf(loudness.integratedLufs, rhythm.onsets.length / Math.max(1, durationSec), timbre.centroidHz),
    bands: bandShares(meters.regionPower),
    spectral: {
      centroidHz: timbre.centroidHz,
      rolloffHz: timbre.rolloffHz,
      flatness: timbre.flatness,
      zeroCrossingRate: levels.zeroCrossingRate,
    },
    mfcc: timbre.mfcc,
    chroma: largestOne(chroma),
    silence: { startSec: levels.silenceStart / sampleRate, endSec: levels.silenceEnd / sampleRate },
    sections,
    waveform: levels.waveform,
    pointsPerSec: sampleRate / WAVEFORM_HOP,
    frames: encode(body, levels, sampleRate, durationSec, referenceDb),
  }
}

/** Throws a RangeError for another sample rate or channel count: resample and mix down while decoding. */
export const createAnalyzer = (options: AnalyzerOptions): Analyzer => {
  const { sampleRate, channels, durationHintSec = DURATION_HINT_SEC } = options
  if (sampleRate !== 44_100)
    throw new RangeError(`Sample rate ${String(sampleRate)} is not 44100: resample while decoding.`)
  if (channels !== 1 && channels !== 2)
    throw new RangeError(`${String(channels)} channels: mix down to 1 or 2 while decoding.`)
  const meters = createMeters(options.fft ?? plainFft(), sampleRate, channels, BLOCK, durationHintSec)
  const planes = Array.from({ length: channels }, () => new Float32Array(BLOCK))
  const mono = new Float32Array(BLOCK)
  let filled = 0
  let samples = 0
  const fill = (from: Float32Array, at: number, count: number) => {
    const [left, right] = planes as [Float32Array, Float32Array?]
    if (!right) for (let i = 0; i < count; i++) left[filled + i] = mono[filled + i] = sane(from[at + i]!)
    else
      for (let i = 0, j = at; i < count; i++, j += 2) {
        const l = sane(from[j]!)
        const r = sane(from[j + 1]!)
        left[filled + i] = l
        right[filled + i] = r
        mono[filled + i] = 0.5 * (l + r)
      }
    filled += count
  }
  const process = () => {
    const whole = filled === BLOCK
    const heard = whole ? mono : mono.subarray(0, filled)
    const heardPlanes = whole ? planes : planes.map((plane) => plane.subarray(0, filled))
    // A last part of a block counts towards loudness only when nothing else would (the standard has whole blocks).
    if (whole || samples === 0) meters.loudness.push(heardPlanes)
    meters.peak.push(heardPlanes)
    meters.level.push(heard)
    meters.spectra.push(heard)
    mono.fill(0, filled)
    meters.chroma.push(mono)
    samples += filled
    filled = 0
  }
  return {
    push(interleaved) {
      for (let at = 0; at < interleaved.length; ) {
        const count = Math.min(Math.floor((interleaved.length - at) / channels), BLOCK - filled)
        fill(interleaved, at, count)
        at += count * channels
        if (filled < BLOCK) return
        process()
      }
    },
    finish() {
      if (filled > 0) process()
      meters.spectra.finish()
      return summarise(meters, samples, sampleRate)
    },
  }
}

/** The whole track at once. */
export const analyze = (interleaved: Float32Array, options: AnalyzerOptions): TrackAnalysis => {
  const durationHintSec = interleaved.length / options.channels / options.sampleRate
  const analyzer = createAnalyzer({ durationHintSec, ...options })
  analyzer.push(interleaved)
  return analyzer.finish()
}
