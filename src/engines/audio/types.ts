import type { ChordSpan, KeySpan } from './harmony/index.ts'
import type { Key } from './key.ts'
import type { LoudnessBlocks, LoudnessCurve } from './loudness.ts'
import type { Mood } from './mood/index.ts'
import type { TempoGuess } from './rhythm.ts'
import type { Section } from './structure/index.ts'

/** Rises whenever an answer may differ for the same audio. */
export const ENGINE_VERSION = 2

/** Of one frame, or the mean or variance of many; librosa's definitions with the parameters of `descriptors.ts`. */
export type SpectralShape = {
  /** Centre of gravity of the magnitude spectrum, Hz; 0 in silence. */
  centroidHz: number
  /** Below it lie 85 % of the magnitude, Hz. */
  rolloffHz: number
  /** Standard deviation of the magnitude spectrum around the centroid, Hz. */
  bandwidthHz: number
  /** Geometric over arithmetic mean of the power: 0 a tone, 1 white noise (and silence). */
  flatness: number
  /** Peak over valley, dB, in seven bands: up to 200, 400, 800 … 6400 Hz, and above. */
  contrastDb: Float32Array
  /** Onset strength: mean rise of the mel bands from frame to frame, dB, ≥ 0. */
  fluxDb: number
  /** Sign changes per sample, 0..1. */
  zeroCrossingRate: number
  /** Root mean square, 1 = full-scale square wave. */
  rms: number
}

/** How far loud and quiet lie apart; all 0 in silence. */
export type Dynamics = {
  /** TT DR meter ("DR14", Pleasurize Music Foundation), not rounded, 0..~30; see `dynamics.ts`. */
  drDb: number
  /** Peak to loudness ratio: true peak − integrated loudness (AES TD1008), dB. */
  plrDb: number
  /** Largest sample over the root mean square of the whole track, dB. */
  crestDb: number
}

export type Silence = {
  /** Seconds quieter than −60 dBFS at both ends. A silent track: all of it at the start, 0 at the end. */
  startSec: number
  endSec: number
  /** (from, to) pairs, seconds: stretches of at least one second within the music that are as quiet. At most 256 pairs. */
  gaps: Float32Array
}

/** Seconds, 0 where the music begins or ends at once: see `fades.ts`. */
export type Fades = {
  /** From the first sound until the level is reached. */
  inSec: number
  /** From where the level falls until the last sound. */
  outSec: number
}

/** What is wrong with the samples themselves. */
export type SignalFaults = {
  /** Share of samples, 0..1, in runs of three and more at full scale. */
  clippedShare: number
  /** Share of samples, 0..1, that were no numbers, infinite or absurdly large: they were heard as silence. */
  brokenShare: number
  /** Mean of all samples, −1..1 in sound audio. */
  dcOffset: number
  /** Correlation of left and right, −1..1; 1 for mono, 0 where a side is silent. */
  stereoCorrelation: number
}

/** Everything known about one track. Times in seconds from the first decoded sample, arrays ascending. */
export type TrackAnalysis = Mood & {
  engineVersion: number
  durationSec: number
  tempo: {
    /** 45..215, 0 when there is no beat to speak of (silence, under two seconds). */
    bpm: number
    /** 0..1: how likely it is within 4 % of the tempo that people tap; calibrated on pieces nothing was learned from. */
    confidence: number
    /** Other readings, strongest first, often double or half. */
    alternatives: TempoGuess[]
    /** True when the middle 80 % of the beat intervals stay within 4 % of their median. */
    stable: boolean
    /** The tempo over time: (seconds, beats a minute) pairs of a line that is within 1 % of it; at most 256 pairs. */
    curve: Float32Array
  }
  timeSignature: {
    /** Felt beats: 2 in 6/8. One of 2, 3, 4, 5, 7. */
    beatsPerBar: number
    /** As it would be written, `4/4`, `6/8`: eighths where beats fall into thirds. */
    text: string
    /** 0..1: probability of this number of beats; 0 where too little was heard. */
    confidence: number
  }
  beats: Float32Array
  downbeats: Float32Array
  onsets: Float32Array
  /** That of most of the music; C major with confidence 0 where nothing sounds. */
  key: Key
  /** The key over time, end to end, at most 256; one where it stays, none in silence. A borrowed chord is no change. */
  keyChanges: KeySpan[]
  /** Chords end to end over the whole track, at most 4096 (in a longer mix the shortest fall to their neighbours). */
  chords: ChordSpan[]
  /** Frequency of the A above middle C that the music is tuned to, 427..453. */
  tuningHz: number
  /** 0..1: how much the pitches agree on it. Noise and speech are below .1, most music above .2. */
  tuningConfidence: number
  loudness: {
    /** LUFS, −70 for silence. */
    integratedLufs: number
    rangeLu: number
    momentaryMaxLufs: number
    shortTermMaxLufs: number
    /** dBTP and dBFS; −120 for silence. */
    truePeakDbtp: number
    samplePeakDbfs: number
    blocks: LoudnessBlocks
    curve: LoudnessCurve
  }
  dynamics: Dynamics
  /** 64 numbers of length 1 (all 0 in silence) for similarity by cosine: `embedding/index.ts`. */
  embedding: Float32Array
  /** Share of the power in each region; sums to 1 (all 0 in silence). Edges 120, 300, 800, 2400, 6000 Hz. */
  bands: { sub: number; bass: number; lowMid: number; mid: number; presence: number; air: number }
  /** Means over the frames of `descriptors.ts`, and the variances of the same. */
  spectral: SpectralShape & { variance: SpectralShape }
  /** 20 MFCC by librosa's definition (the first 13 are those of `n_mfcc=13`): means, variances. */
  mfcc: Float32Array
  mfccVariance: Float32Array
  /** 12 chroma from C, 0..1 (each frame's largest is 1), by librosa's definition: means, variances. All 0 in silence. */
  chroma: Float32Array
  chromaVariance: Float32Array
  /** What librosa's chroma takes for the tuning, −0.5..0.5 semitones; `tuningHz` is the finer estimate. */
  chromaTuning: number
  silence: Silence
  fades: Fades
  signal: SignalFaults
  /** End to end over the whole track, at least one, at most 255. The same letter says that they sound alike. */
  sections: Section[]
  /** (min, max) pairs ×127, `pointsPerSec` a second; `resampleWaveform` makes fewer. */
  waveform: Int8Array
  pointsPerSec: number
  /** The file of visual frames: `frames.ts`. */
  frames: Uint8Array
}
