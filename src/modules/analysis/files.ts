import type { Blobs } from '#kernel/blob/index.ts'
import { stampFrames, type TrackAnalysis } from '#engines/audio/index.ts'

const HASH_BYTES = 16

const room = (contentId: string): string => `analysis/${contentId.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '_')}`
export const framesKey = (contentId: string, version: number): string => `${room(contentId)}/frames-v${version}.bin`
export const waveformKey = (contentId: string, version: number): string => `${room(contentId)}/waveform-v${version}.bin`

/** The first bytes of a content id that is written as hex digits; zeros say "unknown". */
function hashOf(contentId: string): Uint8Array {
  const hash = new Uint8Array(HASH_BYTES)
  if (/^[0-9a-f]{32,}$/i.test(contentId)) hash.set(Buffer.from(contentId.slice(0, 2 * HASH_BYTES), 'hex'))
  return hash
}

/** Before the rows that point at them: a crash in between leaves files that the next run overwrites. */
export async function keepFiles(blobs: Blobs, contentId: string, a: TrackAnalysis): Promise<void> {
  stampFrames(a.frames, { trackHash: hashOf(contentId) })
  const { buffer, byteOffset, byteLength } = a.waveform
  await blobs.put(framesKey(contentId, a.engineVersion), a.frames)
  await blobs.put(waveformKey(contentId, a.engineVersion), new Uint8Array(buffer, byteOffset, byteLength))
}

export async function deleteFiles(blobs: Blobs, contentId: string, version: number): Promise<void> {
  await blobs.delete(framesKey(contentId, version))
  await blobs.delete(waveformKey(contentId, version))
}
