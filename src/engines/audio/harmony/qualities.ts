/** The chords that are told apart, and how they are written (Harte 2005: `C:min7`, `N` for none). */

export const QUALITIES = ['maj', 'min', '7', 'maj7', 'min7', 'dim', 'aug', 'sus4', 'hdim7'] as const
export type Quality = (typeof QUALITIES)[number]

/** States of a chord decoder: root · QUALITIES.length + quality, and none. */
export const CHORD_STATES = 12 * QUALITIES.length + 1
export const NO_CHORD = CHORD_STATES - 1

const ROOTS = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B']

export const chordLabel = (state: number): string =>
  state === NO_CHORD ? 'N' : `${ROOTS[Math.floor(state / QUALITIES.length)]!}:${QUALITIES[state % QUALITIES.length]!}`

const SIMPLER: Record<string, Quality> = { maj6: 'maj', min6: 'min', dim7: 'dim', sus2: 'sus4' }

/** The state of a label; undefined for a chord that none of them stands for. */
export const chordState = (label: string): number | undefined => {
  if (label === 'N') return NO_CHORD
  const [root, written = 'maj'] = label.split(':')
  const quality = QUALITIES.indexOf(SIMPLER[written] ?? (written as Quality))
  const pitch = ROOTS.indexOf(root!)
  return quality < 0 || pitch < 0 ? undefined : pitch * QUALITIES.length + quality
}
