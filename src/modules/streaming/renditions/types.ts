import type { Readable } from 'node:stream'
import type { FilePath, Timeline } from '#kernel/media/index.ts'
import type { RenditionId } from '../store.ts'
import type { Layout } from './layout.ts'

/** How packets become the bytes of one kind of file: pure functions of the layout. */
export type Container = {
  readonly contentType: string
  /** What stands before the first piece (fMP4: the init segment). */
  header(layout: Layout): Buffer
  /** Bytes of one piece, 0 ≤ `piece` < `layout.pieces`; undefined where only making it tells (fMP4). */
  pieceBytes(layout: Layout, piece: number): number | undefined
  /** The bytes of one piece from all of its packets. */
  pack(layout: Layout, piece: number, packets: readonly Buffer[]): Buffer
  /** How a piece is sent while it is made; undefined where it is no use before it is whole (fMP4). */
  readonly parts: Parts | undefined
}

/** INVARIANT: the parts of a piece, one after the other, are the bytes that `pack` makes of it. */
export type Parts = {
  /** Of a part that is not the last of its piece: some tenths of a second. */
  readonly packets: number
  /** Of packets `place.from` and the following ones of a piece. */
  bytes(layout: Layout, place: PartPlace, packets: readonly Buffer[]): Buffer
}
export type PartPlace = { readonly piece: number; readonly from: number }

/** Turns what an encoder writes into packets, in order; incomplete rests wait for the next chunk. */
export type Splitter = (chunk: Buffer) => Buffer[]

export type Wanted = {
  readonly id: RenditionId
  readonly layout: Layout
  readonly file: FilePath
  readonly timeline: Timeline
  /** As `probe` names it. */
  readonly container: string
  /** Whom the limits count: a person, or an address where nobody is signed in. */
  readonly listener: string
  /** Whether the song that this is made for is still there. */
  readonly isThere: () => Promise<boolean>
}

/** One rendition in use by one answer. `leave` is called when that ends, however it ends. */
export type Rendition = {
  readonly layout: Layout
  readonly contentType: string
  readonly etag: string
  /** Of the whole file; undefined for fMP4 until all of it is made. */
  readonly sizeBytes: number | undefined
  readonly header: Buffer
  /** Where all of it lies as one blob; undefined until it does. */
  readonly blobKey: string | undefined
  /**
   * The bytes of one piece; makes it when it is not there. Throws 429 `too_many_transcodes`, 503 `still_encoding`, what
   * the media port throws, and the signal's reason.
   */
  piece(index: number, signal?: AbortSignal): Promise<Buffer>
  /**
   * Any range of the whole file, with one piece in memory at a time, and of one that is being made what is there
   * already. Only where `sizeBytes` is known. Resolves when its beginning is there; throws what `piece` throws.
   */
  read(range: { start: number; end: number }, signal?: AbortSignal): Promise<Readable>
  leave(): void
}

/** Renditions of this process. Opening one starts no encoder; asking for a piece may. */
export type Renditions = { open(wanted: Wanted): Promise<Rendition> }
