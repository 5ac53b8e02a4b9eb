import type { KeptRenditions } from '../kept.ts'
import type { Pieces } from './pieces.ts'
import type { Shelf } from './shelf.ts'

/** Blobs that are looked at in one go when room is made. */
const CANDIDATES_MAX = 100
/** Passes of one trim: each frees something or is the last. */
const PASSES_MAX = 1000

/** A rendition that is being listened to. */
export type ShelfAtWork = {
  readonly shelf: Shelf
  readonly isNeeded: (piece: number) => boolean
  /** It is a blob or becomes one just now: its pieces go with that, and are not counted twice. */
  readonly isBlob: boolean
}
type Deps = {
  readonly pieces: Pieces
  readonly kept: KeptRenditions
  readonly limitBytes: number
  readonly atWork: () => readonly ShelfAtWork[]
  readonly onFault: (thrown: unknown) => void
}
type Victim = { readonly usedMs: number; readonly sizeBytes: number; readonly drop: () => Promise<void> }

/**
 * `TRANSCODE_CACHE_SIZE` bounds pieces and kept blobs together. What was used longest ago goes first, blob or pieces;
 * then of what is being listened to the pieces that nobody there is about to hear. Only those stay in any case.
 */
export function createBudget(d: Deps) {
  let keptBytes = 0
  let trimming: Promise<void> | undefined

  const piecesBytes = (): number =>
    d.atWork().reduce((sum, { shelf, isBlob }) => sum - (isBlob ? shelf.sizeBytes() : 0), d.pieces.sizeBytes())

  async function pass(wantedBytes: number): Promise<number> {
    const idle = d.pieces.unused().map((shelf) => shelfVictim(d, shelf))
    const blobs = (await d.kept.oldest(CANDIDATES_MAX)).map((blob) => ({
      ...blob,
      drop: () => d.kept.giveUp(blob.blobKey),
    }))
    let freed = 0
    for (const victim of [...idle, ...blobs].sort((a, b) => a.usedMs - b.usedMs)) {
      if (freed >= wantedBytes) break
      await victim.drop()
      freed += victim.sizeBytes
    }
    for (const { shelf, isNeeded, isBlob } of d.atWork())
      if (freed < wantedBytes && !isBlob) freed += await shelf.shrink(wantedBytes - freed, isNeeded)
    return freed
  }
  async function trim(): Promise<void> {
    for (let i = 0; i < PASSES_MAX; i++) {
      keptBytes = await d.kept.totalBytes()
      const overBytes = piecesBytes() + keptBytes - d.limitBytes
      if (overBytes <= 0 || (await pass(overBytes)) === 0) return
    }
  }
  return {
    /** To be called after something was written; keeps the bound soon, not at once. */
    wrote(): void {
      if (trimming || piecesBytes() + keptBytes <= d.limitBytes) return
      trimming = trim()
        .catch(d.onFault)
        .finally(() => {
          trimming = undefined
        })
    },
    /** The same when a blob was written, or nobody knows how much others have. */
    async check(): Promise<void> {
      keptBytes = await d.kept.totalBytes()
      this.wrote()
      await trimming
    },
    /** The disk is full: gives back all that nobody is listening to on this machine. */
    async yieldDisk(): Promise<void> {
      for (const { id } of d.pieces.unused()) await d.pieces.drop(id)
    },
    async settled(): Promise<void> {
      await trimming
    },
  }
}
export type Budget = ReturnType<typeof createBudget>

const shelfVictim = (d: Deps, shelf: Shelf): Victim => ({
  usedMs: shelf.lastUsedMs(),
  sizeBytes: shelf.sizeBytes(),
  drop: () => d.pieces.drop(shelf.id),
})
