import type { ByteReader } from '#kernel/media/region/reader.ts'

/** Read at once: few system calls, and the memory that a file of any size takes. */
const BLOCK_BYTES = 1024 * 1024

/** A frame where one is: its length in bytes, and the samples that it stands for. */
export type Frame = { readonly bytes: number; readonly samples: number }
/** How a stream of frames is written. */
export type FrameKind<F extends Frame> = {
  /** Bytes that tell whether a frame begins. */
  readonly headBytes: number
  /** The frame that begins at `at`, where `headBytes` are there; undefined where none does. */
  frameAt(bytes: Uint8Array, at: number): F | undefined
}
export type Stretch<F extends Frame> = { readonly from: number; readonly to: number; readonly kind: FrameKind<F> }

/**
 * Goes from frame to frame without looking into them, and from byte to byte where there is none: as FFmpeg's parsers do,
 * which believe every header. `visit` hears of each frame that begins in the stretch (the last one perhaps not whole)
 * and whether anything but zeros stood before it.
 */
export function hopFrames<F extends Frame>(
  file: ByteReader,
  { from, to, kind }: Stretch<F>,
  visit: (frame: F, at: number, isAfterJunk: boolean) => void,
): void {
  let at = from
  let isAfterJunk = false
  while (at + kind.headBytes <= to) {
    const blockAt = at
    const block = file.read(blockAt, Math.min(BLOCK_BYTES, to - blockAt))
    const last = blockAt + block.length - kind.headBytes
    if (last < at) return // the file has become shorter
    while (at <= last) {
      const frame = kind.frameAt(block, at - blockAt)
      if (frame) {
        visit(frame, at, isAfterJunk)
        isAfterJunk = false
        at += frame.bytes
      } else {
        isAfterJunk ||= block[at - blockAt] !== 0
        at++
      }
    }
  }
}
