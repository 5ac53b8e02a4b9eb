/**
 * Onset evidence: SuperFlux (Böck & Widmer, DAFx 2013) in six frequency regions. A logarithmic spectrogram is compared
 * with a frequency-wise maximum of an earlier frame, which hides vibrato; rises are averaged region by region.
 */
import { logBank, runsBank } from './filterbank.ts'
import { type GrowingF32, growingF32 } from './grow.ts'
import { type Kernels, plainKernels } from './kernels.ts'

/** Upper edges of the regions in Hz: sub and kick, bass and low drums, low mid, mid, presence, air. */
export const REGION_EDGES_HZ = [120, 300, 800, 2400, 6000, Infinity] as const
export const REGIONS = REGION_EDGES_HZ.length

export type FluxMeter = {
  /** The magnitude spectrum of the next frame, in the memory of the kernels. */
  push(magnitude: Float32Array): void
  /** `REGIONS` values a frame: mean rise of log magnitude. */
  readonly flux: GrowingF32
}

const BANDS_PER_OCTAVE = 24
const LOW_HZ = 30
const HIGH_HZ = 16_000
/** Frames between the two that are compared: 20 ms, half the rise of an onset in a 46 ms window. */
const LAG = 2
/** log(1 + GAIN · magnitude): how quiet a partial may be and still count. */
const GAIN = 8

/** What `GAIN` is set for: shorter spectra are scaled up to this size. */
const REFERENCE_SIZE = 2048

const regionOf = (hz: number) => REGION_EDGES_HZ.findIndex((edge) => hz < edge)

/** The mean over the bands of each region; a region without bands has 0. */
const regionMeans = (centreHz: Float32Array) => {
  const regions = Array.from(centreHz, regionOf)
  return runsBank(
    REGION_EDGES_HZ.map((_, r) => {
      const count = regions.filter((region) => region === r).length
      return {
        from: Math.max(0, regions.indexOf(r)),
        weights: new Float32Array(Math.max(1, count)).fill(count && 1 / count),
      }
    }),
  )
}

/**
 * One spectrum after the other, in the memory of `kernels` (plain ones read any): the mean rises of the regions. The
 * result is reused by the next call.
 */
export const superFlux = (
  sampleRate: number,
  fftSize: number,
  kernels: Kernels = plainKernels(),
): ((magnitude: Float32Array) => Float32Array) => {
  const bank = logBank(sampleRate, fftSize, BANDS_PER_OCTAVE, LOW_HZ, HIGH_HZ)
  const applyBank = kernels.bank(bank)
  const sumRegions = kernels.bank(regionMeans(bank.centreHz))
  const history = Array.from({ length: LAG + 1 }, () => kernels.floats(bank.bands))
  const rise = kernels.floats(bank.bands)
  const out = kernels.floats(REGIONS)
  const gain = (GAIN * REFERENCE_SIZE) / fftSize
  let frame = 0
  return (magnitude) => {
    const now = history[frame % (LAG + 1)]!
    applyBank(magnitude, now)
    kernels.logOnePlus(now, gain)
    kernels.rises(now, history[(frame + 1) % (LAG + 1)]!, rise)
    sumRegions(rise, out)
    frame++
    return out
  }
}

/** The same, kept for the whole track. */
export const fluxMeter = (kernels: Kernels, sampleRate: number, fftSize: number, framesHint: number): FluxMeter => {
  const rises = superFlux(sampleRate, fftSize, kernels)
  const flux = growingF32(framesHint * REGIONS)
  return { push: (magnitude) => flux.append(rises(magnitude), REGIONS), flux }
}
