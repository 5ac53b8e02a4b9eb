/** The metrics of `mir_eval` 0.8, ported: same inputs, same numbers (golden values in `metrics.test.ts`). */

export type Times = ArrayLike<number> & Iterable<number>

const BEAT_TRIM_SEC = 5
const BEAT_WINDOW_SEC = 0.07
const CONTINUITY_PHASE = 0.175
const CONTINUITY_PERIOD = 0.175
const TEMPO_TOLERANCE = 0.04

/** `mir_eval.beat.trim_beats`: what comes before 5 s does not count. */
export const trimBeats = (beats: Times): number[] => Array.from(beats).filter((beat) => beat >= BEAT_TRIM_SEC)

/** Size of the largest one-to-one matching within ±window; for sorted times the greedy one is largest. */
const matches = (reference: number[], estimated: number[], windowSec: number) => {
  let count = 0
  for (let r = 0, e = 0; r < reference.length && e < estimated.length; ) {
    const distance = estimated[e]! - reference[r]!
    if (Math.abs(distance) <= windowSec) {
      count++
      r++
      e++
    } else if (distance < 0) e++
    else r++
  }
  return count
}

/** F-measure of events within ±window; 0 when either list is empty. */
export const eventF = (reference: number[], estimated: number[], windowSec = BEAT_WINDOW_SEC): number => {
  if (reference.length === 0 || estimated.length === 0) return 0
  const hits = matches(reference, estimated, windowSec)
  return hits === 0 ? 0 : (2 * hits) / (reference.length + estimated.length)
}

/** Reference beats as given, off-beat, double, half (odd), half (even). */
const variations = (reference: number[]) => {
  const double = reference.flatMap((beat, i) => (i === 0 ? [beat] : [(reference[i - 1]! + beat) / 2, beat]))
  return [
    reference,
    double.filter((_, i) => i % 2 === 1),
    double,
    reference.filter((_, i) => i % 2 === 0),
    reference.filter((_, i) => i % 2 === 1),
  ]
}

const nearestIndex = (sorted: number[], value: number) => {
  let best = 0
  for (let i = 1; i < sorted.length; i++) if (Math.abs(sorted[i]! - value) < Math.abs(sorted[best]! - value)) best = i
  return best
}

const isContinuous = (reference: number[], estimated: number[], m: number, nearest: number) => {
  const forward = m === 0 || nearest === 0
  const interval = (times: number[], i: number) =>
    forward && i + 1 < times.length ? times[i + 1]! - times[i]! : times[i]! - times[i - 1]!
  const expected = interval(reference, nearest)
  const phase = Math.abs(estimated[m]! - reference[nearest]!) / expected
  const period = Math.abs(1 - interval(estimated, m) / expected)
  return phase < CONTINUITY_PHASE && period < CONTINUITY_PERIOD
}

const continuityOf = (reference: number[], estimated: number[]) => {
  const size = Math.max(reference.length, estimated.length)
  const used = new Uint8Array(size)
  let run = 0
  let longest = 0
  let total = 0
  estimated.forEach((beat, m) => {
    const nearest = nearestIndex(reference, beat)
    const success = used[nearest] === 0 && isContinuous(reference, estimated, m, nearest)
    if (success) used[nearest] = 1
    run = success ? run + 1 : 0
    total += success ? 1 : 0
    longest = Math.max(longest, run)
  })
  return { continuous: longest / size, total: total / size }
}

/** `mir_eval.beat.continuity`: correct and any metrical level, longest run and total share. */
export const continuity = (reference: number[], estimated: number[]) => {
  if (reference.length <= 1 || estimated.length <= 1) return { cmlC: 0, cmlT: 0, amlC: 0, amlT: 0 }
  const scores = variations(reference).map((variation) =>
    variation.length > 1 ? continuityOf(variation, estimated) : { continuous: 0, total: 0 },
  )
  return {
    cmlC: scores[0]!.continuous,
    cmlT: scores[0]!.total,
    amlC: Math.max(...scores.map((score) => score.continuous)),
    amlT: Math.max(...scores.map((score) => score.total)),
  }
}

/** Accuracy 1: within 4 %. Accuracy 2: also at 2, 3, 1/2 or 1/3 of the tempo. */
export const tempoAccuracy = (referenceBpm: number, estimatedBpm: number) => {
  const close = (factor: number) => Math.abs(estimatedBpm / (referenceBpm * factor) - 1) <= TEMPO_TOLERANCE
  return { acc1: close(1) ? 1 : 0, acc2: [1, 2, 3, 1 / 2, 1 / 3].some(close) ? 1 : 0 }
}

export type KeyLabel = { tonic: number; mode: 'major' | 'minor' }

/** `mir_eval.key.weighted_score`: same 1, fifth above .5, relative .3, parallel .2. */
export const keyScore = (reference: KeyLabel, estimated: KeyLabel): number => {
  const step = (estimated.tonic - reference.tonic + 12) % 12
  if (reference.mode === estimated.mode) return step === 0 ? 1 : step === 7 ? 0.5 : 0
  if (step === (reference.mode === 'major' ? 9 : 3)) return 0.3
  return step === 0 ? 0.2 : 0
}

/** Mean with half the width of its 95 % interval (normal). */
export const meanWithInterval = (values: number[]) => {
  const n = values.length
  const mean = values.reduce((a, b) => a + b, 0) / Math.max(1, n)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1)
  return { n, mean, half: 1.96 * Math.sqrt(variance / Math.max(1, n)) }
}
