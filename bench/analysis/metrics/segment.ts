/** `mir_eval.segment`: boundaries, pairwise agreement, normalised conditional entropy. */
import {
  adjust,
  fMeasure,
  type Interval,
  type Labelled,
  median,
  precisionRecall,
  roundHalfEven,
  searchSorted,
  unique,
} from './util.ts'

const FRAME_SEC = 0.1
const BOUNDARY_DIGITS = 1e5

const boundariesOf = (intervals: readonly Interval[]) =>
  unique(intervals.flat().map((time) => roundHalfEven(time * BOUNDARY_DIGITS) / BOUNDARY_DIGITS))

export const boundaries = (reference: Labelled, estimated: Labelled, windowSec: number) =>
  precisionRecall(boundariesOf(reference.intervals), boundariesOf(estimated.intervals), windowSec)

const distances = (from: number[], to: number[]) =>
  median(from.map((time) => Math.min(...to.map((other) => Math.abs(time - other)))))

/** Median distance from each boundary to the nearest of the other side. */
export const deviation = (reference: Labelled, estimated: Labelled) => {
  const [ours, theirs] = [boundariesOf(reference.intervals), boundariesOf(estimated.intervals)]
  return { referenceToEstimated: distances(ours, theirs), estimatedToReference: distances(theirs, ours) }
}

/** The label of every tenth of a second; the grid is of single precision, as NumPy makes it. */
const framesOf = ({ intervals, labels }: Labelled): string[] => {
  const count = Math.floor(Math.max(...intervals.flat()) / FRAME_SEC)
  const times = Float64Array.from({ length: count }, (_, i) => Math.fround(i * Math.fround(FRAME_SEC)))
  const frames = Array.from({ length: count }, () => '')
  intervals.forEach(([start, end], i) => {
    frames.fill(labels[i]!.toLowerCase(), searchSorted(times, start, 'left'), searchSorted(times, end, 'right'))
  })
  return frames
}

const count = (names: string[]) => {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts.values()]
}

/** How often each pair of labels meets, and each label alone. */
const contingency = (reference: Labelled, estimated: Labelled) => {
  const [ours, theirs] = [framesOf(reference), framesOf(estimated)]
  return {
    frames: ours.length,
    pairs: count(ours.map((name, i) => JSON.stringify([name, theirs[i]]))),
    reference: count(ours),
    estimated: count(theirs),
  }
}

/** Pairs of frames with one label. */
const together = (counts: number[]) => counts.reduce((sum, n) => sum + (n * (n - 1)) / 2, 0)

/** Two frames of one label each: agree in one answer, in the other, in both. */
export const pairwise = (reference: Labelled, estimated: Labelled) => {
  const table = contingency(reference, estimated)
  const matches = together(table.pairs)
  const precision = matches / together(table.estimated)
  const recall = matches / together(table.reference)
  return { precision, recall, f: fMeasure(precision, recall) }
}

/** Over- and under-segmentation by conditional entropy (`nce` with `marginal=False`). */
export const conditionalEntropy = (reference: Labelled, estimated: Labelled) => {
  const table = contingency(reference, estimated)
  const entropy = (counts: number[]) =>
    counts.reduce((sum, n) => sum - (n / table.frames) * Math.log2(n / table.frames), 0)
  const joint = entropy(table.pairs)
  const score = (condition: number[], target: number[]) =>
    target.length > 1 ? 1 - (joint - entropy(condition)) / Math.log2(target.length) : 0
  const under = score(table.estimated, table.reference)
  const over = score(table.reference, table.estimated)
  return { over, under, f: fMeasure(over, under) }
}

/** Both from 0 to the end of the reference, as `mir_eval.segment.evaluate` does before it judges. */
export const aligned = (reference: Labelled, estimated: Labelled): [Labelled, Labelled] => {
  const ours = adjust(reference, 0)
  return [ours, adjust(estimated, 0, Math.max(...ours.intervals.flat()))]
}
