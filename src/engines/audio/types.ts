import type { Key } from './key.ts'
import type { LoudnessBlocks } from './loudness.ts'
import type { TempoGuess } from './rhythm.ts'

/** Rises whenever an answer may differ for the same audio. */
export const ENGINE_VERSION = 1

/** Everything known about one track. Times in seconds from the first decoded sample, arrays ascending. */
export type TrackAnalysis = {
  engineVersion: number
  durationSec: number
  tempo: {
    /** 45..215, 0 when there is no beat to speak of (silence, under two seconds). */
    bpm: number
    /** 0..1: how much of the periodicity this tempo explains. */
    confidence: number
    /** Other readings, strongest first, often double or half. */
    alternatives: TempoGuess[]
    /** True when the middle 80 % of the beat intervals stay within 4 % of their median. */
    stable: boolean
  }
  timeSignature: { beatsPerBar: 3 | 4; confidence: number }
  beats: Float32Array
  downbeats: Float32Array
  onsets: Float32Array
  key: Key
  /** Frequency of the A above middle C that the music is tuned to, 427..453. */
  tuningHz: number
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
  }
  /** 0..1, from loudness, onset rate and brightness; a plain formula, not validated against people. */
  energy: number
  /** Share of the power in each region; sums to 1 (all 0 in silence). Edges 120, 300, 800, 2400, 6000 Hz. */
  bands: { sub: number; bass: number; lowMid: number; mid: number; presence: number; air: number }
  spectral: { centroidHz: number; rolloffHz: number; flatness: number; zeroCrossingRate: number }
  /** Means over the track: 13 MFCC (librosa's definition, see `timbre.ts`), 12 chroma from C, largest 1. */
  mfcc: Float32Array
  chroma: Float32Array
  /** Seconds quieter than −60 dBFS at both ends. */
  silence: { startSec: number; endSec: number }
  /** Starts of the sections, the first 0. */
  sections: Float32Array
  /** (min, max) pairs ×127, `pointsPerSec` a second; `resampleWaveform` makes fewer. */
  waveform: Int8Array
  pointsPerSec: number
  /** The file of visual frames: `frames.ts`. */
  frames: Uint8Array
}
