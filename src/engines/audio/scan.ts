/** One look at a block of one channel, for all who would otherwise look at every sample themselves. */
import { type Kernels, STRETCH } from './kernels.ts'

export type Scan = {
  /** Reads a block in the memory of the kernels, a multiple of `STRETCH` long. */
  read(x: Float32Array): void
  /** Largest magnitude of each `STRETCH` samples. */
  readonly peaks: Float32Array
  /** Of all; no number if any sample is none. */
  peak: number
  sum: number
  squares: number
}

export const createScan = (kernels: Kernels, size: number): Scan => {
  const peaks = kernels.floats(size / STRETCH)
  const sums = new Float64Array(2)
  const scan: Scan = { read, peaks, peak: 0, sum: 0, squares: 0 }
  function read(x: Float32Array) {
    kernels.scan(x, peaks, sums)
    scan.peak = peaks.reduce((top, value) => Math.max(top, value), 0)
    scan.sum = sums[0]!
    scan.squares = sums[1]!
  }
  return scan
}

/** Of samples anywhere, which are copied. */
export const scanOf = (kernels: Kernels, x: Float32Array): Scan => {
  const size = Math.max(1, Math.ceil(x.length / STRETCH)) * STRETCH
  const copy = kernels.floats(size)
  copy.set(x)
  const scan = createScan(kernels, size)
  scan.read(copy)
  return scan
}
