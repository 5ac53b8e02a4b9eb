/** What keys are called. How they are found: `harmony/keys.ts`. */

export type Mode = 'major' | 'minor'
/** `tonic` 0..11 from C; `confidence` its probability, 0..1. */
export type KeyGuess = { tonic: number; mode: Mode; name: string; confidence: number }
export type Key = KeyGuess & { camelot: string; alternatives: KeyGuess[] }

const NAMES = ['C', 'D♭', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'A♭', 'A', 'B♭', 'B'] as const
const MINOR_NAMES = ['C', 'C♯', 'D', 'E♭', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'B♭', 'B'] as const

export const keyName = (tonic: number, mode: Mode) => `${(mode === 'major' ? NAMES : MINOR_NAMES)[tonic]!} ${mode}`

/** The DJ's wheel: 8B is C major, 8A A minor, a fifth up is one number on. */
export const camelotOf = (tonic: number, mode: Mode) => {
  const major = mode === 'major' ? tonic : tonic + 3
  return `${((major * 7 + 7) % 12) + 1}${mode === 'major' ? 'B' : 'A'}`
}
