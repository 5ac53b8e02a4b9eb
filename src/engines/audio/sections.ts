/**
 * Sections: boundaries where sound and harmony change, by checkerboard novelty (Foote 2000) on half-second averages of
 * MFCC and chroma. Sections are numbered in order; alike ones do not share a number yet.
 */

/** Feature rows per second. */
export const SECTION_ROWS_PER_SEC = 2
export const SECTION_WIDTH = 25
/** Half width of the checkerboard: 12 s. */
const KERNEL = 24
/** Shortest section: 8 s. */
const GAP = 16
const SECTIONS_MAX = 255

/** Unit variance per column, so that loudness (MFCC 0) does not decide alone. */
const standardise = (rows: Float32Array) => {
  const count = rows.length / SECTION_WIDTH
  const out = new Float32Array(rows.length)
  for (let c = 0; c < SECTION_WIDTH; c++) {
    let mean = 0
    for (let r = 0; r < count; r++) mean += rows[r * SECTION_WIDTH + c]! / count
    let variance = 1e-6
    for (let r = 0; r < count; r++) variance += (rows[r * SECTION_WIDTH + c]! - mean) ** 2 / count
    const scale = 1 / Math.sqrt(variance)
    for (let r = 0; r < count; r++) out[r * SECTION_WIDTH + c] = (rows[r * SECTION_WIDTH + c]! - mean) * scale
  }
  return out
}

/**
 * Distance of the means before and after each row: what a checkerboard on inner products measures, in linear time
 * by prefix sums.
 */
const novelty = (rows: Float32Array) => {
  const count = rows.length / SECTION_WIDTH
  const prefix = new Float64Array((count + 1) * SECTION_WIDTH)
  for (let i = 0; i < rows.length; i++) prefix[i + SECTION_WIDTH] = prefix[i]! + rows[i]!
  return Float32Array.from({ length: count }, (_, at) => {
    const reach = Math.min(KERNEL, at, count - at)
    if (reach < GAP / 2) return 0
    let distance = 0
    for (let c = 0; c < SECTION_WIDTH; c++) {
      const sum = (row: number) => prefix[row * SECTION_WIDTH + c]!
      distance += ((sum(at + reach) - 2 * sum(at) + sum(at - reach)) / reach) ** 2
    }
    return distance
  })
}

/** Starts of the sections in seconds, the first 0. `rows`: `SECTION_WIDTH` values each, `SECTION_ROWS_PER_SEC` a second. */
export const findSections = (rows: Float32Array): Float32Array => {
  const curve = novelty(standardise(rows))
  const mean = curve.reduce((a, b) => a + b, 0) / Math.max(1, curve.length)
  const starts = [0]
  for (let i = GAP; i < curve.length && starts.length < SECTIONS_MAX; i++) {
    const from = Math.max(0, i - GAP / 2)
    const local = curve.subarray(from, i + GAP / 2 + 1)
    if (curve[i]! > 1.4 * mean && curve[i] === local.reduce((a, b) => Math.max(a, b)) && i - starts.at(-1)! >= GAP)
      starts.push(i)
  }
  return Float32Array.from(starts, (row) => row / SECTION_ROWS_PER_SEC)
}
