/** The causal kin of `evidence.ts`: a curve freed of its floor and scaled by its recent strength, value by value. */
import { CEILING, PEAK_OVER_RMS, SCALE_FLOOR } from '#engines/audio/evidence.ts'

/** Hops the floor and the scale look back over (time constants). */
const FLOOR_HOPS = 16
const SCALE_HOPS = 400
/** How long the strongest passage is remembered: a minute. */
const MEMORY_HOPS = 6000
/** In even noise nothing stands out: the scale is at least this many floors. */
const FLOOR_SHARE = 1

export type Normaliser = { next(value: number): number; reset(): void }

/**
 * A typical onset becomes about 1, whatever the level of the passage.
 * @param leastScale weaker rises than this are not made larger.
 */
export const normaliser = (leastScale: number): Normaliser => {
  const leastSquare = leastScale ** 2
  let floor = 0
  let square = 0
  let memory = 0
  let heard = 0
  return {
    next(value) {
      // Means over what was heard so far, until that is more than the time constants.
      heard++
      const rise = Math.max(0, value - floor)
      floor += (value - floor) / Math.min(heard, FLOOR_HOPS)
      square += (rise * rise - square) / Math.min(heard, SCALE_HOPS)
      memory = Math.max(square, memory * (1 - 1 / MEMORY_HOPS))
      const scale = Math.sqrt(Math.max(square, SCALE_FLOOR ** 2 * memory, (FLOOR_SHARE * floor) ** 2, leastSquare))
      return Math.min(CEILING, rise / (scale * PEAK_OVER_RMS))
    },
    reset() {
      floor = square = memory = heard = 0
    },
  }
}
