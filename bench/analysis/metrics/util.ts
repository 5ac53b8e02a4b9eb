/** What `mir_eval.util` gives its metrics: matching, spans, F-measure. */

export type Times = readonly number[]
/** [start, end] in seconds, ascending. */
export type Interval = readonly [number, number]
export type Labelled = { intervals: Interval[]; labels: string[] }

export const fMeasure = (precision: number, recall: number) =>
  precision === 0 && recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)

/** Size of the largest one-to-one matching within ±window of ascending times: there the greedy one is largest. */
export const matchCount = (reference: Times, estimated: Times, window: number): number => {
  let count = 0
  for (let r = 0, e = 0; r < reference.length && e < estimated.length; ) {
    if (reference[r]! < estimated[e]! - window) r++
    else if (reference[r]! > estimated[e]! + window) e++
    else {
      count++
      r++
      e++
    }
  }
  return count
}

export const precisionRecall = (reference: Times, estimated: Times, window: number) => {
  if (reference.length === 0 || estimated.length === 0) return { precision: 0, recall: 0, f: 0 }
  const hits = matchCount(reference, estimated, window)
  const precision = hits / estimated.length
  const recall = hits / reference.length
  return { precision, recall, f: fMeasure(precision, recall) }
}

export const median = (values: readonly number[]): number => {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** To the nearest whole number, halves to the even one, as NumPy rounds. */
export const roundHalfEven = (value: number) => {
  const floor = Math.floor(value)
  const rest = value - floor
  if (rest !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

export const unique = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b)

/** How many of the ascending values are below (`left`), or below or equal (`right`). */
export const searchSorted = (ascending: ArrayLike<number>, value: number, side: 'left' | 'right') => {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    const before = side === 'left' ? ascending[middle]! < value : ascending[middle]! <= value
    if (before) low = middle + 1
    else high = middle
  }
  return low
}

const beginAt = ({ intervals, labels }: Labelled, fromSec: number, label: string): Labelled => {
  const first = Math.max(
    0,
    intervals.findIndex(([, end]) => end >= fromSec),
  )
  const kept = intervals.slice(first).map(([a, b]): Interval => [Math.max(fromSec, a), Math.max(fromSec, b)])
  const keptLabels = labels.slice(first)
  const lowest = Math.min(...kept.flat())
  if (lowest <= fromSec) return { intervals: kept, labels: keptLabels }
  return { intervals: [[fromSec, lowest], ...kept], labels: [label, ...keptLabels] }
}

const endAt = ({ intervals, labels }: Labelled, toSec: number, label: string): Labelled => {
  const after = intervals.findIndex(([start]) => start > toSec)
  const count = after < 0 ? intervals.length : after
  const kept = intervals.slice(0, count).map(([a, b]): Interval => [Math.min(toSec, a), Math.min(toSec, b)])
  const keptLabels = labels.slice(0, count)
  const highest = Math.max(...kept.flat())
  if (highest >= toSec) return { intervals: kept, labels: keptLabels }
  return { intervals: [...kept, [highest, toSec]], labels: [...keptLabels, label] }
}

/** `adjust_intervals`: cropped to, and filled up to, `[fromSec, toSec]`. Without `toSec` the end stays as it is. */
export const adjust = (
  spans: Labelled,
  fromSec: number,
  toSec?: number,
  start = '__T_MIN',
  end = '__T_MAX',
): Labelled => {
  if (spans.intervals.length === 0) {
    if (toSec === undefined) throw new RangeError('Spans are empty: give their end.')
    return { intervals: [[fromSec, toSec]], labels: [start] }
  }
  const begun = beginAt(spans, fromSec, start)
  return toSec === undefined ? begun : endAt(begun, toSec, end)
}
