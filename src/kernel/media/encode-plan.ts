import { NO_ENTRY } from './timeline/frame-index.ts'
import type { EncodeOptions, Timeline } from './types.ts'

/**
 * Where to enter a file so that what comes out begins at an exact sample, as if it had been decoded and resampled from
 * the start. Everything counts samples of the source, but for `runUpSamples`, which are of the output.
 */
export type Plan = {
  readonly enter:
    | { readonly way: 'start'; readonly format?: 'mp3' | 'aac' }
    /** At this byte, where a frame begins. */
    | { readonly way: 'byte'; readonly offset: number; readonly format: 'mp3' | 'aac' }
    | { readonly way: 'time'; readonly sec: number }
  /**
   * Whether the two below are times on the clock of the container, which is true again from the second page after a
   * jump on (Ogg), or samples counted from where decoding begins.
   */
  readonly by: 'count' | 'clock'
  /** Decoded samples before those that are wanted. */
  readonly dropSamples: number
  /** Decoded samples at which the music ends, the dropped ones counted. */
  readonly endSample: number
  /** Output samples that are thrown away: the resampler and the limiter need music before the place. */
  readonly runUpSamples: number
}

/** What the longest filter of the resampler reaches back: at half the rate, 64 samples of 8 kHz. */
const RESAMPLER_RUN_UP_SEC = 0.02
/** Twice what the limiter takes to let go. */
const LIMITER_RUN_UP_SEC = 0.1
/** MP3 frames borrow bits of up to nine before them, overlap with one, and the filter bank remembers one more. */
const FRAMES_RUN_UP = 12
/**
 * Containers that FFmpeg enters exactly, with the seconds that their decoders need to have heard before. (Matroska and
 * ASF count milliseconds only; the others are rare.)
 */
const TIME_RUN_UP_SEC: Readonly<Record<string, number>> = { flac: 0, wav: 0, aiff: 0, mp4: 1, ogg: 4 }

type Entry = Pick<Plan, 'enter' | 'by' | 'dropSamples'>

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/** Pure. */
export function planOf(o: EncodeOptions): Plan {
  const { sampleRateHz: rateIn, samples } = o.timeline
  const common = gcd(rateIn, o.sampleRateHz)
  // Sample numbers of which both are whole numbers: there the resampler is as it was at the start.
  const unit = { in: rateIn / common, out: o.sampleRateHz / common }
  const runUpSec =
    (rateIn === o.sampleRateHz ? 0 : RESAMPLER_RUN_UP_SEC) + ((o.gainDb ?? 0) > 0 ? LIMITER_RUN_UP_SEC : 0)
  // What is before the music is silence, which needs no source.
  const start = Math.max(0, o.startSample)
  const wanted = Math.floor(Math.max(0, start - runUpSec * o.sampleRateHz) / unit.out)
  // Behind the end there is only silence, but something must be decoded to know that it can be.
  const units = Math.min(wanted, Math.floor((samples - 1) / unit.in))
  const first = units * unit.in
  const at = entryAt(o.timeline, o.container, first)
  return { ...at, endSample: at.dropSamples + samples - first, runUpSamples: start - units * unit.out }
}

/** How to begin at sample `first` of the music or before it. */
function entryAt(timeline: Timeline, container: string, first: number): Entry {
  if (timeline.frames) return frameAt(timeline.frames, first)
  const runUpSec = TIME_RUN_UP_SEC[container]
  const from = runUpSec === undefined ? 0 : first - Math.round(runUpSec * timeline.sampleRateHz)
  const enter = from > 0 ? ({ way: 'time', sec: from / timeline.sampleRateHz } as const) : ({ way: 'start' } as const)
  if (container === 'ogg') return { enter, by: 'clock', dropSamples: first + (timeline.clockStart ?? 0) }
  return { enter, by: 'count', dropSamples: first - Math.max(0, from) }
}

function frameAt(frames: NonNullable<Timeline['frames']>, first: number): Entry {
  const { format, frameSamples, skipSamples, everyFrames, offsets } = frames
  const decoded = first + skipSamples
  const wanted = Math.floor(decoded / frameSamples) - FRAMES_RUN_UP
  let entry = Math.min(Math.floor(wanted / everyFrames), offsets.length - 1)
  while (entry > 0 && offsets[entry] === NO_ENTRY) entry--
  const offset = entry < 0 ? NO_ENTRY : (offsets[entry] ?? NO_ENTRY)
  // From the start FFmpeg leaves out the skipped samples itself.
  if (entry <= 0 || offset === NO_ENTRY) return { enter: { way: 'start', format }, by: 'count', dropSamples: first }
  const dropSamples = decoded - entry * everyFrames * frameSamples
  return { enter: { way: 'byte', offset, format }, by: 'count', dropSamples }
}
