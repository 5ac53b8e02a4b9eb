/** `mir_eval.tempo`, `.onset`, `.key`, and the two accuracies of tempo contests. */
import { precisionRecall, type Times } from './util.ts'

const TEMPO_TOLERANCE = 0.08
const ACCURACY_TOLERANCE = 0.04
const ONSET_WINDOW_SEC = 0.05

/** Two reference tempi, the weight of the first, and up to two estimates. */
export const tempoDetection = (reference: readonly [number, number], weight: number, estimated: readonly number[]) => {
  const hits = reference.map(
    (bpm) => bpm > 0 && Math.min(...estimated.map((each) => Math.abs(bpm - each) / bpm)) <= TEMPO_TOLERANCE,
  )
  const [first, second] = hits.map(Number) as [number, number]
  return {
    pScore: weight * first + (1 - weight) * second,
    one: Math.max(first, second),
    both: Math.min(first, second),
  }
}

/** Accuracy 1: within 4 %. Accuracy 2: also at 2, 3, 1/2 or 1/3 of the tempo. */
export const tempoAccuracy = (referenceBpm: number, estimatedBpm: number) => {
  const close = (factor: number) => Math.abs(estimatedBpm / (referenceBpm * factor) - 1) <= ACCURACY_TOLERANCE
  return { acc1: close(1) ? 1 : 0, acc2: [1, 2, 3, 1 / 2, 1 / 3].some(close) ? 1 : 0 }
}

export const onsetScores = (reference: Times, estimated: Times) =>
  precisionRecall(reference, estimated, ONSET_WINDOW_SEC)

export type Mode = 'major' | 'minor' | 'other'
/** Tonic 0..11 from C; undefined where there is no key. */
export type KeyName = { tonic: number; mode: Mode } | undefined

/** Same 1, fifth above .5, relative .3, parallel .2. */
export const keyScore = (reference: KeyName, estimated: KeyName): number => {
  if (!reference || !estimated) return reference === estimated ? 1 : 0
  const step = (estimated.tonic - reference.tonic + 12) % 12
  if (reference.mode === estimated.mode) return step === 0 ? 1 : step === 7 ? 0.5 : 0
  if (step === 9 && reference.mode === 'major') return 0.3
  if (step === 3 && reference.mode === 'minor') return 0.3
  return step === 0 ? 0.2 : 0
}
