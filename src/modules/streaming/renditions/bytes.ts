import { Readable } from 'node:stream'

/** What a stream hands on at once. */
const CHUNK_BYTES = 64 * 1024

/** Where the pieces of a file lie: each begins at its entry, the last entry is the length of all. */
export type Offsets = readonly number[]
export type Range = { readonly start: number; readonly end: number }
export type PieceReader = (piece: number) => Promise<Buffer>

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
  let next = hasHeader ? 0 : pieceAt(offsets, start)
  let bytes = end > header.length ? await read(next) : undefined
  if (hasHeader) yield header.subarray(start, end)
  for (let at = Math.max(start, header.length); at < end && bytes; ) {
    const begin = offsets[next] as number
    const stop = Math.min(end, begin + bytes.length)
    if (begin + bytes.length !== offsets[next + 1]) throw new RangeError(`piece ${next} is not as long as was said`)
    for (; at < stop; at = Math.min(stop, at + CHUNK_BYTES))
      yield bytes.subarray(at - begin, Math.min(stop, at + CHUNK_BYTES) - begin)
    bytes = at < end ? await read(++next) : undefined
  }
}

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
