/** What the chord network hears of a cell: the cell, its neighbours, and the bars around it. */
import type { Cells } from './cells.ts'
import { PITCHES, REGISTERS } from './rows.ts'

/** The cell, the one before, the one after, the mean around. */
const VIEWS = 4
export const CHORD_BLOCKS = VIEWS * REGISTERS
export const CHORD_EXTRAS = 2
export const CHORD_INPUTS = 12 * CHORD_BLOCKS + CHORD_EXTRAS
/** Half width of the surroundings. */
const AROUND_SEC = 4

/** Every input's typical size is about 1. */
const INPUT_SCALE = 3

/** A mean over ±`AROUND_SEC`, by sums that begin and end with it. */
const surroundings = ({ count, pitches, edgesSec }: Cells) => {
  const sums = new Float64Array(PITCHES)
  const mean = new Float32Array(PITCHES)
  let [from, to] = [0, 0]
  return (cell: number) => {
    const [first, last] = [edgesSec[cell]! - AROUND_SEC, edgesSec[cell]! + AROUND_SEC]
    for (; to < count && edgesSec[to]! < last; to++)
      for (let i = 0; i < PITCHES; i++) sums[i]! += pitches[to * PITCHES + i]!
    for (; from < to && edgesSec[from]! < first; from++)
      for (let i = 0; i < PITCHES; i++) sums[i]! -= pitches[from * PITCHES + i]!
    for (let i = 0; i < PITCHES; i++) mean[i] = sums[i]! / Math.max(1, to - from)
    return mean
  }
}

const copy = (from: Float32Array, at: number, to: Float32Array, view: number) => {
  for (let i = 0; i < PITCHES; i++) to[view * PITCHES + i] = INPUT_SCALE * (from[at + i] ?? 0)
}

/** Calls back with the inputs of one cell after another; they are overwritten by the next. */
export const hearCells = (cells: Cells, each: (inputs: Float32Array, cell: number) => void) => {
  const inputs = new Float32Array(CHORD_INPUTS)
  const around = surroundings(cells)
  for (let cell = 0; cell < cells.count; cell++) {
    copy(cells.pitches, cell * PITCHES, inputs, 0)
    copy(cells.pitches, Math.max(0, cell - 1) * PITCHES, inputs, 1)
    copy(cells.pitches, Math.min(cells.count - 1, cell + 1) * PITCHES, inputs, 2)
    copy(around(cell), 0, inputs, 3)
    inputs[12 * CHORD_BLOCKS] = cells.level[cell]!
    inputs[12 * CHORD_BLOCKS + 1] = cells.clarity[cell]!
    each(inputs, cell)
  }
}
