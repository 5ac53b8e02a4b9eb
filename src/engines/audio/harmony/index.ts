/** Key, key changes and chords of a finished track, from the rows that streamed by. */
import type { Kernels } from '#engines/audio/kernels.ts'
import type { Key } from '#engines/audio/key.ts'
import { type Cells, cellsOf, edgesOf } from './cells.ts'
import { type ChordSpan, chordPath, chordPosteriors, chordSpans } from './chords.ts'
import { findKeys, type KeySpan } from './keys.ts'
import { tonalOf } from './tonal.ts'

export { type BandRows, bandRows } from './rows.ts'
export type { Cells } from './cells.ts'
export type { ChordSpan } from './chords.ts'
export type { KeySpan } from './keys.ts'

export type Harmony = { key: Key; keyChanges: KeySpan[]; chords: ChordSpan[]; cells: Cells }

/**
 * @param rows of `bandRows`; @param beats seconds; @param sureness 0..1, how much of the sound has pitches at all:
 * confidences are scaled by it. Quicker with the kernels of the analysis.
 */
export const findHarmony = (
  rows: Uint8Array,
  beats: ArrayLike<number>,
  durationSec: number,
  sureness: number,
  kernels?: Kernels,
): Harmony => {
  const cells = cellsOf(rows, edgesOf(beats, durationSec))
  const posteriors = chordPosteriors(cells, kernels)
  const path = chordPath(posteriors, cells.count)
  const { key, keys } = findKeys(tonalOf(cells, posteriors, path), sureness, kernels)
  return { key, keyChanges: keys, chords: chordSpans(cells, posteriors, path, sureness), cells }
}
