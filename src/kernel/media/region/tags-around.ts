import { ascii, type ByteReader, view } from './reader.ts'

const ID3_HEADER_BYTES = 10
const ID3V1_BYTES = 128
const APE_FOOTER_BYTES = 32
const LYRICS3_FOOTER_BYTES = 15
/** Tags that may follow one another at one end of a file. */
const TAGS_MAX = 8

const syncsafe = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) & 0x7f) * 2 ** 21 +
  ((bytes[at + 1] ?? 0) & 0x7f) * 2 ** 14 +
  ((bytes[at + 2] ?? 0) & 0x7f) * 2 ** 7 +
  ((bytes[at + 3] ?? 0) & 0x7f)

/** First byte after the ID3v2 tags at the front. */
export function skipLeadingTags(file: ByteReader): number {
  let at = 0
  for (let count = 0; count < TAGS_MAX; count++) {
    const head = file.read(at, ID3_HEADER_BYTES)
    if (head.length < ID3_HEADER_BYTES || ascii(head, 0, 3) !== 'ID3') break
    const hasFooter = ((head[5] ?? 0) & 0x10) !== 0
    at += ID3_HEADER_BYTES + syncsafe(head, 6) + (hasFooter ? ID3_HEADER_BYTES : 0)
  }
  return Math.min(at, file.sizeBytes)
}

/** Bytes of the tag that ends at `end`; 0 when there is none. */
function trailingTagBytes(file: ByteReader, start: number, end: number): number {
  if (end - start >= ID3V1_BYTES && ascii(file.read(end - ID3V1_BYTES, 3), 0, 3) === 'TAG') return ID3V1_BYTES
  const ape = file.read(end - APE_FOOTER_BYTES, APE_FOOTER_BYTES)
  if (ape.length === APE_FOOTER_BYTES && ascii(ape, 0, 8) === 'APETAGEX') {
    const hasHeader = (view(ape).getUint32(20, true) & 0x80000000) !== 0
    return view(ape).getUint32(12, true) + (hasHeader ? APE_FOOTER_BYTES : 0)
  }
  const lyrics = file.read(end - LYRICS3_FOOTER_BYTES, LYRICS3_FOOTER_BYTES)
  if (ascii(lyrics, 6, 9) === 'LYRICS200') return (Number(ascii(lyrics, 0, 6)) || 0) + LYRICS3_FOOTER_BYTES
  const id3 = file.read(end - ID3_HEADER_BYTES, ID3_HEADER_BYTES)
  if (ascii(id3, 0, 3) === '3DI') return syncsafe(id3, 6) + 2 * ID3_HEADER_BYTES
  return 0
}

/** First byte of the ID3v1, APE, Lyrics3 and appended ID3v2 tags at the back. */
export function skipTrailingTags(file: ByteReader, start: number): number {
  let end = file.sizeBytes
  for (let count = 0; count < TAGS_MAX; count++) {
    const size = trailingTagBytes(file, start, end)
    if (size === 0 || end - size < start) break
    end -= size
  }
  return end
}
