import { Readable } from 'node:stream'

/** What a stream hands on at once. */
const CHUNK_BYTES = 64 * 1024

/** Where the pieces of a file lie: each begins at its entry, the last entry is the length of all. */
export type Offsets = readonly number[]
export type Range = { readonly start: number; readonly end: number }
/** The bytes of a piece from its byte `from` on: all of them, or, while it is made, those that are there (one at least). */
export type PieceReader = (piece: number, from: number) => Promise<Buffer>

/** Undefined when the size of a piece is not known. */
export function offsetsOf(headerBytes: number, pieces: number, bytesOf: (piece: number) => number | undefined) {
  const offsets = [headerBytes]
  for (let piece = 0; piece < pieces; piece++) {
    const bytes = bytesOf(piece)
    if (bytes === undefined) return undefined
    offsets.push((offsets[piece] as number) + bytes)
  }
  return offsets as Offsets
}

/** The piece in which a byte behind the header lies. */
export function pieceAt(offsets: Offsets, at: number): number {
  let [low, high] = [0, offsets.length - 2]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((offsets[middle] as number) <= at) low = middle
    else high = middle - 1
  }
  return low
}

/** The bytes of a range in chunks; one piece is held at a time. The header alone is no beginning: the first piece is. */
export async function* chunksOf(
  header: Buffer,
  offsets: Offsets,
  { start, end }: Range,
  read: PieceReader,
): AsyncGenerator<Buffer, void, void> {
  const hasHeader = start < header.length
  let at = Math.max(start, header.length)
  let next = hasHeader ? 0 : pieceAt(offsets, start)
  const readOn = () => read(next, at - (offsets[next] as number))
  let bytes = at < end ? await readOn() : undefined
  if (hasHeader) yield header.subarray(start, end)
  while (bytes) {
    const pieceEnd = offsets[next + 1] as number
    if (bytes.length === 0 || at + bytes.length > pieceEnd) throw notAsSaid(next)
    const wanted = bytes.subarray(0, end - at)
    for (let i = 0; i < wanted.length; i += CHUNK_BYTES) yield wanted.subarray(i, i + CHUNK_BYTES)
    at += wanted.length
    if (at === pieceEnd) next++
    bytes = at < end ? await readOn() : undefined
  }
}
const notAsSaid = (piece: number) => new RangeError(`piece ${piece} is not as long as was said`)

/** Asks for more only when what it gave has been taken. */
export const streamOf = (chunks: AsyncIterable<Buffer>): Readable =>
  Readable.from(chunks, { objectMode: false, highWaterMark: CHUNK_BYTES })

/** The same once its first chunk is there, so that whatever is wrong at the beginning is thrown and not streamed. */
export async function streamFromFirst(chunks: AsyncGenerator<Buffer, void, void>): Promise<Readable> {
  const first = await chunks.next()
  async function* all() {
    if (!first.done) yield first.value
    yield* chunks
  }
  return streamOf(all())
}
