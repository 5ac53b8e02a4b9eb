/** Key and mode: correlation of the tuned pitch-class profile with the 24 rotations of two templates. */

export type Mode = 'major' | 'minor'
export type KeyGuess = { tonic: number; mode: Mode; name: string; confidence: number }
export type Key = KeyGuess & { camelot: string; alternatives: KeyGuess[] }

const NAMES = ['C', 'D♭', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'] as const
const MINOR_NAMES = ['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'B♭', 'B'] as const

/** How strongly each degree (semitones above the tonic) is heard; see `bench/analysis` for how they were chosen. */
const TEMPLATES: Record<Mode, readonly number[]> = {
  // Albrecht & Shanahan 2013: distributions of scale degrees in 982 pieces of the common-practice repertoire.
  major: [0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.08, 0.008, 0.081],
  minor: [0.22, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052],
}

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
  const guesses = (['major', 'minor'] as const).flatMap((mode) =>
    Array.from({ length: 12 }, (_, tonic) => ({ tonic, mode, score: correlation(chroma, TEMPLATES[mode], tonic) })),
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
