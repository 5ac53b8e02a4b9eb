import { GRID_SEC, GRIDS_PER_PIECE, type Layout } from '../renditions/layout.ts'

/** Where a piece sounds, in samples of the music: `start` ≤ sample < `end`. The encoder's delay is none of it. */
export type Span = { readonly start: number; readonly end: number }

/**
 * INVARIANT: the spans of all pieces follow each other without gap or overlap from 0 to `layout.samples`, and none is
 * empty: the layout has just as many packets as the delay and the music need.
 */
export function spanOf(layout: Layout, piece: number): Span {
  const pieceSamples = layout.packetsPerPiece * layout.packetSamples
  return {
    start: Math.max(0, piece * pieceSamples - layout.delaySamples),
    end: Math.min(layout.samples, (piece + 1) * pieceSamples - layout.delaySamples),
  }
}

const MICROS = 1_000_000
const microsAt = (layout: Layout, sample: number): number => Math.round((sample * MICROS) / layout.sampleRateHz)

/**
 * Seconds that a piece sounds, with six digits. Rounded are the ends and not the lengths, so the sum of any run of them
 * is right to the digit, which is less than a sample at any rate that music has.
 */
export function pieceSeconds(layout: Layout, piece: number): string {
  const { start, end } = spanOf(layout, piece)
  return ((microsAt(layout, end) - microsAt(layout, start)) / MICROS).toFixed(6)
}

/** One for all tiers and songs: a piece is never longer. */
export const TARGET_SEC = Math.ceil(GRID_SEC * GRIDS_PER_PIECE.aac)
