/** Boxes of ISO media files, written. */
const UINT32_MAX = 0xffff_ffff

export function box(type: string, ...parts: readonly Buffer[]): Buffer {
  const payload = Buffer.concat(parts)
  const sizeBytes = 8 + payload.length
  if (sizeBytes > UINT32_MAX) throw new RangeError(`a ${type} box is too large`)
  return Buffer.concat([u32(sizeBytes), ascii(type), payload])
}

export type Full = { readonly version?: 0 | 1; readonly flags?: number }
/** A box with version and flags. */
export const fullBox = (type: string, { version = 0, flags = 0 }: Full, ...parts: readonly Buffer[]): Buffer =>
  box(type, u32(version * 0x1000000 + flags), ...parts)

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1')
export const zeros = (bytes: number): Buffer => Buffer.alloc(bytes)
export const u8 = (...values: number[]): Buffer => Buffer.from(values)
export function u16(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  values.forEach((value, i) => bytes.writeUInt16BE(value, 2 * i))
  return bytes
}
export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i))
  return bytes
}
export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
