function table(width: number, polynomial: number): Uint32Array {
  const top = 2 ** (width - 1)
  const mask = 2 ** width - 1
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte << (width - 8)
    for (let bit = 0; bit < 8; bit++) value = value & top ? (value << 1) ^ polynomial : value << 1
    return value & mask
  })
}
const EIGHT = table(8, 0x07)
const SIXTEEN = table(16, 0x8005)

/** CRC-8 of FLAC's frame headers. */
export function crc8(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let i = from; i < to; i++) crc = EIGHT[crc ^ (bytes[i] ?? 0)] ?? 0
  return crc
}
/** CRC-16 of FLAC's frames. */
export function crc16(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0
  for (let i = from; i < to; i++) crc = ((crc << 8) & 0xffff) ^ (SIXTEEN[(crc >> 8) ^ (bytes[i] ?? 0)] ?? 0)
  return crc
}
