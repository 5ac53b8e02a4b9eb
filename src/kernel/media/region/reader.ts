import { fstatSync, readSync } from 'node:fs'

/** Random access to the bytes of a file. `read` is short at the end of the file, never long, and never throws there. */
export type ByteReader = { sizeBytes: number; read(offset: number, length: number): Uint8Array }

/** A reader over bytes in memory. */
export const memoryReader = (bytes: Uint8Array): ByteReader => ({
  sizeBytes: bytes.length,
  read: (offset, length) => bytes.subarray(Math.max(0, offset), Math.max(0, offset) + Math.max(0, length)),
})

/** The bytes from `start` to `end` of a file, as a file of their own. */
export const partReader = (file: ByteReader, start: number, end: number): ByteReader => ({
  sizeBytes: end - start,
  read: (offset, length) => file.read(start + offset, Math.max(0, Math.min(length, end - start - offset))),
})

const BLOCK_BYTES = 64 * 1024

/** Reads straight from a descriptor; small reads are served from one 64 KiB block. */
export function fdReader(fd: number, sizeBytes = fstatSync(fd).size): ByteReader {
  const block = new Uint8Array(BLOCK_BYTES)
  let blockStart = -1
  let blockEnd = -1

  function fill(into: Uint8Array, position: number): number {
    let at = 0
    while (at < into.length) {
      const got = readSync(fd, into, at, into.length - at, position + at)
      if (got === 0) break
      at += got
    }
    return at
  }
  return {
    sizeBytes,
    read(offset, length) {
      const wanted = Math.min(length, sizeBytes - offset)
      if (wanted <= 0 || offset < 0) return new Uint8Array(0)
      if (wanted > BLOCK_BYTES / 2) {
        const large = new Uint8Array(wanted)
        return large.subarray(0, fill(large, offset))
      }
      if (offset < blockStart || offset + wanted > blockEnd) {
        blockStart = offset
        blockEnd = offset + fill(block, offset)
      }
      return block.slice(offset - blockStart, Math.min(offset + wanted, blockEnd) - blockStart)
    },
  }
}

/** The bytes as text, one character per byte: for magic words. */
export const ascii = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))

export const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
