import type { Bytes } from './types.ts'

/** Joins byte arrays. */
export function join(parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export const ascii = (text: string): Bytes => Uint8Array.from(text, (c) => c.charCodeAt(0))
/** Big-endian numbers of `width` bytes each. */
function numbers(width: number, values: readonly number[]): Bytes {
  const out = new Uint8Array(values.length * width)
  values.forEach((value, i) => {
    let rest = value
    for (let k = width - 1; k >= 0; k--) {
      out[i * width + k] = rest % 256
      rest = Math.floor(rest / 256)
    }
  })
  return out
}
export const u8 = (...values: number[]): Bytes => numbers(1, values)
export const u16 = (...values: number[]): Bytes => numbers(2, values)
export const u32 = (...values: number[]): Bytes => numbers(4, values)
export const u64 = (...values: number[]): Bytes => numbers(8, values)

/** A box of the ISO base media file format. */
export const box = (type: string, ...parts: readonly Uint8Array[]): Bytes =>
  join([u32(8 + parts.reduce((sum, p) => sum + p.length, 0)), ascii(type), ...parts])
/** A box with version and flags. */
export const fullBox = (type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Bytes =>
  box(type, u32(version * 2 ** 24 + flags), ...parts)

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
export const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))
