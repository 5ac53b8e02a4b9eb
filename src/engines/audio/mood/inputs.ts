/** What the learned scores read: timbre, how the level moves, how hard and how often onsets come, how tuned it is. */
import { HARMONY_VALUES } from '#engines/audio/embedding/harmony.ts'
import { REGIONS } from '#engines/audio/flux.ts'
import { RHYTHM_VALUES } from '#engines/audio/embedding/rhythm.ts'
import { TIMBRE_VALUES } from '#engines/audio/embedding/timbre.ts'
import type { Modulation } from './modulation.ts'

/** The tail of the rhythm block: strengths of the regions, onset rate, tempo, its confidence, jitter, range. */
const OF_RHYTHM = 2 * REGIONS + 5
/** The tail of the harmony block: stillness, tuning, mode. */
const OF_HARMONY = 3
const OF_MODULATION = 10

export const MOOD_INPUTS = TIMBRE_VALUES + OF_HARMONY + OF_RHYTHM + OF_MODULATION

/** @param raw as `rawOf` gives it. */
export const moodInputs = (raw: Float32Array, { octaves, depth, pauses, lows, hissSkew }: Modulation): Float32Array => {
  const out = new Float32Array(MOOD_INPUTS)
  const harmonyEnd = TIMBRE_VALUES + HARMONY_VALUES
  out.set(raw.subarray(0, TIMBRE_VALUES))
  out.set(raw.subarray(harmonyEnd - OF_HARMONY, harmonyEnd), TIMBRE_VALUES)
  out.set(raw.subarray(harmonyEnd + RHYTHM_VALUES - OF_RHYTHM), TIMBRE_VALUES + OF_HARMONY)
  out.set([...octaves, depth, pauses, lows, hissSkew], TIMBRE_VALUES + OF_HARMONY + OF_RHYTHM)
  return out
}
