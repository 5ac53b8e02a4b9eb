/** Scores of answers against the truth, and the tables made of them. */
import type { KeyLabel, Truth } from './corpus.ts'
import { beatF, continuity, keyScore, tempoAccuracy, trimBeats } from './metrics/index.ts'

/** What any system may answer. */
export type Answer = { bpm: number; beats: number[]; downbeats?: number[]; beatsPerBar?: number; key?: KeyLabel }

/** Column name → score; a column is missing where truth or answer has nothing to compare. */
export type Scores = Partial<Record<(typeof COLUMNS)[number], number>>

export const COLUMNS = ['beat F', 'CMLt', 'AMLt', 'Acc1', 'Acc2', 'down F', '3|4', 'key', 'key exact'] as const

export const scoreOf = (truth: Truth, answer: Answer): Scores => {
  const reference = trimBeats(truth.beats)
  const estimated = trimBeats(answer.beats)
  const { cmlT, amlT } = continuity(reference, estimated)
  const scores: Scores = { 'beat F': beatF(reference, estimated), CMLt: cmlT, AMLt: amlT }
  if (truth.bpm !== undefined) {
    const { acc1, acc2 } = tempoAccuracy(truth.bpm, answer.bpm)
    Object.assign(scores, { Acc1: acc1, Acc2: acc2 })
  }
  if (answer.downbeats && truth.beatsPerBar)
    scores['down F'] = beatF(trimBeats(truth.downbeats), trimBeats(answer.downbeats))
  if (answer.beatsPerBar && truth.beatsPerBar) scores['3|4'] = answer.beatsPerBar === truth.beatsPerBar ? 1 : 0
  if (answer.key && truth.key) {
    scores.key = keyScore(truth.key, answer.key)
    scores['key exact'] = scores.key === 1 ? 1 : 0
  }
  return scores
}

/** Mean with half the width of its 95 % interval (normal). */
const meanWithInterval = (values: number[]) => {
  const n = values.length
  const mean = values.reduce((a, b) => a + b, 0) / Math.max(1, n)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1)
  return { n, mean, half: 1.96 * Math.sqrt(variance / Math.max(1, n)) }
}

const cell = (values: number[]) => {
  if (values.length === 0) return '–'
  const { mean, half } = meanWithInterval(values)
  return `${mean.toFixed(3).replace('0.', '.')} ±${half.toFixed(2).replace('0.', '.')}`
}

/** One line of a table: name, n, means with 95 % intervals. */
export const row = (name: string, all: Scores[]): string => {
  const cells = COLUMNS.map((column) =>
    cell(all.flatMap((scores) => (scores[column] === undefined ? [] : [scores[column]]))),
  )
  return [name.padEnd(16), String(all.length).padStart(4), ...cells.map((text) => text.padStart(10))].join(' ')
}

export const heading = (name: string) =>
  [name.padEnd(16), '   n', ...COLUMNS.map((column) => column.padStart(10))].join(' ')
