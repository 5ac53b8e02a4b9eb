import { crcOf } from './pieces/format.ts'

/**
 * What encoders that ended in the middle of a piece had made of it: listeners may have got that, and get the rest from
 * the next encoder. INVARIANT: when that one makes another beginning, the rendition gets another version, so that nobody
 * takes the two for one whole.
 */
export type CutShort = Map<number, { readonly bytes: number; readonly crc: number }>

/** An encoder has ended; `parts` is what it had made of the piece it was at. */
export function noteCut(cuts: CutShort, piece: number, parts: readonly Buffer[]): void {
  const made = Buffer.concat(parts)
  if (made.length > 0) cuts.set(piece, { bytes: made.length, crc: crcOf(made) })
}

/** A piece is whole: whether what was sent of it is another. Asked once. */
export function isOtherThanCut(cuts: CutShort, piece: number, whole: Buffer): boolean {
  const cut = cuts.get(piece)
  cuts.delete(piece)
  return cut !== undefined && crcOf(whole.subarray(0, cut.bytes)) !== cut.crc
}
