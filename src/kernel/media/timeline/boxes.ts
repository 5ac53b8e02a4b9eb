import { ascii, type ByteReader, view } from '#kernel/media/region/reader.ts'

/** Boxes looked at in one parent. */
const BOXES_MAX = 4096
/** Tables of a day of music, and a picture. */
const MOOV_MAX_BYTES = 96 * 1024 * 1024

export type Box = { readonly name: string; readonly body: Uint8Array }

/** The boxes side by side in `bytes`; one that claims to be longer ends with them. */
export function* boxesIn(bytes: Uint8Array): Generator<Box> {
  const v = view(bytes)
  for (let at = 0, count = 0; at + 8 <= bytes.length && count < BOXES_MAX; count++) {
    const short = v.getUint32(at)
    const isLong = short === 1 && at + 16 <= bytes.length
    const size = short === 0 ? bytes.length - at : isLong ? Number(v.getBigUint64(at + 8)) : short
    const headBytes = isLong ? 16 : 8
    if (size < headBytes) return
    yield { name: ascii(bytes, at + 4, 4), body: bytes.subarray(at + headBytes, Math.min(at + size, bytes.length)) }
    at += size
  }
}

/** The first box at the end of this path of names. */
export function boxAt(bytes: Uint8Array, ...path: readonly string[]): Uint8Array | undefined {
  let body: Uint8Array | undefined = bytes
  for (const name of path) {
    if (!body) return undefined
    body = [...boxesIn(body)].find((box) => box.name === name)?.body
  }
  return body
}

/** Fragments of a day, of one second each. */
const TOP_BOXES_MAX = 100_000
/** A fragment that lists more packets is none. */
const MOOF_MAX_BYTES = 1024 * 1024

export type Movie = { readonly moov: Uint8Array; readonly moofs: readonly Uint8Array[] }

/** The `moov` box, and those of fragments. Undefined without one, or when it is too large. */
export function movieOf(file: ByteReader): Movie | undefined {
  let moov: Uint8Array | undefined
  const moofs: Uint8Array[] = []
  for (let at = 0, count = 0; at + 8 <= file.sizeBytes && count < TOP_BOXES_MAX; count++) {
    const head = file.read(at, 16)
    if (head.length < 8) break
    const short = view(head).getUint32(0)
    const isLong = short === 1 && head.length === 16
    const size = short === 0 ? file.sizeBytes - at : isLong ? Number(view(head).getBigUint64(8)) : short
    const headBytes = isLong ? 16 : 8
    if (size < headBytes) break
    const name = ascii(head, 4, 4)
    if (name === 'moov' && size <= MOOV_MAX_BYTES) moov = file.read(at + headBytes, size - headBytes)
    if (name === 'moof' && size <= MOOF_MAX_BYTES) moofs.push(file.read(at + headBytes, size - headBytes))
    at += size
  }
  return moov && { moov, moofs }
}
