/** What sections are told apart by, in units of about a beat: timbre, drums, and harmony in three registers. */
import type { Cells } from '#engines/audio/harmony/cells.ts'
import { PITCHES } from '#engines/audio/harmony/rows.ts'

/** Rows of MFCC a second, and values in each. */
export const TIMBRE_ROWS_PER_SEC = 5
export const TIMBRE_WIDTH = 13

export type Heard = {
  /** `TIMBRE_WIDTH` values a row. */
  timbreRows: Float32Array
  /** `fluxWidth` rises of the regions a frame. */
  flux: Float32Array
  fluxWidth: number
  fluxPerSec: number
  cells: Cells
  beats: ArrayLike<number>
  downbeats: ArrayLike<number>
  durationSec: number
}

export type Units = {
  count: number
  edgesSec: Float64Array
  /** 1 where a bar begins at the unit's start. */
  isBar: Uint8Array
  /** `width` values a unit, standardised over the track and weighted: distances are meaningful. */
  features: Float32Array
  width: number
}

/** More are never looked at: units of a long mix are longer. */
export const UNITS_MAX = 1200
const UNIT_SEC_LEAST = 0.3
const UNIT_SEC_WITHOUT_BEATS = 0.6
const BAR_TOLERANCE_SEC = 0.07

/** Shares of the squared distance. */
const WEIGHTS = { timbre: 1, drums: 0.6, pitch: 0.4 }

/** Edges at beats, every so many that units are neither too short nor too many. */
const unitEdges = (beats: ArrayLike<number>, durationSec: number): Float64Array => {
  const least = Math.max(UNIT_SEC_LEAST, durationSec / UNITS_MAX)
  const edges = [0]
  const fill = (toSec: number) => {
    const from = edges.at(-1)!
    const parts = Math.max(1, Math.floor((toSec - from) / Math.max(least, UNIT_SEC_WITHOUT_BEATS)))
    if (toSec - from < least) return
    for (let part = 1; part <= parts; part++) edges.push(from + ((toSec - from) * part) / parts)
  }
  for (let i = 0; i < beats.length; i++) if (beats[i]! < durationSec) fill(beats[i]!)
  fill(durationSec)
  edges[edges.length - 1] = durationSec
  return Float64Array.from(edges.length > 1 ? edges : [0, durationSec])
}

/** Means of the rows between the edges; a unit shorter than a row has the row that it lies in. */
const meansOf = (rows: Float32Array, width: number, perSec: number, edgesSec: Float64Array): Float32Array => {
  const count = edgesSec.length - 1
  const last = Math.max(0, Math.floor(rows.length / width) - 1)
  const out = new Float32Array(count * width)
  if (rows.length < width) return out
  for (let unit = 0; unit < count; unit++) {
    const from = Math.min(last, Math.round(edgesSec[unit]! * perSec))
    const to = Math.min(last + 1, Math.max(from + 1, Math.round(edgesSec[unit + 1]! * perSec)))
    for (let row = from; row < to; row++)
      for (let c = 0; c < width; c++) out[unit * width + c]! += rows[row * width + c]! / (to - from)
  }
  return out
}

/** The same of cells, which are as long as they are. */
const pitchMeans = ({ count, edgesSec: cellEdges, pitches }: Cells, edgesSec: Float64Array): Float32Array => {
  const units = edgesSec.length - 1
  const out = new Float32Array(units * PITCHES)
  for (let unit = 0, cell = 0; unit < units; unit++) {
    const [from, to] = [edgesSec[unit]!, edgesSec[unit + 1]!]
    while (cell > 0 && cellEdges[cell]! > from) cell--
    for (; cell < count && cellEdges[cell]! < to; cell++) {
      const share = (Math.min(to, cellEdges[cell + 1]!) - Math.max(from, cellEdges[cell]!)) / (to - from)
      if (share > 0) for (let i = 0; i < PITCHES; i++) out[unit * PITCHES + i]! += share * pitches[cell * PITCHES + i]!
    }
  }
  return out
}

/** A column that hardly changes is not blown up. */
const SPREAD_LEAST = 1e-3
/** How far columns of a group are made alike in spread: 0 not at all, 1 wholly. */
const EVENNESS = 0.5

/** Means of the columns, and what each is multiplied by so that the group has a variance of `weight`. */
const scalesOf = (from: Float32Array, width: number, weight: number) => {
  const count = from.length / width
  const means = new Float64Array(width)
  const variances = new Float64Array(width).fill(SPREAD_LEAST / width)
  for (let i = 0; i < from.length; i++) means[i % width]! += from[i]! / count
  for (let i = 0; i < from.length; i++) variances[i % width]! += (from[i]! - means[i % width]!) ** 2 / count
  const total = variances.reduce((sum, variance) => sum + variance ** (1 - EVENNESS), 0)
  return { means, scales: variances.map((variance) => Math.sqrt(weight / total / variance ** EVENNESS)) }
}

/** Copies a group of columns, each freed of its mean; together they have a variance of `weight`. */
const putGroup = (from: Float32Array, width: number, to: Float32Array, toWidth: number, at: number, weight: number) => {
  const { means, scales } = scalesOf(from, width, weight)
  for (let unit = 0; unit < from.length / width; unit++)
    for (let c = 0; c < width; c++) to[unit * toWidth + at + c] = scales[c]! * (from[unit * width + c]! - means[c]!)
}

const barsAt = (edgesSec: Float64Array, downbeats: ArrayLike<number>) => {
  const out = new Uint8Array(edgesSec.length - 1)
  for (let unit = 0, i = 0; unit < out.length; unit++) {
    while (i < downbeats.length && downbeats[i]! < edgesSec[unit]! - BAR_TOLERANCE_SEC) i++
    if (i < downbeats.length && downbeats[i]! <= edgesSec[unit]! + BAR_TOLERANCE_SEC) out[unit] = 1
  }
  return out
}

export const unitsOf = (heard: Heard): Units => {
  const { timbreRows, flux, fluxWidth, fluxPerSec, cells, beats, downbeats, durationSec } = heard
  const edgesSec = unitEdges(beats, durationSec)
  const count = edgesSec.length - 1
  const width = TIMBRE_WIDTH + fluxWidth + PITCHES
  const features = new Float32Array(count * width)
  const timbre = meansOf(timbreRows, TIMBRE_WIDTH, TIMBRE_ROWS_PER_SEC, edgesSec)
  putGroup(timbre, TIMBRE_WIDTH, features, width, 0, WEIGHTS.timbre)
  const drums = meansOf(flux, fluxWidth, fluxPerSec, edgesSec)
  putGroup(drums, fluxWidth, features, width, TIMBRE_WIDTH, WEIGHTS.drums)
  putGroup(pitchMeans(cells, edgesSec), PITCHES, features, width, TIMBRE_WIDTH + fluxWidth, WEIGHTS.pitch)
  return { count, edgesSec, isBar: barsAt(edgesSec, downbeats), features, width }
}
