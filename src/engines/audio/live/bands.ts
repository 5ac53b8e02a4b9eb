/** How loud each region is right now, 0..1, relative to what was heard lately: for those who draw it. */
import { REGION_EDGES_HZ, REGIONS } from '#engines/audio/flux.ts'

/** 0 is this far below the reference, dB. */
const RANGE_DB = 48
/** The reference falls this fast, dB a hop: 3 dB a second. */
const FALL_DB = 0.03
/** It never falls below this (dB of power in a region; a full-scale sine has 0): silence stays dark. */
const REFERENCE_MIN_DB = -50
/** A band falls by no more than this in a hop; it rises at once. */
const DECAY = 0.08

export type BandMeter = {
  /** 0..1 for each region of `REGION_EDGES_HZ`; one array, filled anew every hop. */
  readonly bands: Float32Array
  push(magnitude: Float32Array): void
  reset(): void
}

export const bandMeter = (sampleRate: number, fftSize: number): BandMeter => {
  const bands = new Float32Array(REGIONS)
  const bins = fftSize / 2 + 1
  const edges = REGION_EDGES_HZ.map((hz) => Math.min(bins, Math.ceil((hz * fftSize) / sampleRate)))
  /** Power of a full-scale sine through the Hann window, over the bins it spreads to: (size / 4)² · 1.5. */
  const full = 1.5 * (fftSize / 4) ** 2
  let referenceDb = REFERENCE_MIN_DB
  const levelsDb = new Float64Array(REGIONS)
  return {
    bands,
    push(magnitude) {
      referenceDb = Math.max(REFERENCE_MIN_DB, referenceDb - FALL_DB)
      for (let r = 0, bin = 1; r < REGIONS; r++) {
        let power = 0
        for (; bin < edges[r]!; bin++) power += magnitude[bin]! * magnitude[bin]!
        levelsDb[r] = 10 * Math.log10(power / full + 1e-12)
        if (levelsDb[r]! > referenceDb) referenceDb = levelsDb[r]!
      }
      for (let r = 0; r < REGIONS; r++) {
        const level = Math.max(0, 1 + (levelsDb[r]! - referenceDb) / RANGE_DB)
        bands[r] = Math.max(level, bands[r]! - DECAY, 0)
      }
    },
    reset() {
      bands.fill(0)
      referenceDb = REFERENCE_MIN_DB
    },
  }
}
