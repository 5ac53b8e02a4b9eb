/** Key and mode: correlation of the tuned pitch-class profile with the 24 rotations of two templates. */

export type Mode = 'major' | 'minor'
export type KeyGuess = { tonic: number; mode: Mode; name: string; confidence: number }
export type Key = KeyGuess & { camelot: string; alternatives: KeyGuess[] }

const NAMES = ['C', 'D♭', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'] as const
const MINOR_NAMES = ['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'B♭', 'B'] as const

/**
 * How strongly each degree (semitones above the tonic) is heard: the mean of two published profiles, each freed of its
 * mean and scaled to unit length. Albrecht & Shanahan 2013 (scale degrees in 982 pieces) and Temperley 2005 (Kostka-
 * Payne corpus); the pair did best of nine profiles and blends on the development half of `bench/analysis`.
 */
const TEMPLATES: Record<Mode, readonly number[]> = {
  major: [1.0167, -0.6169, 0.2533, -0.5922, 0.5541, 0.1587, -0.5394, 0.8906, -0.5564, 0.0013, -0.6128, 0.0431],
  minor: [0.9856, -0.6252, 0.2316, 0.4772, -0.6124, 0.2112, -0.5761, 1.0016, -0.0227, -0.5791, -0.3419, -0.1499],
}

/** Loud classes count less than in proportion: one held bass note is not a key. */
const COMPRESSION = 0.7

/** How sharply differences of correlation become confidence. */
const SHARPNESS = 18

export const keyName = (tonic: number, mode: Mode) => `${(mode === 'major' ? NAMES : MINOR_NAMES)[tonic]!} ${mode}`

/** The DJ's wheel: 8B is C major, 8A A minor, a fifth up is one number on. */
export const camelotOf = (tonic: number, mode: Mode) => {
  const major = mode === 'major' ? tonic : tonic + 3
  return `${((major * 7 + 7) % 12) + 1}${mode === 'major' ? 'B' : 'A'}`
}

const correlation = (chroma: ArrayLike<number>, template: readonly number[], tonic: number) => {
  let sumX = 0
  let sumY = 0
  for (let i = 0; i < 12; i++) {
    sumX += chroma[i]!
    sumY += template[i]!
  }
  let xy = 0
  let xx = 0
  let yy = 0
  for (let i = 0; i < 12; i++) {
    const x = chroma[(i + tonic) % 12]! - sumX / 12
    const y = template[i]! - sumY / 12
    xy += x * y
    xx += x * x
    yy += y * y
  }
  return xx > 0 ? xy / Math.sqrt(xx * yy) : 0
}

/**
 * @param chroma 12 values from C, any scale. All equal (silence, noise): C major with confidence 0.
 * `confidence` is the share of this key in a softmax over all 24, 0..1.
 */
export const estimateKey = (chroma: ArrayLike<number>): Key => {
  const heard = Array.from(chroma, (value) => value ** COMPRESSION)
  const guesses = (['major', 'minor'] as const).flatMap((mode) =>
    Array.from({ length: 12 }, (_, tonic) => ({ tonic, mode, score: correlation(heard, TEMPLATES[mode], tonic) })),
  )
  guesses.sort((a, b) => b.score - a.score)
  const best = guesses[0]!
  const total = guesses.reduce((sum, guess) => sum + Math.exp(SHARPNESS * (guess.score - best.score)), 0)
  const named = guesses.slice(0, 4).map(({ tonic, mode, score }) => ({
    tonic,
    mode,
    name: keyName(tonic, mode),
    confidence: best.score > 0 ? Math.exp(SHARPNESS * (score - best.score)) / total : 0,
  }))
  const [first, ...alternatives] = named as [KeyGuess, ...KeyGuess[]]
  return { ...first, camelot: camelotOf(first.tonic, first.mode), alternatives }
}
