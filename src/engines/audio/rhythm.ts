/** From evidence to beats, bars and tempo. */
import { trackBeats } from './beats.ts'
import { type Evidence, pickPeaks, RHYTHM_PER_SEC } from './evidence.ts'
import { type Meter, trackBars } from './meter.ts'
import { autocorrelation, type TempoGuess, tempoPeaks, tempoSalience } from './tempo.ts'

export type Rhythm = {
  /** Frames (1/100 s). */
  beats: Int32Array
  meter: Meter
  tempo: { bpm: number; confidence: number; alternatives: TempoGuess[]; stable: boolean }
  /** Frames. */
  onsets: number[]
}

const ONSET_THRESHOLD = 0.35
const ONSET_GAP = 5
/** Music shorter than this has no beat. */
const SECONDS_MIN = 2
const ONSETS_MIN = 4
/** Log-odds of a beat: evidence over what a frame next to nothing shows. */
const EVIDENCE_GAIN = 1.6
const EVIDENCE_COST = 0.9
const HARMONIC_GAIN = 0.8
const STABLE_SHARE = 0.04

const beatEvidence = (evidence: Evidence) => {
  const out = new Float32Array(evidence.frames)
  for (let t = 0; t < out.length; t++) {
    const harmonic = HARMONIC_GAIN * evidence.harmonic[t]!
    out[t] = EVIDENCE_GAIN * evidence.onset[t]! + harmonic - EVIDENCE_COST
  }
  return out
}

/** Beats before the first and after the last onset are guesses about silence. */
const withinSound = (beats: Int32Array, onsets: number[]) => {
  const first = onsets[0]! - 10
  const last = onsets.at(-1)! + 10
  return beats.filter((beat) => beat >= first && beat <= last)
}

/** Mean of the intervals near the median, and whether the middle 80 % are all near it. */
const tempoOfBeats = (beats: Int32Array) => {
  const intervals = Array.from(beats.subarray(1), (beat, i) => beat - beats[i]!).sort((a, b) => a - b)
  const median = intervals[intervals.length >> 1]!
  const near = intervals.filter((interval) => Math.abs(interval / median - 1) < 0.1)
  const mean = near.reduce((a, b) => a + b, 0) / near.length
  const low = intervals[Math.floor(intervals.length * 0.1)]!
  const high = intervals[Math.ceil(intervals.length * 0.9) - 1]!
  const slack = Math.max(1, STABLE_SHARE * median)
  return { bpm: (60 * RHYTHM_PER_SEC) / mean, stable: median - low <= slack && high - median <= slack }
}

const nothing = (onsets: number[]): Rhythm => ({
  beats: new Int32Array(0),
  meter: { beatsPerBar: 4, confidence: 0.5, downbeats: new Int32Array(0) },
  tempo: { bpm: 0, confidence: 0, alternatives: [], stable: false },
  onsets,
})

export const findRhythm = (evidence: Evidence): Rhythm => {
  const onsets = pickPeaks(evidence.onset, ONSET_THRESHOLD, ONSET_GAP)
  if (evidence.frames < SECONDS_MIN * RHYTHM_PER_SEC || onsets.length < ONSETS_MIN) return nothing(onsets)
  const salience = tempoSalience(autocorrelation(evidence.onset))
  const beats = withinSound(trackBeats(beatEvidence(evidence), salience), onsets)
  if (beats.length < 3) return nothing(onsets)
  const { bpm, stable } = tempoOfBeats(beats)
  const guesses = tempoPeaks(salience, 5)
  const own = guesses.find((guess) => Math.abs(guess.bpm / bpm - 1) <= 0.04)
  return {
    beats,
    meter: trackBars(evidence, beats),
    tempo: { bpm, confidence: own?.confidence ?? 0, alternatives: guesses.filter((guess) => guess !== own), stable },
    onsets,
  }
}
