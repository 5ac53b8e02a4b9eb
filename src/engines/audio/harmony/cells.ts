/** The grid that chords are found on: halves and quarters of beats, each with the mean of the rows under it. */
import { CLARITY_AT, LEVEL_AT, PITCHES, ROW_BYTES, ROWS_PER_SEC } from './rows.ts'

/** Where no beats are. */
const CELL_SEC = 0.4
/** Beats at least this long are halved, and quartered. */
const HALVED_SEC = 0.4
const QUARTERED_SEC = 0.9
/** Longer gaps between beats are filled as if there were none. */
const BEAT_SEC_MAX = 2.5
const CELLS_MAX = 32_768
/** From the time of a row's number to the middle of the frames in it. */
const ROW_CENTRE_SEC = 0.02

export type Cells = {
  count: number
  /** `count + 1` times, ascending from 0 to the end. */
  edgesSec: Float64Array
  /** `PITCHES` a cell, of length 1 (all 0 in silence). */
  pitches: Float32Array
  /** Decibels of the loudest peak above the track's mean, and clarity, each scaled to about −1..1. */
  level: Float32Array
  clarity: Float32Array
}

const partsOf = (sec: number) => (sec < HALVED_SEC ? 1 : sec < QUARTERED_SEC ? 2 : 4)

const fill = (edges: number[], fromSec: number, toSec: number, parts: number) => {
  for (let part = 0; part < parts; part++) edges.push(fromSec + ((toSec - fromSec) * part) / parts)
}

const evenParts = (sec: number) => Math.max(1, Math.round(sec / CELL_SEC))

/** Times of the edges of cells; a track of any length has at most `CELLS_MAX` cells. */
export const edgesOf = (beats: ArrayLike<number>, durationSec: number): Float64Array => {
  const edges: number[] = []
  let last = 0
  for (let i = 0; i < beats.length && edges.length < CELLS_MAX; i++) {
    const beat = beats[i]!
    if (beat <= last + 0.1 || beat >= durationSec) continue
    const gap = beat - last
    fill(edges, last, beat, i === 0 || gap > BEAT_SEC_MAX ? evenParts(gap) : partsOf(gap))
    last = beat
  }
  if (durationSec > last) fill(edges, last, durationSec, evenParts(durationSec - last))
  edges.push(durationSec)
  if (edges.length - 1 <= CELLS_MAX) return Float64Array.from(edges)
  return Float64Array.from({ length: CELLS_MAX + 1 }, (_, i) => (durationSec * i) / CELLS_MAX)
}

/** Adds the rows between two times to `sums`, each by the share of it that lies there; the sum of the shares. */
const sumRows = (rows: Uint8Array, fromSec: number, toSec: number, sums: Float64Array): number => {
  const from = (fromSec + ROW_CENTRE_SEC) * ROWS_PER_SEC
  const to = Math.min(rows.length / ROW_BYTES, (toSec + ROW_CENTRE_SEC) * ROWS_PER_SEC)
  let total = 0
  for (let row = Math.floor(from); row < to; row++) {
    const share = Math.min(to, row + 1) - Math.max(from, row)
    for (let i = 0; i < ROW_BYTES; i++) sums[i]! += share * rows[row * ROW_BYTES + i]!
    total += share
  }
  return total
}

const lengthOf = (x: Float64Array, count: number) => {
  let squares = 0
  for (let i = 0; i < count; i++) squares += x[i]! ** 2
  return Math.sqrt(squares)
}

const LEVEL_SCALE = 1 / 40
const CLARITY_MIDDLE = 110
const CLARITY_SCALE = 1 / 40

export const cellsOf = (rows: Uint8Array, edgesSec: Float64Array): Cells => {
  const count = edgesSec.length - 1
  const cells: Cells = {
    count,
    edgesSec,
    pitches: new Float32Array(count * PITCHES),
    level: new Float32Array(count),
    clarity: new Float32Array(count),
  }
  const sums = new Float64Array(ROW_BYTES)
  let levels = 0
  for (let cell = 0; cell < count; cell++) {
    sums.fill(0)
    const total = Math.max(1e-9, sumRows(rows, edgesSec[cell]!, edgesSec[cell + 1]!, sums))
    const length = lengthOf(sums, PITCHES)
    if (length > 0) for (let i = 0; i < PITCHES; i++) cells.pitches[cell * PITCHES + i] = sums[i]! / length
    cells.level[cell] = (sums[LEVEL_AT]! / total) * LEVEL_SCALE
    cells.clarity[cell] = (sums[CLARITY_AT]! / total - CLARITY_MIDDLE) * CLARITY_SCALE
    levels += cells.level[cell]! / count
  }
  for (let cell = 0; cell < count; cell++) cells.level[cell]! -= levels
  return cells
}
