/**
 * The length of an MP3 before it is made. At a constant bit rate and 48 kHz every frame has the same number of bytes
 * (144 · bit rate / sample rate, without remainder), so bytes follow from time.
 */
export const EXACT_SAMPLE_RATE = 48_000
const SAMPLES_PER_FRAME = 1152
/** LAME's delay and the flush of its last granule take one frame beyond the rounded-up music. */
const FRAMES_EXTRA = 1
/** A file whose real length differs by more frames than this had a wrong duration in its tags. */
export const FRAMES_OFF_MAX = 3
const HEADER_BYTES = 4

export const frameBytes = (kbps: number): number => (144 * kbps * 1000) / EXACT_SAMPLE_RATE

/** Bytes of `durationMs` of music as `mp3-<kbps>`; undefined when the duration is not known. */
export function exactMp3Bytes(durationMs: number, kbps: number): number | undefined {
  if (durationMs <= 0) return undefined
  const frames = Math.ceil((durationMs * EXACT_SAMPLE_RATE) / 1000 / SAMPLES_PER_FRAME) + FRAMES_EXTRA
  return frames * frameBytes(kbps)
}

/**
 * One frame of silence: a header like that of the stream's own first frame, then zeros, which say "no side
 * information, nothing borrowed from earlier frames, no spectral lines".
 */
export function silentFrame(firstBytes: Uint8Array, kbps: number): Buffer {
  const frame = Buffer.alloc(frameBytes(kbps))
  frame.set(firstBytes.subarray(0, HEADER_BYTES))
  return frame
}
