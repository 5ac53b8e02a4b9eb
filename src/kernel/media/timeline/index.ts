import { audioRegion } from '#kernel/media/region/index.ts'
import { type ByteReader, fdReader } from '#kernel/media/region/reader.ts'
import type { Container } from '#kernel/media/region/types.ts'
import { withFile } from '#kernel/media/open-file.ts'
import type { Counted, FilePath, Timeline } from '#kernel/media/types.ts'
import { unprocessable } from '#kernel/errors.ts'
import { adtsTimeline } from './adts.ts'
import { apeTimeline, flacTimeline, wavpackTimeline } from './headers.ts'
import { mp4Timeline } from './mp4.ts'
import { mpegTimeline } from './mpeg.ts'
import { oggTimeline } from './ogg.ts'
import { aiffTimeline, wavTimeline } from './pcm.ts'

type Found = Timeline & { readonly isUnsure?: boolean }
const MAKERS: Partial<Record<Container, (file: ByteReader) => Found | undefined>> = {
  mp3: mpegTimeline,
  aac: adtsTimeline,
  flac: flacTimeline,
  wav: wavTimeline,
  aiff: aiffTimeline,
  mp4: mp4Timeline,
  ogg: oggTimeline,
  wavpack: wavpackTimeline,
  ape: apeTimeline,
}

const noLength = () => unprocessable('media_unreadable', 'The file does not tell how long its music is.')

/** Where the container does not tell to the sample: the length that its tags and headers give. */
async function byDuration(path: FilePath | Uint8Array): Promise<Timeline> {
  // Loaded when it is needed: it takes longer than to read most files, and a listener waits.
  const { probeFile } = await import('#kernel/media/tags/probe-file.ts')
  const probe = await probeFile(path)
  if (!probe.ok) throw unprocessable('media_unreadable', probe.reason)
  const { sampleRateHz, channels, bitsPerSample, durationMs, lossless } = probe
  const samples = Math.round((durationMs * sampleRateHz) / 1000)
  if (samples < 1 || channels < 1) throw noLength()
  return { sampleRateHz, channels, samples, ...(lossless && bitsPerSample ? { bits: bitsPerSample } : {}) }
}

/** Runs inside the timeline process only. Throws what opening does, and `media_unreadable` for a file without a length. */
export async function timelineOfFile(path: FilePath | Uint8Array): Promise<Counted> {
  const exact = withFile(path, (fd) => {
    const file = fdReader(fd)
    const container = audioRegion(file)?.container
    return container && MAKERS[container]?.(file)
  })
  if (!exact) return { timeline: await byDuration(path), isUnsure: false }
  const { isUnsure = false, ...timeline } = exact
  return { timeline, isUnsure }
}
