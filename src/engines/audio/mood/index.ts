/**
 * What the music feels like, 0..1 each. **None is validated against people**: `TARGETS` says what each was made to tell,
 * and how well it does was only measured on renderings whose instruments and notes are known.
 */
import { HARMONY_VALUES } from '#engines/audio/embedding/harmony.ts'
import type { Heard } from '#engines/audio/embedding/heard.ts'
import { TIMBRE_VALUES } from '#engines/audio/embedding/timbre.ts'
import { cuesOf } from './cues.ts'
import { MOOD_INPUTS, moodInputs } from './inputs.ts'
import { LEARNED } from './model.ts'
import { modulationOf } from './modulation.ts'
import { arousalOf, danceabilityOf, energyOf, logistic, valenceOf } from './scores.ts'

export type Mood = {
  /** Intensity: loud, dense, bright, rough. */
  energy: number
  /** A clear, even pulse near 120 beats a minute with weight in the low drums. */
  danceability: number
  /** 0 sad or dark, 1 happy: mode, then tempo, then the rest. */
  valence: number
  /** 0 calm, 1 excited: loudness, speed, density, brightness, attack. */
  arousal: number
  /** Share of what sounds that is played by acoustic instruments or sung. */
  acousticness: number
  /** 1 where nobody sings or speaks. */
  instrumentalness: number
  /** 1 where somebody speaks. */
  speechiness: number
}

type Target = { learnedFrom: string; validatedAgainstPeople: false }
const literature = (source: string): Target => ({ learnedFrom: source, validatedAgainstPeople: false })

/** What each score was made to tell. */
export const TARGETS: Record<keyof Mood, Target> = {
  energy: literature('weights chosen after Gabrielsson & Lindström 2010, intensity alone; nothing fitted'),
  danceability: literature('weights chosen after Streich & Herrera 2005: pulse, its evenness, tempo; nothing fitted'),
  valence: literature('weights chosen in the order of Eerola, Friberg & Bresin 2013; nothing fitted'),
  arousal: literature('weights chosen after Gabrielsson & Lindström 2010; nothing fitted'),
  acousticness: literature('fitted to the share of acoustic programs in renderings of composed pieces'),
  instrumentalness: literature('fitted to the absence of synthetic singing and speech in renderings'),
  speechiness: literature('fitted to synthetic speech in nine languages against renderings of music'),
}

const CLIP = 3

/** Rows of weights in the model: acousticness, instrumentalness, speechiness. */
const scoreOf = (row: number, inputs: Float32Array): number => {
  const { centre, octaves, weights } = LEARNED
  const at = row * (MOOD_INPUTS + 1)
  let sum = weights[at + MOOD_INPUTS]!
  for (let i = 0; i < MOOD_INPUTS; i++)
    sum += weights[at + i]! * Math.max(-CLIP, Math.min(CLIP, inputs[i]! * 2 ** -octaves[i]! - centre[i]!))
  return logistic(sum)
}

export type LearnedScores = Pick<Mood, 'acousticness' | 'instrumentalness' | 'speechiness'>

/** @param inputs as `moodInputs` gives them. */
export const learnedScores = (inputs: Float32Array): LearnedScores => ({
  acousticness: scoreOf(0, inputs),
  instrumentalness: scoreOf(1, inputs),
  speechiness: scoreOf(2, inputs),
})

/** Of silence, and of what is too short to be judged. */
const NOTHING: Mood = {
  energy: 0,
  danceability: 0,
  valence: 0.5,
  arousal: 0,
  acousticness: 0.5,
  instrumentalness: 0.5,
  speechiness: 0,
}
const LEAST_LUFS = -69

/** @param raw as `rawOf` of the embedding gives it for the same music. */
export const moodOf = (heard: Heard, raw: Float32Array): Mood => {
  if (heard.loudness.integratedLufs < LEAST_LUFS || heard.frames.count === 0) return { ...NOTHING }
  const modulation = modulationOf(heard)
  const cues = cuesOf(heard, modulation, raw.subarray(TIMBRE_VALUES + HARMONY_VALUES))
  const learned = learnedScores(moodInputs(raw, modulation))
  return {
    energy: energyOf(cues),
    danceability: danceabilityOf(cues) * (1 - learned.speechiness),
    valence: valenceOf(cues),
    arousal: arousalOf(cues),
    ...learned,
  }
}
