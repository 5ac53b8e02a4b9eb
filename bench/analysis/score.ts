/** An answer against the truth: one number a metric; a metric is missing where either has nothing to compare. */
import type { Answer } from './answer.ts'
import type { KeyLabel, Span, Truth } from './corpus.ts'
import {
  aligned,
  beatF,
  boundaries,
  cemgil,
  chordScores,
  conditionalEntropy,
  continuity,
  goto,
  informationGain,
  keyScore,
  type Labelled,
  onsetScores,
  pairwise,
  pScore,
  tempoAccuracy,
  tempoDetection,
  trimBeats,
} from './metrics/index.ts'

/** Metric → what it says. All are better when higher. */
export const METRICS = {
  'beat F': 'beats within ±70 ms',
  Cemgil: 'beats, Gaussian of 40 ms',
  Goto: 'beats: a quarter of the piece without a break',
  'beat P': 'P-score of beats',
  CMLc: 'longest run of right beats, right level',
  CMLt: 'all right beats, right level',
  AMLc: 'longest run, any level',
  AMLt: 'all right beats, any level',
  'info gain': 'histogram of beat errors, 0 flat',
  Acc1: 'tempo within 4 %',
  Acc2: 'tempo within 4 %, or its double, triple, half, third',
  'tempo P': 'tempo within 8 % (P-score of one tempo)',
  'down F': 'downbeats within ±70 ms',
  metre: 'beats a bar',
  'time signature': 'as written',
  onset: 'onsets within ±50 ms, F',
  'onset P': 'onsets, precision',
  'onset R': 'onsets, recall',
  key: 'key, weighted for near ones',
  'key exact': 'key and mode',
  'keys over time': 'key, weighted for near ones, by the time it lasts',
  tuning: 'tuning within 5 cents',
  'chord root': 'share of time with the right root',
  thirds: 'root and third',
  majmin: 'root, major or minor',
  sevenths: 'root and seventh chord',
  triads: 'root and triad',
  'chord seg': 'segmentation of the chords',
  'parts .5': 'section borders within .5 s, F',
  'parts 3': 'section borders within 3 s, F',
  'parts pair': 'equal labels for equal sections, F',
  'parts NCE': 'normalised conditional entropy, F',
} as const

export type Metric = keyof typeof METRICS
export type Scores = Partial<Record<Metric, number>>

const TUNING_CENTS = 5
/** Two sections at least: of one there is nothing to find. */
const SECTIONS_MIN = 2

const beatScores = (reference: number[], estimated: number[]): Scores => {
  const { cmlC, cmlT, amlC, amlT } = continuity(reference, estimated)
  return {
    'beat F': beatF(reference, estimated),
    Cemgil: cemgil(reference, estimated).score,
    Goto: goto(reference, estimated),
    'beat P': pScore(reference, estimated),
    CMLc: cmlC,
    CMLt: cmlT,
    AMLc: amlC,
    AMLt: amlT,
    'info gain': informationGain(reference, estimated),
  }
}

const tempoScores = (truth: number, answer: number): Scores => {
  const { acc1, acc2 } = tempoAccuracy(truth, answer)
  return { Acc1: acc1, Acc2: acc2, 'tempo P': tempoDetection([truth, 0], 1, [answer]).pScore }
}

const labelled = (spans: readonly Span<string>[]): Labelled => ({
  intervals: spans.map(({ fromSec, toSec }) => [fromSec, toSec] as const),
  labels: spans.map(({ value }) => value),
})

const chordRow = (truth: Span<string>[], answer: Span<string>[]): Scores => {
  const { root, thirds, majmin, sevenths, triads, seg } = chordScores(labelled(truth), labelled(answer))
  return { 'chord root': root, thirds, majmin, sevenths, triads, 'chord seg': seg }
}

const sectionRow = (truth: Span<string>[], answer: Span<string>[]): Scores => {
  const [ours, theirs] = aligned(labelled(truth), labelled(answer))
  return {
    'parts .5': boundaries(ours, theirs, 0.5).f,
    'parts 3': boundaries(ours, theirs, 3).f,
    'parts pair': pairwise(ours, theirs).f,
    'parts NCE': conditionalEntropy(ours, theirs).f,
  }
}

/** The weighted score of the key at every moment; what is not answered counts as wrong. */
const keysOverTime = (truth: Span<KeyLabel>[], answer: Span<KeyLabel>[]) => {
  let total = 0
  let right = 0
  for (const span of truth) {
    total += span.toSec - span.fromSec
    for (const other of answer) {
      const overlapSec = Math.min(span.toSec, other.toSec) - Math.max(span.fromSec, other.fromSec)
      if (overlapSec > 0) right += overlapSec * keyScore(span.value, other.value)
    }
  }
  return right / total
}

/** Cents between two tunings, whichever semitone they are named from. */
const centsOff = (a: number, b: number) => {
  const cents = 1200 * Math.log2(a / b)
  return Math.abs(cents - 100 * Math.round(cents / 100))
}

const pitchScores = (truth: Truth, answer: Answer): Scores => {
  const scores: Scores = {}
  if (truth.key && answer.key) {
    scores.key = keyScore(truth.key, answer.key)
    scores['key exact'] = scores.key === 1 ? 1 : 0
  }
  const keys = answer.keys ?? (answer.key ? [{ fromSec: 0, toSec: Infinity, value: answer.key }] : [])
  if (truth.keys.length > 0 && keys.length > 0) scores['keys over time'] = keysOverTime(truth.keys, keys)
  if (truth.tuningHz && answer.tuningHz)
    scores.tuning = centsOff(truth.tuningHz, answer.tuningHz) <= TUNING_CENTS ? 1 : 0
  return scores
}

const onsetRow = (truth: number[], answer: number[]): Scores => {
  const { f, precision, recall } = onsetScores(truth, answer)
  return { onset: f, 'onset P': precision, 'onset R': recall }
}

export const scoresOf = (truth: Truth, answer: Answer): Scores => {
  const hasPulse = truth.beats.length > 0
  const reference = trimBeats(truth.beats)
  const estimated = trimBeats(answer.beats ?? [])
  return {
    ...(hasPulse && answer.beats ? beatScores(reference, estimated) : {}),
    ...(truth.bpm !== undefined && answer.bpm !== undefined ? tempoScores(truth.bpm, answer.bpm) : {}),
    ...(hasPulse && answer.downbeats
      ? { 'down F': beatF(trimBeats(truth.downbeats), trimBeats(answer.downbeats)) }
      : {}),
    ...(truth.beatsPerBar && answer.beatsPerBar ? { metre: truth.beatsPerBar === answer.beatsPerBar ? 1 : 0 } : {}),
    ...(truth.timeSignature && answer.timeSignature
      ? { 'time signature': truth.timeSignature === answer.timeSignature ? 1 : 0 }
      : {}),
    ...(answer.onsets ? onsetRow(truth.onsets, answer.onsets) : {}),
    ...pitchScores(truth, answer),
    ...(truth.chords.length > 0 && answer.chords ? chordRow(truth.chords, answer.chords) : {}),
    ...(truth.sections.length >= SECTIONS_MIN && answer.sections ? sectionRow(truth.sections, answer.sections) : {}),
  }
}
