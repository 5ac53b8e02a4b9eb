import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Timeline } from '#kernel/media/index.ts'

/** Goes up with every change of what is packed or of how a file is read. */
export const TIMELINE_FORMAT = 1
/** An index of a day of music takes far less. */
const PLAIN_BYTES_MAX = 4 * 1024 * 1024

const differences = (values: readonly number[]): number[] => values.map((value, i) => value - (values[i - 1] ?? 0))
function sums(values: readonly number[]): number[] {
  let sum = 0
  return values.map((value) => (sum += value))
}
const withOffsets = (timeline: Timeline, change: (values: readonly number[]) => number[]): Timeline =>
  timeline.frames ? { ...timeline, frames: { ...timeline.frames, offsets: change(timeline.frames.offsets) } } : timeline

/** A timeline as few bytes: three hours of MP3 take about 20 kB. */
export const packTimeline = (timeline: Timeline): Buffer =>
  deflateRawSync(JSON.stringify(withOffsets(timeline, differences)))

/** The opposite of `packTimeline`; undefined for anything else. */
export function unpackTimeline(data: Uint8Array): Timeline | undefined {
  try {
    const text = inflateRawSync(data, { maxOutputLength: PLAIN_BYTES_MAX }).toString()
    return withOffsets(JSON.parse(text) as Timeline, sums)
  } catch {
    return undefined
  }
}
