/**
 * Audio is kept in pieces of one size, in order, each put down whole: what was cut goes on after the last whole piece,
 * and a place in a song is read without what stands before it.
 */
export const PIECE_BYTES = 1024 * 1024

export const pieceCount = (sizeBytes: number): number => Math.ceil(sizeBytes / PIECE_BYTES)
export const pieceBytes = (sizeBytes: number, index: number): number =>
  Math.max(0, Math.min(PIECE_BYTES, sizeBytes - index * PIECE_BYTES))
/** How far the first `pieces` pieces reach. */
export const reach = (sizeBytes: number, pieces: number): number => Math.min(sizeBytes, pieces * PIECE_BYTES)

/** Bytes `start` (inclusive) to `end` (exclusive). */
export type ByteRange = { readonly start: number; readonly end: number }
const RANGE = /^bytes\s*=\s*(\d*)-(\d*)$/i

/** What a `Range` header asks of `sizeBytes` bytes; several parts count as the whole, as servers may answer. */
export function readRange(header: string | null, sizeBytes: number): ByteRange | 'whole' | 'outside' {
  const [, first = '', last = ''] = RANGE.exec(header?.trim() ?? '') ?? []
  if (first === '' && last === '') return 'whole'
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes)
    return length > 0 ? { start: sizeBytes - length, end: sizeBytes } : 'outside'
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return 'whole'
  if (start >= sizeBytes) return 'outside'
  return { start, end: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) }
}

export type Cut = { readonly index: number; readonly from: number; readonly to: number }
/** The part of the piece at `at` that a range up to `end` takes. */
export function cutAt(at: number, end: number): Cut {
  const index = Math.floor(at / PIECE_BYTES)
  const from = at - index * PIECE_BYTES
  return { index, from, to: Math.min(PIECE_BYTES, from + end - at) }
}

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/
/** Reads `bytes 5-9/10`; null for anything else. */
export function readContentRange(header: string | null): (ByteRange & { sizeBytes: number }) | null {
  const [, first, last, size] = CONTENT_RANGE.exec(header?.trim() ?? '') ?? []
  return size === undefined ? null : { start: Number(first), end: Number(last) + 1, sizeBytes: Number(size) }
}

export type Cutter = {
  /** Takes bytes as they come and answers the pieces that they filled. */
  add(chunk: Uint8Array): Uint8Array<ArrayBuffer>[]
  /** What no piece was made of yet. */
  rest(): Uint8Array<ArrayBuffer>
  restBytes(): number
}
export function makeCutter(): Cutter {
  let piece = new Uint8Array(PIECE_BYTES)
  let filled = 0
  return {
    add(chunk) {
      const whole: Uint8Array<ArrayBuffer>[] = []
      for (let at = 0; at < chunk.length; ) {
        const part = chunk.subarray(at, at + PIECE_BYTES - filled)
        piece.set(part, filled)
        filled += part.length
        at += part.length
        if (filled < PIECE_BYTES) continue
        whole.push(piece)
        piece = new Uint8Array(PIECE_BYTES)
        filled = 0
      }
      return whole
    },
    rest: () => piece.slice(0, filled),
    restBytes: () => filled,
  }
}
