import { randomBytes } from 'node:crypto'
import { crcOf } from './format.ts'

const VERSION_BYTES = 8
export const newVersion = (): string => randomBytes(VERSION_BYTES).toString('hex')

/**
 * Which making of a rendition this is: what its ETag stands for.
 *
 * Encoders do not always make the same bytes of the same music (AAC never, Opus and a resampler at times), so no tag can
 * be told from the music alone. INVARIANT: under one version every piece is one sequence of bytes, from when it is first
 * made for as long as the version lasts. A piece that was lost and is made again keeps the version when it is the same
 * to the bit; else the version changes with it, and answers that began under the old one never send it.
 */
export type Making = {
  version(): string
  /** A moment in the life of this; later ones are larger. */
  epoch(): number
  /** Whether the bytes of a piece are others than at `epoch`. */
  changedSince(piece: number, epoch: number): boolean
  /** Notes what a piece is. True when it is another than it was, so that the version has just changed. */
  note(piece: number, bytes: Uint8Array): boolean
  noteCrc(piece: number, crc: number): boolean
  /** A piece is another than what was sent of it, so that the version changes. */
  renew(piece: number): void
  /** Of what is known, 0 where nothing is. */
  crcs(pieces: number): number[]
}

export function createMaking(known: string | undefined): Making {
  let version = known ?? newVersion()
  let epoch = 0
  const crcs = new Map<number, number>()
  const changedAt = new Map<number, number>()
  const noteCrc = (piece: number, crc: number): boolean => {
    const before = crcs.get(piece)
    crcs.set(piece, crc)
    if (before === undefined || before === crc) return false
    renew(piece)
    return true
  }
  function renew(piece: number): void {
    version = newVersion()
    changedAt.set(piece, ++epoch)
  }
  return {
    version: () => version,
    epoch: () => epoch,
    changedSince: (piece, since) => (changedAt.get(piece) ?? 0) > since,
    note: (piece, bytes) => noteCrc(piece, crcOf(bytes)),
    noteCrc,
    renew,
    crcs: (pieces) => Array.from({ length: pieces }, (_, piece) => crcs.get(piece) ?? 0),
  }
}
