import { type Layout, packetsIn } from '../layout.ts'

/** Packets in one container: everything is known before any of them is read. */
export type CopyFile = {
  readonly contentType: string
  readonly header: Buffer
  /** Of each piece. */
  readonly pieceBytes: readonly number[]
  pack(piece: number, packets: readonly Buffer[]): Buffer
}
/** The packets of a piece: `from` inclusive, `to` exclusive. */
export type Span = { readonly from: number; readonly to: number }

export const spansOf = (layout: Layout): Span[] =>
  Array.from({ length: layout.pieces }, (_, piece) => {
    const from = piece * layout.packetsPerPiece
    return { from, to: from + packetsIn(layout, piece) }
  })
