/**
 * What keys are told by, summed up from the beginning of a track so that any stretch of it is a difference: pitch
 * classes in three registers, how long each chord sounds, and which roots are arrived at from a fifth above or below.
 */
import type { Cells } from './cells.ts'
import { CHORD_STATES, NO_CHORD, QUALITIES } from './qualities.ts'
import { PITCHES, REGISTERS } from './rows.ts'

const KINDS = QUALITIES.length
/** To a major or minor chord from a fifth above, from a fifth below. */
const ARRIVALS = 4
/** The first chord of the track and the last, as major and as minor. */
const ENDS = 4
const SUMS = 12 * (REGISTERS + KINDS + ARRIVALS)
export const KEY_BLOCKS = REGISTERS + KINDS + ARRIVALS + ENDS
export const KEY_INPUTS = 12 * KEY_BLOCKS
const CHORDS_AT = PITCHES
const ARRIVALS_AT = PITCHES + 12 * KINDS

/** Cells in a step: mostly two beats. */
const CELLS_A_STEP = 4

export type Tonal = {
  /** Steps. */
  count: number
  edgesSec: Float64Array
  /** `SUMS` sums before each step, and once more at the end. */
  sums: Float32Array
  /** Seconds of music before each edge: cells in which nothing sounds do not count. */
  soundingSec: Float64Array
}

const MAJOR_LIKE: readonly string[] = ['maj', '7', 'maj7', 'sus4', 'aug']
const IS_MAJOR = QUALITIES.map((quality) => MAJOR_LIKE.includes(quality))

/** Where a change of chord is noted; −1 when it is neither a fifth up nor down. */
const arrivalAt = (from: number, to: number): number => {
  if (from === NO_CHORD || to === NO_CHORD) return -1
  const root = Math.floor(to / KINDS)
  const interval = (Math.floor(from / KINDS) - root + 12) % 12
  if (interval !== 7 && interval !== 5) return -1
  const minor = IS_MAJOR[to % KINDS]! ? 0 : 1
  return ARRIVALS_AT + 12 * (2 * minor + (interval === 7 ? 0 : 1)) + root
}

const sounds = ({ pitches }: Cells, cell: number) => {
  for (let i = 0; i < PITCHES; i++) if (pitches[cell * PITCHES + i]! > 0) return true
  return false
}

/** Adds one cell that sounds for `sec` to the sums that begin at `at`. */
const addCell = (
  sums: Float32Array,
  at: number,
  sec: number,
  { pitches }: Cells,
  posteriors: Float32Array,
  cell: number,
) => {
  for (let i = 0; i < PITCHES; i++) sums[at + i]! += sec * pitches[cell * PITCHES + i]!
  for (let root = 0; root < 12; root++)
    for (let kind = 0; kind < KINDS; kind++)
      sums[at + CHORDS_AT + 12 * kind + root]! += sec * posteriors[cell * CHORD_STATES + root * KINDS + kind]!
}

/** @param path the state of every cell. */
export const tonalOf = (cells: Cells, posteriors: Float32Array, path: Uint8Array): Tonal => {
  const count = Math.ceil(cells.count / CELLS_A_STEP)
  const edgesSec = Float64Array.from(
    { length: count + 1 },
    (_, step) => cells.edgesSec[Math.min(cells.count, step * CELLS_A_STEP)]!,
  )
  const sums = new Float32Array((count + 1) * SUMS)
  const soundingSec = new Float64Array(count + 1)
  for (let cell = 0; cell < cells.count; cell++) {
    const step = Math.floor(cell / CELLS_A_STEP)
    const next = (step + 1) * SUMS
    if (cell % CELLS_A_STEP === 0) {
      sums.copyWithin(next, next - SUMS, next)
      soundingSec[step + 1] = soundingSec[step]!
    }
    if (!sounds(cells, cell)) continue
    const sec = cells.edgesSec[cell + 1]! - cells.edgesSec[cell]!
    soundingSec[step + 1]! += sec
    addCell(sums, next, sec, cells, posteriors, cell)
    const arrival = cell > 0 && path[cell] !== path[cell - 1] ? arrivalAt(path[cell - 1]!, path[cell]!) : -1
    if (arrival >= 0) sums[next + arrival]! += 1
  }
  return { count, edgesSec, sums, soundingSec }
}

const PITCH_SCALE = 4
const CHORD_SCALE = 4
/** A change every two seconds is much. */
const ARRIVAL_SCALE = 2

const lengthOf = (x: Float32Array, count: number) => {
  let squares = 0
  for (let i = 0; i < count; i++) squares += x[i]! ** 2
  return Math.sqrt(squares)
}

/** Music at either end that counts as the first or the last chord. */
const END_SEC = 2.5

/** Chords of the steps from..to by mode, 1 in sum, to `out` from `at`. */
const putEnd = ({ sums, soundingSec }: Tonal, from: number, to: number, out: Float32Array, at: number) => {
  const scale = 1 / Math.max(1e-9, soundingSec[to]! - soundingSec[from]!)
  for (let i = CHORDS_AT; i < ARRIVALS_AT; i++) {
    const mode = IS_MAJOR[Math.floor((i - CHORDS_AT) / 12)]! ? 0 : 12
    out[at + mode + (i % 12)]! += scale * (sums[to * SUMS + i]! - sums[from * SUMS + i]!)
  }
}

/** The chords that a stretch shares with the ends of the track; nothing where it reaches neither. */
const putEnds = (tonal: Tonal, from: number, to: number, out: Float32Array) => {
  const { soundingSec, count } = tonal
  out.fill(0, SUMS)
  if (from === 0) {
    let last = 1
    while (last < to && soundingSec[last]! < END_SEC) last++
    putEnd(tonal, 0, last, out, SUMS)
  }
  if (to === count) {
    let first = count - 1
    while (first > from && soundingSec[count]! - soundingSec[first]! < END_SEC) first--
    putEnd(tonal, first, count, out, SUMS + 24)
  }
}

/** Writes the inputs of the key network for the steps `from` to `to`; false when nothing sounds there. */
export const tonalBetween = (tonal: Tonal, from: number, to: number, out: Float32Array): boolean => {
  const { sums, soundingSec } = tonal
  const sec = soundingSec[to]! - soundingSec[from]!
  if (sec <= 0) return false
  for (let i = 0; i < SUMS; i++) {
    const scale = i < CHORDS_AT ? 1 : i < ARRIVALS_AT ? CHORD_SCALE : ARRIVAL_SCALE
    out[i] = (scale * (sums[to * SUMS + i]! - sums[from * SUMS + i]!)) / sec
  }
  putEnds(tonal, from, to, out)
  const length = lengthOf(out, PITCHES)
  const scale = length > 0 ? PITCH_SCALE / length : 0
  for (let i = 0; i < PITCHES; i++) out[i]! *= scale
  return true
}
