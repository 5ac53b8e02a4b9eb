/** One look at a block of one channel, for all who would otherwise look at every sample themselves. */

/** Samples judged together. */
export const STRETCH = 32

export type Scan = {
  /** Largest magnitude of each `STRETCH` samples; the last stretch may be shorter. */
  peaks: Float32Array
  stretches: number
  peak: number
  sum: number
  /** Sum of squares; no number if any sample is none. */
  squares: number
}

export const createScan = (blockSize: number): Scan => ({
  peaks: new Float32Array(Math.ceil(blockSize / STRETCH)),
  stretches: 0,
  peak: 0,
  sum: 0,
  squares: 0,
})

/** Fills `scan`. Two accumulators of each kind: one alone would wait for every addition. */
export const scanBlock = (x: Float32Array, scan: Scan) => {
  let [squares, squaresOdd, sum, sumOdd, peak, stretch] = [0, 0, 0, 0, 0, 0]
  for (let from = 0; from < x.length; from += STRETCH) {
    const to = Math.min(x.length, from + STRETCH)
    let top = 0
    let i = from
    for (; i + 1 < to; i += 2) {
      const a = x[i]!
      const b = x[i + 1]!
      squares += a * a
      squaresOdd += b * b
      sum += a
      sumOdd += b
      top = Math.max(top, Math.abs(a), Math.abs(b))
    }
    if (i < to) {
      const a = x[i]!
      squares += a * a
      sum += a
      top = Math.max(top, Math.abs(a))
    }
    scan.peaks[stretch++] = top
    if (top > peak) peak = top
  }
  scan.stretches = stretch
  scan.peak = peak
  scan.sum = sum + sumOdd
  scan.squares = squares + squaresOdd
}
