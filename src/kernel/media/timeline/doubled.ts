import type { Timeline } from '#kernel/media/types.ts'

/** What a decoder gives: from the header of a WAV that it wrote. */
export type Decoded = { readonly sampleRateHz: number; readonly channels: number }

const FORMAT_AT = 12
const HEADER_BYTES = 44

/** Undefined for anything but the start of a WAV. */
export function decodedOf(wav: Buffer): Decoded | undefined {
  if (wav.length < HEADER_BYTES || wav.toString('latin1', FORMAT_AT, FORMAT_AT + 4) !== 'fmt ') return undefined
  return { channels: wav.readUInt16LE(22), sampleRateHz: wav.readUInt32LE(24) }
}

/** The same music in the samples that a decoder gives, where that has `factor` times as many. */
export function inDecoded(timeline: Timeline, { sampleRateHz, channels }: Decoded): Timeline {
  const factor = sampleRateHz / timeline.sampleRateHz
  if (!Number.isInteger(factor)) return timeline
  const { frames } = timeline
  const scaled = frames && {
    ...frames,
    frameSamples: frames.frameSamples * factor,
    skipSamples: frames.skipSamples * factor,
  }
  return { sampleRateHz, channels, samples: timeline.samples * factor, ...(scaled && { frames: scaled }) }
}
