import { foldLetters } from './fold.ts'

const STEPS: Readonly<Record<string, number>> = { c: 0, d: 2, e: 4, f: 5, g: 7, a: 9, b: 11, h: 11 }
const NAMED = /^([a-h])\s*(#|♯|b|♭|sharp|flat|is|es)?\s*[- ]?\s*(major|maj|dur|minor|min|moll|m)?$/
const CAMELOT = /^(1[0-2]|[1-9])\s*([ab])$/

/** Number on the Camelot wheel: 1A 1, 1B 2 … 12B 24. */
const camelotNo = (number: number, isMinor: boolean): number => number * 2 - (isMinor ? 1 : 0)

/**
 * Number of a key as people write it (`D minor`, `Dm`, `F♯ major`, `gb`, `Es-Dur`) or as disc jockeys do (`7A`);
 * enharmonic spellings are one key. 0, which no song has, for what is no key.
 */
export function keyNo(text: string): number {
  const folded = foldLetters(text).trim().replaceAll('♯', '#').replaceAll('♭', 'b')
  const camelot = CAMELOT.exec(folded)
  if (camelot) return camelotNo(Number(camelot[1]), camelot[2] === 'a')
  const named = NAMED.exec(folded)
  if (!named) return 0
  const [, step = '', sign = '', mode = 'major'] = named
  const shift = ['#', 'sharp', 'is'].includes(sign) ? 1 : sign === '' ? 0 : -1
  const tonic = ((STEPS[step] ?? 0) + shift + 12) % 12
  const isMinor = mode.startsWith('mi') || mode.startsWith('mo') || mode === 'm'
  const major = isMinor ? tonic + 3 : tonic
  return camelotNo(((major * 7 + 7) % 12) + 1, isMinor)
}
