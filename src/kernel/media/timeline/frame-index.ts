/** Frames between two entries of a time index: what is decoded in vain before a place is less than a second. */
const EVERY_MIN = 32
/** Entries of one index: of three hours of MP3 it keeps one in 32 frames, of a day one in 256. */
const ENTRIES_MAX = 16_384
/** An entry at which no decoder can begin; the one before must do. */
export const NO_ENTRY = 0

export type FrameIndex = { readonly count: number; readonly everyFrames: number; readonly offsets: number[] }
export type IndexBuilder = { add(offset: number): void; done(): FrameIndex }

/** Keeps the place of every 32nd frame; whenever those are too many, of every second one of them. */
export function buildIndex(): IndexBuilder {
  let everyFrames = EVERY_MIN
  let offsets: number[] = []
  let count = 0
  return {
    add(offset) {
      if (count % everyFrames === 0) offsets.push(offset)
      count++
      if (offsets.length <= ENTRIES_MAX) return
      offsets = offsets.filter((_, i) => i % 2 === 0)
      everyFrames *= 2
    },
    done: () => ({ count, everyFrames, offsets }),
  }
}
