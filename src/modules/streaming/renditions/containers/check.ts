import { type Layout, packetsIn } from '../layout.ts'

/** Throws unless these are all packets of the piece, of the size that was promised for them. */
export function checkPackets(layout: Layout, piece: number, packets: readonly Buffer[]): void {
  checkPiece(layout, piece)
  if (packets.length !== packetsIn(layout, piece))
    throw new RangeError(`piece ${piece} has ${packetsIn(layout, piece)} packets, not ${packets.length}`)
}

export function checkPiece(layout: Layout, piece: number): void {
  if (!Number.isInteger(piece) || piece < 0 || piece >= layout.pieces)
    throw new RangeError(`there is no piece ${piece} of ${layout.pieces}`)
}

/** One buffer of the length that was promised. */
export function join(parts: readonly Buffer[], promisedBytes: number): Buffer {
  const joined = Buffer.concat(parts)
  if (joined.length !== promisedBytes) throw new RangeError(`${joined.length} bytes instead of ${promisedBytes}`)
  return joined
}
