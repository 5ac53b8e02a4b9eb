/**
 * Onsets: peaks of the evidence of all regions together (SuperFlux, Böck & Widmer 2013), each judged by how strong it is
 * in every region and over its surroundings. Learned weights take the place of a threshold.
 */
import { type Evidence, movingMean, pickPeaks } from '#engines/audio/evidence.ts'

/** What each region adds where peaks are looked for, and the least that is looked at. */
const WEIGHTS = [0.7, 0.7, 1, 1.2, 1, 0.8] as const
const CANDIDATE_MIN = 0.3
/** Frames between two onsets. */
const GAP = 4
/** Half widths of the surroundings: a fast note, a bar. */
const NEAR = 8
const FAR = 60
/** How late the evidence peaks, frames: 10 ms for soft attacks, next to nothing for clicks; half-way between. */
export const EVIDENCE_LAG = 0.5

export type Peaks = { frames: number[]; features(frame: number): number[] }

/** Where onsets may be, and what they are judged by; the last feature is the constant 1. */
export const onsetPeaks = ({ regions, harmonic, frames }: Evidence): Peaks => {
  const joint = new Float32Array(frames)
  regions.forEach((region, r) => {
    for (let t = 0; t < frames; t++) joint[t]! += WEIGHTS[r]! * region[t]!
  })
  const near = movingMean(joint, NEAR)
  const far = movingMean(joint, FAR)
  const features = (t: number) => {
    const each = regions.map((region) => region[t]!)
    return [
      ...each,
      ...each.map(Math.sqrt),
      Math.sqrt(joint[t]!),
      Math.log(0.1 + joint[t]! / (0.1 + near[t]!)),
      Math.log(0.1 + joint[t]! / (0.1 + far[t]!)),
      Math.max(joint[t - 1] ?? 0, joint[t + 1] ?? 0) / joint[t]!,
      harmonic[t]!,
      1,
    ]
  }
  return { frames: pickPeaks(joint, CANDIDATE_MIN, GAP), features }
}

/** Frames, ascending. @param weights log-odds of an onset, one for each feature. */
export const findOnsets = (evidence: Evidence, weights: readonly number[]): number[] => {
  const { frames, features } = onsetPeaks(evidence)
  return frames.filter((frame) => features(frame).reduce((sum, value, f) => sum + value * weights[f]!, 0) > 0)
}
