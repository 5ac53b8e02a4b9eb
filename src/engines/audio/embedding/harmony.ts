/**
 * The harmony block: which intervals sound together and follow each other, the same in every key. Chroma of five a
 * second; circular correlations and magnitudes of the Fourier transform know no tonic.
 */
import { CHROMA_PER_SEC } from '#engines/audio/chroma.ts'
import type { Heard } from './heard.ts'

const MEAN_OF = 5
const ROWS_PER_SEC = CHROMA_PER_SEC / MEAN_OF
/** Seconds between the chords that are compared. */
const LAGS_SEC = [0.4, 0.8, 1.6, 3.2]
/** Shifts 0..6 and magnitudes 1..6 tell all of a twelve-periodic symmetric thing. */
const HALF = 7
const WAVES = 6
export const HARMONY_VALUES = HALF + 2 * WAVES + 12 * LAGS_SEC.length + 3

const COSINE = Float64Array.from({ length: 12 }, (_, i) => Math.cos((Math.PI * i) / 6))
const SINE = Float64Array.from({ length: 12 }, (_, i) => Math.sin((Math.PI * i) / 6))

/** Rows of twelve with mean 0 and length 1; of silence all 0. */
const rowsOf = (chroma: Float32Array): Float32Array => {
  const count = Math.floor(chroma.length / (12 * MEAN_OF))
  const rows = new Float32Array(12 * count)
  for (let i = 0; i < 12 * MEAN_OF * count; i++) rows[12 * Math.floor(i / (12 * MEAN_OF)) + (i % 12)]! += chroma[i]!
  for (let at = 0; at < rows.length; at += 12) {
    const row = rows.subarray(at, at + 12)
    const mean = row.reduce((a, b) => a + b, 0) / 12
    let squares = 1e-6
    for (let c = 0; c < 12; c++) squares += (row[c]! -= mean) ** 2
    for (let c = 0; c < 12; c++) row[c]! /= Math.sqrt(squares)
  }
  return rows
}

/** Of the row at `at`, magnitudes of waves 1..6 added to `out` times `weight`. */
const addWaves = (rows: ArrayLike<number>, at: number, weight: number, out: Float64Array) => {
  for (let wave = 1; wave <= WAVES; wave++) {
    let [x, y] = [0, 0]
    for (let c = 0; c < 12; c++) {
      x += rows[at + c]! * COSINE[(wave * c) % 12]!
      y += rows[at + c]! * SINE[(wave * c) % 12]!
    }
    out[wave - 1]! += weight * Math.hypot(x, y)
  }
}

/** How alike rows `lag` apart are when the later is moved down by 0..11 semitones; means over the track. */
const motion = (rows: Float32Array, lag: number): Float64Array => {
  const out = new Float64Array(12)
  const pairs = rows.length / 12 - lag
  for (let at = 0; at < 12 * pairs; at += 12) {
    const later = at + 12 * lag
    for (let shift = 0; shift < 12; shift++) {
      let sum = 0
      for (let c = 0; c < 12; c++) sum += rows[at + c]! * rows[later + ((c + shift) % 12)]!
      out[shift]! += sum / pairs
    }
  }
  return out
}

const meanRow = (rows: Float32Array): Float64Array => {
  const mean = new Float64Array(12)
  for (let i = 0; i < rows.length; i++) mean[i % 12]! += rows[i]! / Math.max(1, rows.length / 12)
  return mean
}

export const harmonyOf = (heard: Heard): Float32Array => {
  const rows = rowsOf(heard.chroma)
  const out = new Float32Array(HARMONY_VALUES)
  const count = rows.length / 12
  if (count < 2) return out
  const mean = meanRow(rows)
  const [ofMean, ofRows] = [new Float64Array(WAVES), new Float64Array(WAVES)]
  addWaves(mean, 0, 1, ofMean)
  for (let at = 0; at < rows.length; at += 12) addWaves(rows, at, 1 / count, ofRows)
  const own = Array.from({ length: HALF }, (_, shift) =>
    mean.reduce((sum, v, c) => sum + v * mean[(c + shift) % 12]!, 0),
  )
  const motions = LAGS_SEC.flatMap((lag) => [...motion(rows, Math.min(count - 1, Math.round(lag * ROWS_PER_SEC)))])
  const stillness = Math.hypot(...mean)
  out.set([...own, ...ofMean, ...ofRows, ...motions, stillness, heard.tuningConfidence, heard.mode])
  return out
}
