import { randomBytes } from 'node:crypto'

let last = 0
let sequence = 0

/**
 * A UUIDv7 (RFC 9562): milliseconds, then a counter in the 12 bits of rand_a, so that ids made by one process sort in
 * the order they were made, then 62 random bits.
 */
export function newId(nowMs = Date.now()): string {
  if (nowMs > last) {
    last = nowMs
    sequence = randomBytes(2).readUInt16BE() & 0x7ff
  } else if (++sequence > 0xfff) {
    last += 1
    sequence = 0
  }
  const b = randomBytes(16)
  b.writeUIntBE(last, 0, 6)
  b.writeUInt16BE(0x7000 | sequence, 6)
  b.writeUInt8(((b[8] as number) & 0x3f) | 0x80, 8)
  const hex = b.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
