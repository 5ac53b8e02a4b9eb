const POLYNOMIAL = 0x04c11db7

function entry(byte: number): number {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1
  return crc
}
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => entry(byte))

/** The checksum of an Ogg page, whose own field is zero: bits are not reflected, nothing is inverted. */
export function oggCrc32(bytes: Uint8Array): number {
  let crc = 0
  for (let i = 0; i < bytes.length; i++)
    crc = (crc << 8) ^ (TABLE[((crc >>> 24) ^ (bytes[i] as number)) & 0xff] as number)
  return crc >>> 0
}
