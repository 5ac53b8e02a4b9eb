/** The analysis of one track: streaming in fixed blocks, then one pass over the features. */
import { tempoCurve } from './beats/curve.ts'
import { CHROMA_PER_SEC, tuningConfidenceOf, tuningOf } from './chroma.ts'
import { type Descriptors, describeFrames, momentsOf } from './descriptors.ts'
import { embed, type Heard, rawOf } from './embedding/index.ts'
import { makeEvidence, RHYTHM_PER_SEC } from './evidence.ts'
import { type FftKit, plainFft } from './fft.ts'
import { FRAME_HEADER_BYTES, FRAME_STRIDE_BYTES, sealFrames } from './frames.ts'
import { CHROMA } from './chromagram.ts'
import { MFCC_COUNT } from './cepstrum.ts'
import { findFades } from './fades.ts'
import { findHarmony } from './harmony/index.ts'
import { REGIONS } from './flux.ts'
import { createIntake } from './intake.ts'
import { FRAME_HOP, type Levels, WAVEFORM_HOP } from './levels.ts'
import { SILENCE_LUFS } from './loudness.ts'
import { createMeters, type Meters } from './meters.ts'
import { moodOf } from './mood/index.ts'
import { paintMarks } from './paint.ts'
import { findRhythm } from './rhythm.ts'
import { CONTRAST_BANDS } from './shape.ts'
import { findSections } from './structure/index.ts'
import type { OnsetStrength } from './timbre.ts'
import { ENGINE_VERSION, type SpectralShape, type TrackAnalysis } from './types.ts'
import { DISPLAY_STEP_DB } from './visual.ts'

export type AnalyzerOptions = {
  sampleRate: 44_100
  channels: 1 | 2
  /** Expected length; a wrong guess costs only memory copies. */
  durationHintSec?: number
  /** From `await loadFft()`; without it the plain TypeScript FFT works, slower. */
  fft?: FftKit
  /** Gets what mood and similarity are judged by: for those who train them. */
  onHeard?: (heard: Heard) => void
}

export type Analyzer = {
  /** Interleaved samples, ±1 full scale, any number of whole sample frames. What is no number counts as 0. */
  push(interleaved: Float32Array): void
  /** The analysis; the analyser must not be used afterwards. */
  finish(): TrackAnalysis
}

/** Everything happens in blocks of 100 ms, so the result cannot depend on how the input was cut. */
const BLOCK = 4410
const DURATION_HINT_SEC = 300
const SILENCE_DB = -120
const SLACK_MAX = 1.1

const decibelsOf = (linear: number) => Math.max(SILENCE_DB, 20 * Math.log10(linear))
const secondsOf = (frames: ArrayLike<number>) =>
  Float32Array.from(frames, (frame) => Math.max(0, frame / RHYTHM_PER_SEC))

const clamp01 = (value: number) => Math.max(0, Math.min(1, value))

const bandShares = (regionPower: Float64Array): TrackAnalysis['bands'] => {
  const total = regionPower.reduce((a, b) => a + b, 0)
  const share = (region: number) => (total > 1e-6 ? regionPower[region]! / total : 0)
  return { sub: share(0), bass: share(1), lowMid: share(2), mid: share(3), presence: share(4), air: share(5) }
}

type Spectral = Pick<TrackAnalysis, 'spectral' | 'mfcc' | 'mfccVariance' | 'chroma' | 'chromaVariance' | 'chromaTuning'>

const spectralOf = (d: Descriptors, flux: OnsetStrength): Spectral => {
  const scalar = {
    centroidHz: momentsOf(d.centroidHz, 1),
    rolloffHz: momentsOf(d.rolloffHz, 1),
    bandwidthHz: momentsOf(d.bandwidthHz, 1),
    flatness: momentsOf(d.flatness, 1),
    zeroCrossingRate: momentsOf(d.zeroCrossingRate, 1),
    rms: momentsOf(d.rms, 1),
  }
  const contrast = momentsOf(d.contrastDb, CONTRAST_BANDS)
  const shape = (of: 'mean' | 'variance'): SpectralShape => ({
    centroidHz: scalar.centroidHz[of][0]!,
    rolloffHz: scalar.rolloffHz[of][0]!,
    bandwidthHz: scalar.bandwidthHz[of][0]!,
    flatness: scalar.flatness[of][0]!,
    contrastDb: contrast[of],
    fluxDb: flux[of],
    zeroCrossingRate: scalar.zeroCrossingRate[of][0]!,
    rms: scalar.rms[of][0]!,
  })
  const [mfcc, chroma] = [momentsOf(d.mfcc, MFCC_COUNT), momentsOf(d.chroma, CHROMA)]
  return {
    spectral: { ...shape('mean'), variance: shape('variance') },
    mfcc: mfcc.mean,
    mfccVariance: mfcc.variance,
    chroma: chroma.mean,
    chromaVariance: chroma.variance,
    chromaTuning: d.chromaTuning,
  }
}

const loudnessOf = (meters: Meters): TrackAnalysis['loudness'] => {
  const { samplePeak, truePeak } = meters.peak.finish()
  return {
    ...meters.loudness.finish(),
    truePeakDbtp: decibelsOf(truePeak),
    samplePeakDbfs: decibelsOf(samplePeak),
  }
}

/** What is silent has no peak to compare. */
const plrOf = ({ truePeakDbtp, integratedLufs }: TrackAnalysis['loudness']) =>
  integratedLufs > SILENCE_LUFS ? truePeakDbtp - integratedLufs : 0

/** As many frames as there is sound for, sealed; a copy only where much of the memory behind would be of no use. */
const sealed = (file: Uint8Array, levels: Levels, sampleRate: number, durationSec: number, referenceDb: number) => {
  const length = Math.min(file.length, FRAME_HEADER_BYTES + levels.framePeaks.length * FRAME_STRIDE_BYTES)
  const isTight = file.buffer.byteLength <= SLACK_MAX * length
  return sealFrames(isTight ? file.subarray(0, length) : file.slice(0, length), {
    sampleRate,
    hopSamples: FRAME_HOP,
    scaleDb: DISPLAY_STEP_DB,
    referenceDb,
    encoderDelaySamples: 0,
    analyserVersion: ENGINE_VERSION,
    trackHash: new Uint8Array(16),
    durationSec,
  })
}

/** Noise and speech agree on no tuning (below .05), music with pitches does (above .2). */
const SURE_TUNING = 0.12

const surenessOf = (tuningConfidence: number) => clamp01(tuningConfidence / SURE_TUNING)

const silenceOf = (levels: Levels, sampleRate: number): TrackAnalysis['silence'] => ({
  startSec: levels.silenceStart / sampleRate,
  endSec: levels.silenceEnd / sampleRate,
  gaps: Float32Array.from(levels.gaps, (sample) => sample / sampleRate),
})

const perceived = (heard: Heard) => {
  const raw = rawOf(heard)
  return { ...moodOf(heard, raw), embedding: embed(raw) }
}

const sectionsOf = (
  meters: Meters,
  music: Omit<Parameters<typeof findSections>[0], 'timbreRows' | 'fluxWidth' | 'fluxPerSec'>,
) => findSections({ timbreRows: meters.timbreRows.view(), fluxWidth: REGIONS, fluxPerSec: RHYTHM_PER_SEC, ...music })

const painted = (meters: Meters, marks: Parameters<typeof paintMarks>[1]) => {
  const visual = meters.visual.finish()
  paintMarks(visual.file.subarray(FRAME_HEADER_BYTES), marks)
  return visual
}

type Pass = { samples: number; broken: number } & Pick<AnalyzerOptions, 'sampleRate' | 'onHeard'>

/** What major keys are more likely than minor ones, −1..1. */
const majorness = (key: TrackAnalysis['key']) =>
  [key, ...key.alternatives].reduce(
    (sum, { mode, confidence }) => sum + (mode === 'major' ? confidence : -confidence),
    0,
  )

const summarise = (meters: Meters, { samples, broken, sampleRate, onHeard }: Pass): TrackAnalysis => {
  const durationSec = samples / sampleRate
  const levels = meters.level.finish()
  const loudness = loudnessOf(meters)
  const described = describeFrames(meters.kept.finish(), sampleRate, meters.kernels)
  const spectral = spectralOf(described, meters.timbre.finish())
  const { drDb, crestDb, ...faults } = meters.dynamics.finish()
  const silence = silenceOf(levels, sampleRate)
  const { fine, frames: chromaFrames, rows: bandRows } = meters.chroma.finish()
  const flux = meters.flux.flux.release()
  const evidence = makeEvidence(flux, chromaFrames, CHROMA_PER_SEC)
  const rhythm = findRhythm(evidence)
  const beats = secondsOf(rhythm.beats)
  const downbeats = Float32Array.from(rhythm.meter.downbeats, (i) => beats[i]!)
  const tuningConfidence = tuningConfidenceOf(fine)
  const { cells, ...harmony } = findHarmony(bandRows, beats, durationSec, surenessOf(tuningConfidence), meters.kernels)
  const sections = sectionsOf(meters, { flux, cells, beats, downbeats, durationSec })
  const bands = bandShares(meters.regionPower)
  const heard: Heard = {
    durationSec,
    flux,
    chroma: chromaFrames,
    frames: described,
    waveform: levels.waveform,
    tuningConfidence,
    loudness,
    tempo: rhythm.tempo,
    beats,
    onsetCount: rhythm.onsets.length,
    mode: majorness(harmony.key),
    bands: Object.values(bands),
  }
  onHeard?.(heard)
  const starts = Float32Array.from(sections, ({ startSec }) => startSec)
  const { file, referenceDb } = painted(meters, {
    beats,
    downbeats,
    sections: starts,
    framePeaks: levels.framePeaks,
    evidence,
  })
  return {
    engineVersion: ENGINE_VERSION,
    durationSec,
    tempo: { ...rhythm.tempo, curve: tempoCurve(beats) },
    timeSignature: {
      beatsPerBar: rhythm.meter.beatsPerBar,
      text: rhythm.meter.text,
      confidence: rhythm.meter.confidence,
    },
    beats,
    downbeats,
    onsets: secondsOf(rhythm.onsets),
    ...harmony,
    tuningHz: 440 * 2 ** (tuningOf(fine) / 12),
    tuningConfidence,
    loudness,
    dynamics: { drDb, plrDb: plrOf(loudness), crestDb },
    ...perceived(heard),
    bands,
    ...spectral,
    silence,
    fades: findFades(meters.loudness.blocks(), silence.startSec, silence.endSec),
    signal: { ...faults, brokenShare: broken / Math.max(1, samples) },
    sections,
    waveform: levels.waveform,
    pointsPerSec: sampleRate / WAVEFORM_HOP,
    frames: sealed(file, levels, sampleRate, durationSec, referenceDb),
  }
}

/** Throws a RangeError for another sample rate or channel count: resample and mix down while decoding. */
export const createAnalyzer = (options: AnalyzerOptions): Analyzer => {
  const { sampleRate, channels, durationHintSec = DURATION_HINT_SEC } = options
  if (sampleRate !== 44_100)
    throw new RangeError(`Sample rate ${String(sampleRate)} is not 44100: resample while decoding.`)
  if (channels !== 1 && channels !== 2)
    throw new RangeError(`${String(channels)} channels: mix down to 1 or 2 while decoding.`)
  const kit = options.fft ?? plainFft()
  const kernels = kit.kernels()
  const meters = createMeters(kit, kernels, sampleRate, channels, BLOCK, durationHintSec)
  const intake = createIntake(kernels, channels, BLOCK)
  let samples = 0
  const process = () => {
    const { planes, scans, mono, padded, products } = intake.take()
    // A last part of a block counts towards loudness only when nothing else would (the standard has whole blocks).
    if (mono.length === BLOCK || samples === 0) meters.loudness.push(planes)
    meters.peak.push(planes, scans)
    meters.dynamics.push(planes, scans, products)
    meters.level.push(mono)
    meters.spectra.push(mono)
    meters.chroma.push(padded)
    samples += mono.length
  }
  return {
    push(interleaved) {
      for (let at = 0; at < interleaved.length; ) {
        const count = Math.min(Math.floor((interleaved.length - at) / channels), BLOCK - intake.filled)
        intake.fill(interleaved, at, count)
        at += count * channels
        if (intake.filled < BLOCK) return
        process()
      }
    },
    finish() {
      if (intake.filled > 0) process()
      meters.spectra.finish()
      return summarise(meters, { ...options, samples, broken: intake.broken / channels })
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
