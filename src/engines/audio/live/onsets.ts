/** Onsets as they happen: the strength of all regions together, and a flag in the hop in which it is known. */
import { REGION_WEIGHTS } from '#engines/audio/evidence.ts'
import { REGIONS } from '#engines/audio/flux.ts'
import { normaliser } from './normalise.ts'

/** A flag wants this much strength … */
const THRESHOLD = 0.4
/** … and this much over the mean of the last hops, so that a trill of noise is not a row of onsets. */
const OVER_MEAN = 0.25
const MEAN_HOPS = 10
/** Hops between two flags. */
const GAP = 6

/** Weaker rises of a region are the noise of a converter; of all together, that of noise. */
const REGION_SCALE_MIN = 1e-3
const JOINT_SCALE_MIN = 0.6

export type OnsetMeter = {
  /** 0..2.5, about 1 at a typical onset. */
  readonly strength: number
  readonly onset: boolean
  /** The same of every region. */
  readonly regions: Float64Array
  /** @param flux `REGIONS` values; `audible` false: whatever rises is noise of nothing. */
  push(flux: Float32Array, audible: boolean): void
  reset(): void
}

export const onsetMeter = (): OnsetMeter => {
  const meters = Array.from({ length: REGIONS }, () => normaliser(REGION_SCALE_MIN))
  const regions = new Float64Array(REGIONS)
  const joint = normaliser(JOINT_SCALE_MIN)
  let [strength, mean, since] = [0, 0, GAP]
  let onset = false
  return {
    regions,
    get strength() {
      return strength
    },
    get onset() {
      return onset
    },
    push(flux, audible) {
      let sum = 0
      for (let r = 0; r < REGIONS; r++) {
        const rise = meters[r]!.next(flux[r]!)
        regions[r] = audible ? rise : 0
        sum += REGION_WEIGHTS[r]! * rise
      }
      const before = strength
      strength = joint.next(audible ? sum : 0)
      since++
      onset = since >= GAP && strength > THRESHOLD && strength > mean + OVER_MEAN && strength > before
      if (onset) since = 0
      mean += (strength - mean) / MEAN_HOPS
    },
    reset() {
      for (const meter of meters) meter.reset()
      joint.reset()
      strength = mean = 0
      since = GAP
      onset = false
    },
  }
}
