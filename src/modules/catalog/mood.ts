/**
 * Where music stands in the mood space of Russell (A circumplex model of affect, 1980): valence from unpleasant to
 * pleasant, arousal from calm to excited, both 0..1. A PROXY until the engine measures valence: it hears neither words
 * nor timbre. Arousal is energy and tempo; valence is mode first and tempo second, in the order and roughly with the
 * weights that Eerola, Friberg & Bresin (Emotional expression in music, Frontiers in Psychology 4, 2013) found for
 * listeners: mode, then tempo.
 */
export const MOODS = [
  'happy',
  'energetic',
  'calm',
  'romantic',
  'sad',
  'angry',
  'fearful',
  'surprised',
  'neutral',
] as const
export type Mood = (typeof MOODS)[number]

/** Slower and faster music than this sounds no calmer and no more excited. */
const [TEMPO_SLOW, TEMPO_FAST] = [60, 160]
const VALENCE = { major: 0.66, minor: 0.3 } as const
const TEMPO_ON_VALENCE = 0.3
const ENERGY_ON_AROUSAL = 0.75
/** Nearer than this to the middle nothing is felt. */
const NEUTRAL_RADIUS = 0.09

/** Quadrants by angle around the middle, in degrees from pleasant on, against the clock; each up to the next. */
const SECTORS: readonly (readonly [fromDeg: number, mood: Mood])[] = [
  [-60, 'calm'],
  [-25, 'romantic'],
  [0, 'happy'],
  [50, 'energetic'],
  [92, 'angry'],
  [180, 'sad'],
]
const clamp01 = (x: number): number => Math.min(1, Math.max(0, x))

export type MoodFacts = { valence: number; arousal: number; mood: Mood }
/** Null while tempo, key or energy is not known. */
export function moodOf(f: { tempo: number | null; key: string | null; energy: number | null }): MoodFacts | null {
  if (f.tempo === null || f.key === null || f.energy === null) return null
  const pace = clamp01((f.tempo - TEMPO_SLOW) / (TEMPO_FAST - TEMPO_SLOW))
  const mode = f.key.endsWith('minor') ? 'minor' : 'major'
  const valence = clamp01(VALENCE[mode] + TEMPO_ON_VALENCE * (pace - 0.5))
  const arousal = clamp01(ENERGY_ON_AROUSAL * f.energy + (1 - ENERGY_ON_AROUSAL) * pace)
  return { valence, arousal, mood: moodAt(valence, arousal) }
}

function moodAt(valence: number, arousal: number): Mood {
  const [x, y] = [valence - 0.5, arousal - 0.5]
  if (Math.hypot(x, y) < NEUTRAL_RADIUS) return 'neutral'
  const deg = (Math.atan2(y, x) * 180) / Math.PI
  // Unpleasant and calm reaches round the back to where calm begins.
  return SECTORS.findLast(([from]) => deg >= from)?.[1] ?? (deg >= -100 ? 'calm' : 'sad')
}
