/**
 * Scores that follow from the literature rather than from examples: sums of cues with the signs, and roughly the order
 * of size, that experiments found. Valence: mode before tempo before register before dynamics before articulation before
 * timbre, additive (Eerola, Friberg & Bresin 2013). Arousal: loudness and speed first, then brightness, attack and
 * articulation (Gabrielsson & Lindström 2010). Danceability: a clear, even pulse near 120 beats a minute with weight in
 * the low drums (Streich & Herrera 2005). None was validated against people.
 */
import type { Cues } from './cues.ts'

type Weights = Partial<Record<keyof Cues, number>> & { constant: number }

/** No weight here is negative: louder, faster, denser, brighter and harder music is never less aroused. */
const AROUSAL: Weights = {
  constant: -0.2,
  loudness: 1.1,
  density: 1,
  tempo: 0.8,
  brightness: 0.7,
  roughness: 0.4,
  staccato: 0.3,
  attack: 0.2,
}

/** As arousal, but of the sound alone: how intense it is, whatever its tempo is said to be. */
const ENERGY: Weights = {
  constant: 0,
  loudness: 1.6,
  density: 1,
  brightness: 0.8,
  roughness: 0.5,
  lowBeat: 0.3,
}

const VALENCE: Weights = {
  constant: 0.1,
  mode: 1.1,
  tempo: 0.7,
  density: 0.3,
  brightness: 0.35,
  loudness: -0.2,
  staccato: 0.15,
  roughness: -0.1,
}

const DANCE: Weights = {
  constant: -1.5,
  pulse: 2.5,
  danceTempo: 2,
  lowBeat: 0.5,
  density: 0.3,
  attack: 0.2,
}

const sumOf = ({ constant, ...weights }: Weights, cues: Cues): number =>
  Object.entries(weights).reduce((sum, [name, weight]) => sum + weight * cues[name as keyof Cues], constant)

export const logistic = (x: number) => 1 / (1 + Math.exp(-x))

export const arousalOf = (cues: Cues): number => logistic(1.3 * sumOf(AROUSAL, cues))
export const energyOf = (cues: Cues): number => logistic(1.2 * sumOf(ENERGY, cues))
export const valenceOf = (cues: Cues): number => logistic(1.2 * sumOf(VALENCE, cues))

/** Without a pulse nothing can be danced to: it multiplies what speaks for it. */
export const danceabilityOf = (cues: Cues): number => Math.sqrt(cues.pulse) * logistic(sumOf(DANCE, cues))
