/** The timbre block: how the music sounds, whatever is played. Of audible frames only; logarithms of what is a ratio. */
import { MFCC_COUNT } from '#engines/audio/cepstrum.ts'
import { CONTRAST_BANDS } from '#engines/audio/shape.ts'
import { audibleFrames, type Heard, spreadOf } from './heard.ts'

const BANDS = 6
const SCALARS = 5
/** Coefficient 0 is the level: only its movement counts. */
export const TIMBRE_VALUES = MFCC_COUNT - 1 + MFCC_COUNT + 2 * CONTRAST_BANDS + 2 * SCALARS + BANDS

const LEAST_SHARE = 1e-5
const log2 = (value: number, least: number) => Math.log2(Math.max(least, value))

export const timbreOf = (heard: Heard): Float32Array => {
  const { frames, bands } = heard
  const rows = audibleFrames(frames)
  const out = new Float32Array(TIMBRE_VALUES)
  if (rows.length === 0) return out
  let at = 0
  for (let c = 0; c < MFCC_COUNT; c++) {
    const { mean, deviation } = spreadOf(rows, (row) => frames.mfcc[row * MFCC_COUNT + c]!)
    if (c > 0) out[at++] = mean
    out[at++] = log2(deviation, 0.25)
  }
  for (let b = 0; b < CONTRAST_BANDS; b++) {
    const { mean, deviation } = spreadOf(rows, (row) => frames.contrastDb[row * CONTRAST_BANDS + b]!)
    out[at++] = mean
    out[at++] = deviation
  }
  const scalars: [values: Float32Array, least: number][] = [
    [frames.centroidHz, 20],
    [frames.rolloffHz, 20],
    [frames.bandwidthHz, 20],
    [frames.flatness, 1e-6],
    [frames.zeroCrossingRate, 1e-4],
  ]
  for (const [values, least] of scalars) {
    const { mean, deviation } = spreadOf(rows, (row) => log2(values[row]!, least))
    out[at++] = mean
    out[at++] = deviation
  }
  for (const share of bands) out[at++] = log2(share, LEAST_SHARE)
  return out
}
