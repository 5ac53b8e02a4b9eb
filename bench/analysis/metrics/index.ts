/** The metrics of `mir_eval` 0.8, ported: same inputs, same numbers (`golden.json`, made by `golden.py`). */
export * from './beat.ts'
export { type ChordScores, chordScores, encodeChord } from './chord.ts'
export { aligned, boundaries, conditionalEntropy, deviation, pairwise } from './segment.ts'
export { keyScore, type KeyName, onsetScores, tempoAccuracy, tempoDetection } from './single.ts'
export type { Interval, Labelled } from './util.ts'
