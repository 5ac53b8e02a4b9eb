import type { Shelf } from './pieces/shelf.ts'
import type { CutShort } from './cut-short.ts'
import type { Kept } from './kept.ts'
import type { Container, Wanted } from './types.ts'
import type { RenditionId } from '../store.ts'
import { GRIDS_PER_PIECE, type Layout } from './layout.ts'

/** How far ahead of whom it works for an encoder goes: a minute and a half. Then it ends. */
const AHEAD_GRIDS = 96
/** With less than this ready before a listener (23 s), an encoder starts to make more. */
const READY_GRIDS_MIN = 24
const piecesOf = (grids: number, { layout }: Work): number => grids / GRIDS_PER_PIECE[layout.profile.codec]
export const aheadPieces = (work: Work): number => piecesOf(AHEAD_GRIDS, work)
export const readyPiecesMin = (work: Work): number => piecesOf(READY_GRIDS_MIN, work)

/** A rendition while somebody uses it, in this process. */
export type Work = {
  readonly key: string
  readonly id: RenditionId
  readonly layout: Layout
  readonly container: Container
  readonly header: Buffer
  readonly shelf: Shelf
  readonly runs: Set<Run>
  readonly handles: Set<Handle>
  /** All of it as one blob, and what holds that there. */
  kept: Kept | undefined
  releaseKept: () => void
  keeping: Promise<void> | undefined
  /** Its audio is that of no song any more. */
  isGone: boolean
  /** It met a full disk, and gives its room back when nobody uses it any more. */
  isTooMuch: boolean
  readonly cutShort: CutShort
  /** The piece that was made last: whoever keeps up with the encoder has it without a look at the disk. */
  latest: { readonly piece: number; readonly bytes: Buffer } | undefined
}
/** One answer that uses a rendition. */
export type Handle = {
  readonly work: Work
  readonly wanted: Wanted
  /** When it began, in the life of the rendition's version. */
  readonly epoch: number
  /** The piece it is at. */
  at: number
  run: Run | undefined
  isOpen: boolean
}
/** One encoder at work. */
export type Run = {
  readonly work: Work
  readonly wanted: Wanted
  /** Whom it counts for. */
  owner: string
  /** The piece that it makes now, and the parts of it that are made. */
  next: number
  parts: Buffer[]
  /** Settles when there is more of it, and when the run is over. */
  grew: PromiseWithResolvers<void>
  readonly handles: Set<Handle>
  /** Who waits for which piece; undefined tells them that this run will not make it. */
  readonly awaited: Map<number, PromiseWithResolvers<Buffer | undefined>>
  readonly abort: AbortController
  readonly gone: PromiseWithResolvers<void>
  isEnding: boolean
  idleTimer: NodeJS.Timeout | undefined
}

/** The first piece from `from` to before `end` that is not there. */
export function missingIn(shelf: Shelf, from: number, end: number): number | undefined {
  for (let piece = from; piece < end; piece++) if (!shelf.has(piece)) return piece
  return undefined
}
/** Whether a listener of the rendition is at this piece or will soon be. */
export function isNeeded(work: Work, piece: number): boolean {
  for (const { at } of work.handles) if (piece >= at - 1 && piece <= at + aheadPieces(work)) return true
  return false
}
export const isUnused = (work: Work): boolean => work.handles.size === 0 && work.runs.size === 0 && !work.keeping
