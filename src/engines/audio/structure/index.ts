/** Sections of a finished track, with the same letter where they sound alike. */
import { nameSections } from './labels.ts'
import { cutsOf } from './segments.ts'
import { type Heard, unitsOf } from './units.ts'

export { type Heard, TIMBRE_ROWS_PER_SEC, TIMBRE_WIDTH } from './units.ts'

export type Section = {
  startSec: number
  endSec: number
  /** `A` is what comes first, then `B` …; the same letter says that it sounds alike. After `Z` comes `AA`. */
  label: string
  /** 0..1, of the label; not a probability. */
  confidence: number
}

const LETTERS = 26

const letterOf = (group: number): string =>
  (group >= LETTERS ? letterOf(Math.floor(group / LETTERS) - 1) : '') + String.fromCodePoint(65 + (group % LETTERS))

/** End to end over the whole track; at least one, at most one for each six seconds. */
export const findSections = (heard: Heard): Section[] => {
  const units = unitsOf(heard)
  const starts = cutsOf(units)
  const named = nameSections(units, starts)
  return named.map(({ group, confidence }, i) => ({
    startSec: units.edgesSec[starts[i]!]!,
    endSec: units.edgesSec[starts[i + 1]!]!,
    label: letterOf(group),
    confidence,
  }))
}
