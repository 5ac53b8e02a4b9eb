/** All styles of the composed pieces, and those that nobody may train on. */
import { BANDS } from './bands.ts'
import { CONCERT } from './concert.ts'
import { ELECTRONIC } from './electronic.ts'
import { JAZZ_AND_LATIN } from './jazz.ts'
import type { Style } from './types.ts'

export type { Groove, Style } from './types.ts'

export const STYLES: Record<string, Style> = { ...ELECTRONIC, ...BANDS, ...JAZZ_AND_LATIN, ...CONCERT }

/** Kinds of music that training and choices never hear; each has a relative among the others that is not the same. */
export const HELD_OUT_STYLES: ReadonlySet<string> = new Set([
  'disco',
  'drum and bass',
  'shuffle',
  'metal',
  'seven eight',
  'jazz waltz',
  'samba',
  'reggae',
  'march',
  'string adagio',
  'baroque motor',
  'celtic jig',
])
