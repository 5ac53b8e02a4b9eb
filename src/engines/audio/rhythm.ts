/** From evidence to beats, bars and tempo. */
import { EVIDENCE_LAG, findOnsets } from './beats/onsets.ts'
import { type Evidence, judgedCurves, RHYTHM_PER_SEC } from './evidence.ts'
import { type Hypothesis, readings } from './hypotheses.ts'
import { type Meter, trackBars } from './meter.ts'
import { MODEL, type Model } from './model.ts'
import { autocorrelation, tempoSalience } from './tempo.ts'

export type TempoGuess = { bpm: number; confidence: number }

export type Rhythm = {
  /** Frames (1/100 s), with fractions. */
  beats: Float32Array
  meter: Meter
  tempo: { bpm: number; confidence: number; alternatives: TempoGuess[]; stable: boolean }
  /** Frames, with fractions. */
  onsets: number[]
}

/** Music shorter than this has no beat. */
const SECONDS_MIN = 2
const ONSETS_MIN = 4
const STABLE_SHARE = 0.04
const SAME_TEMPO_SHARE = 0.04
const ALTERNATIVES_MAX = 4
/** Nothing is certain: bounds of a share before its log-odds are taken. */
const SHARE_LEAST = 1e-4
/** Beats this far outside the first and last onset are guesses about silence. */
const SOUND_MARGIN = 10

const withinSound = (beats: Int32Array, onsets: number[]) => {
  const first = onsets[0]! - SOUND_MARGIN
  const last = onsets.at(-1)! + SOUND_MARGIN
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

/**
 * Softmax of the readings' scores, summed over readings of (nearly) one tempo, strongest first; `calibration` turns the
 * log-odds of that into those of being right.
 */
export const tempoShares = (
  all: readonly Pick<Hypothesis, 'score' | 'bpm'>[],
  [scale, bias]: Model['confidence'],
): TempoGuess[] => {
  const top = all[0]!.score
  const total = all.reduce((sum, reading) => sum + Math.exp(reading.score - top), 0)
  const guesses: TempoGuess[] = []
  for (const { bpm, score } of all) {
    const share = Math.exp(score - top) / total
    const known = guesses.find((guess) => Math.abs(guess.bpm / bpm - 1) <= SAME_TEMPO_SHARE)
    if (known) known.confidence += share
    else guesses.push({ bpm, confidence: share })
  }
  guesses.sort((a, b) => b.confidence - a.confidence)
  return guesses.map(({ bpm, confidence }) => {
    const share = Math.min(1 - SHARE_LEAST, Math.max(SHARE_LEAST, confidence))
    return { bpm, confidence: 1 / (1 + Math.exp(-scale * Math.log(share / (1 - share)) - bias)) }
  })
}

/** How far a beat may move to meet an onset, in frames, and how strong that must be. */
const REFINE_REACH = 3
const REFINE_THRESHOLD = 0.2

/** Moves every beat to the centre of gravity of the onset around it, finer than the frames, then to where that sounded. */
const refine = (beats: Int32Array, onset: Float32Array): Float32Array =>
  Float32Array.from(beats, (beat) => {
    let weight = 0
    let moment = 0
    for (let offset = -REFINE_REACH; offset <= REFINE_REACH; offset++) {
      const strength = (onset[beat + offset] ?? 0) ** 2
      weight += strength
      moment += offset * strength
    }
    return (weight < REFINE_THRESHOLD ** 2 ? beat : beat + moment / weight) - EVIDENCE_LAG
  })

const nothing = (onsets: number[]): Rhythm => ({
  beats: new Float32Array(0),
  meter: { beatsPerBar: 4, text: '4/4', confidence: 0, downbeats: new Int32Array(0) },
  tempo: { bpm: 0, confidence: 0, alternatives: [], stable: false },
  onsets,
})

export const findRhythm = (evidence: Evidence): Rhythm => {
  const onsets = findOnsets(evidence, MODEL.onset)
  if (evidence.frames < SECONDS_MIN * RHYTHM_PER_SEC || onsets.length < ONSETS_MIN) return nothing(onsets)
  const salience = tempoSalience(autocorrelation(evidence.onset))
  const all = readings(evidence, salience)
  const beats = all.length > 0 ? withinSound(all[0]!.beats, onsets) : new Int32Array(0)
  if (beats.length < 3) return nothing(onsets)
  const { bpm, stable } = tempoOfBeats(beats)
  const same = (guess: TempoGuess) => Math.abs(guess.bpm / bpm - 1) <= SAME_TEMPO_SHARE
  const guesses = tempoShares(all, MODEL.confidence)
  return {
    beats: refine(beats, evidence.onset),
    meter: trackBars(judgedCurves(evidence), beats),
    tempo: {
      bpm,
      confidence: guesses.find(same)?.confidence ?? 0,
      alternatives: guesses.filter((guess) => !same(guess)).slice(0, ALTERNATIVES_MAX),
      stable,
    },
    onsets: onsets.map((frame) => frame - EVIDENCE_LAG),
  }
}
