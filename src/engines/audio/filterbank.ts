/** Sparse banks of spectral filters: each band is a run of bins with weights, all weights in one flat array. */

export type FilterBank = {
  readonly bands: number
  /** First bin of each band. */
  readonly from: Int32Array
  /** Where a band's weights begin in `weights`; `bands + 1` entries. */
  readonly at: Int32Array
  readonly weights: Float32Array
  readonly centreHz: Float32Array
}

const pack = (rows: { from: number; weights: number[]; centreHz: number }[]): FilterBank => {
  const at = new Int32Array(rows.length + 1)
  rows.forEach((row, i) => {
    at[i + 1] = at[i]! + row.weights.length
  })
  return {
    bands: rows.length,
    from: Int32Array.from(rows, (row) => row.from),
    at,
    weights: Float32Array.from(rows.flatMap((row) => row.weights)),
    centreHz: Float32Array.from(rows, (row) => row.centreHz),
  }
}

/** Filters of any weights: each reads a run of bins from `from` on. */
export const runsBank = (runs: readonly { from: number; weights: ArrayLike<number> }[]): FilterBank =>
  pack(runs.map(({ from, weights }) => ({ from, weights: Array.from(weights), centreHz: 0 })))

const MEL_LINEAR_HZ = 200 / 3
const MEL_LOG_FROM_HZ = 1000
const MEL_LOG_FROM = MEL_LOG_FROM_HZ / MEL_LINEAR_HZ
const MEL_LOG_STEP = Math.log(6.4) / 27

/** Slaney's mel scale (linear below 1 kHz, logarithmic above), the default of librosa. */
const melOf = (hz: number) =>
  hz < MEL_LOG_FROM_HZ ? hz / MEL_LINEAR_HZ : MEL_LOG_FROM + Math.log(hz / MEL_LOG_FROM_HZ) / MEL_LOG_STEP
const hzOf = (mel: number) =>
  mel < MEL_LOG_FROM ? mel * MEL_LINEAR_HZ : MEL_LOG_FROM_HZ * Math.exp(MEL_LOG_STEP * (mel - MEL_LOG_FROM))

/** The triangle low–centre–high sampled at the bins, scaled by `gain`. */
const triangle = (lowHz: number, centreHz: number, highHz: number, binHz: number, bins: number, gain: number) => {
  const from = Math.max(0, Math.ceil(lowHz / binHz))
  const to = Math.min(bins - 1, Math.floor(highHz / binHz))
  const weights: number[] = []
  for (let bin = from; bin <= to; bin++) {
    const hz = bin * binHz
    weights.push(gain * Math.max(0, Math.min((hz - lowHz) / (centreHz - lowHz), (highHz - hz) / (highHz - centreHz))))
  }
  return { from, weights, centreHz }
}

/** Mel bank with Slaney's scale and area normalisation: `librosa.filters.mel(sr, n_fft, n_mels)` to single precision. */
export const melBank = (sampleRate: number, fftSize: number, bands: number): FilterBank => {
  const top = melOf(sampleRate / 2)
  const edges = Array.from({ length: bands + 2 }, (_, i) => hzOf((top * i) / (bands + 1)))
  const rows = Array.from({ length: bands }, (_, i) => {
    const [low, centre, high] = edges.slice(i, i + 3) as [number, number, number]
    return triangle(low, centre, high, sampleRate / fftSize, fftSize / 2 + 1, 2 / (high - low))
  })
  return pack(rows)
}

/**
 * Overlapping triangles with centres spaced evenly in log frequency, unit peak. Where the FFT is too coarse for the
 * spacing, neighbouring filters that would read the same bin become one.
 */
export const logBank = (
  sampleRate: number,
  fftSize: number,
  bandsPerOctave: number,
  lowHz: number,
  highHz: number,
): FilterBank => {
  const binHz = sampleRate / fftSize
  const count = Math.floor(bandsPerOctave * Math.log2(highHz / lowHz)) + 1
  const bins = Array.from({ length: count }, (_, i) => Math.round((lowHz * 2 ** (i / bandsPerOctave)) / binHz))
  const edges = [...new Set(bins)].filter((bin) => bin > 0 && bin <= fftSize / 2)
  const rows = edges.slice(1, -1).map((centre, i) => {
    const [low, high] = [edges[i]!, edges[i + 2]!]
    return triangle(low * binHz, centre * binHz, high * binHz, binHz, fftSize / 2 + 1, 1)
  })
  return pack(rows)
}

/** `bands` touching triangles from `lowHz` to `highHz`, even in log frequency, each of unit area and at least a bin wide. */
export const displayBank = (sampleRate: number, fftSize: number, bands: number, lowHz: number, highHz: number) => {
  const binHz = sampleRate / fftSize
  const step = (highHz / lowHz) ** (1 / (bands - 1))
  const rows = Array.from({ length: bands }, (_, i) => {
    const centre = lowHz * step ** i
    const reach = Math.max(centre * (step - 1), binHz * 1.01)
    const row = triangle(Math.max(0, centre - reach), centre, centre + reach, binHz, fftSize / 2 + 1, 1)
    const area = row.weights.reduce((a, b) => a + b, 0)
    return { ...row, weights: row.weights.map((weight) => weight / area) }
  })
  return pack(rows)
}
