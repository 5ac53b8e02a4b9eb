const POLYNOMIAL = 0xed_b8_83_20

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1
  return value
})

/** CRC-32 (IEEE 802.3, as in zip and PNG) of `bytes`; pass the result of an earlier part to continue it. */
export const crc32 = (bytes: Uint8Array, earlier = 0): number => {
  let crc = ~earlier
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}
