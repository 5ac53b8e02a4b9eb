import { crc32 } from 'node:zlib'

/**
 * A piece on the disk: 16 bytes of head, then the piece. All numbers are big-endian.
 * `TPC1` · which piece · bytes of it · CRC-32 of the eight bytes before and of the piece.
 * The checksum is what makes a plain temp-and-rename enough: whatever a crash, a full disk or a bad sector leaves under
 * the name of a piece is found out when it is read.
 */
const MAGIC = 0x54504331
export const HEAD_BYTES = 16
const NUMBERS_AT = 4
const CRC_AT = 12

export const crcOf = (bytes: Uint8Array): number => crc32(bytes)

/** The head that `bytes` are written behind. */
export function headOf(piece: number, bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(MAGIC, 0)
  head.writeUInt32BE(piece, NUMBERS_AT)
  head.writeUInt32BE(bytes.length, NUMBERS_AT + 4)
  head.writeUInt32BE(crc32(bytes, crc32(head.subarray(NUMBERS_AT, CRC_AT))), CRC_AT)
  return head
}

/** The piece in a file; undefined when this is not, to the last bit, what was written as that piece. */
export function unsealed(file: Buffer, piece: number): Buffer | undefined {
  if (file.length < HEAD_BYTES || file.readUInt32BE(0) !== MAGIC) return undefined
  const bytes = file.subarray(HEAD_BYTES)
  const isWhole = file.readUInt32BE(NUMBERS_AT) === piece && file.readUInt32BE(NUMBERS_AT + 4) === bytes.length
  if (!isWhole) return undefined
  const crc = crc32(bytes, crc32(file.subarray(NUMBERS_AT, CRC_AT)))
  return crc === file.readUInt32BE(CRC_AT) ? bytes : undefined
}
