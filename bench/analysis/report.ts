/** Tables: a metric a line and a system a column over all pieces, then by style. */
import { type Metric, METRICS, type Scores } from './score.ts'
import { difference, type Estimate, estimate } from './statistics.ts'

/** Scores of one system, one a piece, in the order of the pieces. */
export type Judged = { system: string; scores: Scores[] }

const NAME_WIDTH = 20
const CELL_WIDTH = 17

const number = (value: number) => value.toFixed(3).replace(/^(-?)0\./, '$1.')
const cell = (found: Estimate | undefined) =>
  found ? `${number(found.mean)} ${number(found.low)}–${number(found.high)}` : '–'

export const line = (name: string, n: number | string, cells: string[]) =>
  [name.padEnd(NAME_WIDTH), String(n).padStart(4), ...cells.map((text) => text.padStart(CELL_WIDTH))]
    .join(' ')
    .trimEnd()

const valuesOf = (scores: readonly Scores[], metric: Metric) =>
  scores.flatMap((each) => (each[metric] === undefined ? [] : [each[metric]]))

/** Where both tell the metric: is the first better (▲), worse (▼), or is it not clear? */
const verdict = (first: Judged, other: Judged, metric: Metric) => {
  const both = first.scores.flatMap((mine, i) => {
    const theirs = other.scores[i]![metric]
    return mine[metric] === undefined || theirs === undefined ? [] : [[mine[metric], theirs] as const]
  })
  const found = difference(
    both.map(([a]) => a),
    both.map(([, b]) => b),
  )
  return found?.clear ? (found.mean > 0 ? '▼' : '▲') : ' '
}

/** Every metric over all pieces. `▼` beside a system: clearly below the first one on the same pieces; `▲`: above. */
export const summary = (all: Judged[]): string[] => {
  const lines = [
    line(
      'all styles',
      'n',
      all.map(({ system }) => system),
    ),
  ]
  for (const metric of Object.keys(METRICS) as Metric[]) {
    const n = Math.max(...all.map(({ scores }) => valuesOf(scores, metric).length))
    if (n === 0) continue
    const cells = all.map((judged, i) => {
      const text = cell(estimate(valuesOf(judged.scores, metric)))
      return i === 0 || text === '–' ? text : `${text}${verdict(all[0]!, judged, metric)}`
    })
    lines.push(line(metric, n, cells))
  }
  return lines
}

export const byStyle = (metric: Metric, items: readonly { style: string }[], all: Judged[]): string[] => {
  const styles = [...new Set(items.map(({ style }) => style))]
  const lines = [
    line(
      metric,
      'n',
      all.map(({ system }) => system),
    ),
  ]
  for (const style of styles) {
    const columns = all.map(({ scores }) =>
      valuesOf(
        scores.filter((_, i) => items[i]!.style === style),
        metric,
      ),
    )
    const n = Math.max(...columns.map((values) => values.length))
    if (n > 0)
      lines.push(
        line(
          style,
          n,
          columns.map((values) => cell(estimate(values))),
        ),
      )
  }
  return lines.length > 1 ? lines : []
}
