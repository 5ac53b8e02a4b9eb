/** What the server takes; it also refuses passwords that many people use. */
export const PASSWORD_LENGTH_MIN = 8
export const PASSWORD_LENGTH_MAX = 256
export const PASSWORD_LENGTH_ADVISED = 15
/** Fewer different characters than this are a pattern, however long. */
const VARIETY_MIN = 5

export type Strength = { steps: 0 | 1 | 2 | 3; advice: string }

/** Length is what counts (NIST 800-63B): no rules about kinds of characters. */
export function strengthOf(password: string): Strength {
  const characters = Array.from(password.normalize('NFKC').toLowerCase())
  const { length } = characters
  const left = PASSWORD_LENGTH_MIN - length
  if (length === 0)
    return {
      steps: 0,
      advice: `At least ${PASSWORD_LENGTH_MIN} characters; ${PASSWORD_LENGTH_ADVISED} or more are better.`,
    }
  if (left > 0) return { steps: 1, advice: left === 1 ? 'One character more.' : `${left} characters more.` }
  if (new Set(characters).size < VARIETY_MIN)
    return { steps: 1, advice: 'This repeats itself: take more different characters.' }
  if (length < PASSWORD_LENGTH_ADVISED) return { steps: 2, advice: 'Good. Three or four words in a row are better.' }
  return { steps: 3, advice: 'Strong.' }
}
