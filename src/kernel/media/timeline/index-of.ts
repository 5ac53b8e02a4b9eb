/** Frames between two entries of a time index: what is decoded in vain before a place is less than a second. */
const EVERY_MIN = 32
/** Entries of one index: of three hours of MP3 it keeps one in 32 frames, of a day one in 512. */
const ENTRIES_MAX = 16_384

export type FrameIndex = { readonly everyFrames: number; readonly offsets: number[] }
export type IndexBuilder = {
  /** The next frame. One at which FFmpeg cannot begin is kept as 0. */
  add(offset: number): void
  readonly done: () => FrameIndex
}

/** Keeps the place of every 32nd frame; whenever there are too many, of every second one of those. */
export function buildIndex(): IndexBuilder {
  let everyFrames = EVERY_MIN
  let offsets: number[] = []
  let count = 0
  return {
    add(offset) {
      if (count++ % everyFrames !== 0) return
      if (offsets.length >= ENTRIES_MAX) {
        offsets = offsets.filter((_, i) => i % 2 === 0)
        everyFrames *= 2
        if ((count - 1) % everyFrames !== 0) return
      }
      offsets.push(offset)
    },
    done: () => ({ everyFrames, offsets }),
  }
}
