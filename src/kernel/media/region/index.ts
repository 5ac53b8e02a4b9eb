import { createHash } from 'node:crypto'
import { HASH_WINDOW_BYTES, HASH_WINDOWS } from '#kernel/media/bounds.ts'
import { aiffRegion, asfRegion, mp4Region, wavRegion } from './boxes.ts'
import { flacRegion, isFlac } from './flac.ts'
import { aacRegion, mp3Region, sniffMpeg } from './mpeg.ts'
import { oggRegion, oggWindows } from './ogg.ts'
import { ascii, type ByteReader } from './reader.ts'
import { skipLeadingTags, skipTrailingTags } from './tags-around.ts'
import type { AudioRegion, Container } from './types.ts'

/** A file whose audio is all that is neither a leading nor a trailing tag. */
function bareRegion(container: Container, file: ByteReader): AudioRegion {
  const start = skipLeadingTags(file)
  return { container, start, end: skipTrailingTags(file, start), isCut: false }
}

const ASF_HEADER = '0&\xb2u\x8ef\xcf\x11'

/** The container by its magic words at the front; undefined when a closer look is needed. */
function byMagic(head: Uint8Array): Container | undefined {
  const form = ascii(head, 8, 4)
  const first = ascii(head, 0, 4)
  if (first === 'OggS') return 'ogg'
  if (ascii(head, 4, 4) === 'ftyp') return 'mp4'
  if ((first === 'RIFF' || first === 'RF64') && form === 'WAVE') return 'wav'
  if (first === 'FORM' && (form === 'AIFF' || form === 'AIFC')) return 'aiff'
  if (ascii(head, 0, 8) === ASF_HEADER) return 'asf'
  if (first === 'wvpk') return 'wavpack'
  if (first === 'MAC ') return 'ape'
  if (first === 'MPCK' || ascii(head, 0, 3) === 'MP+') return 'musepack'
  if (first === 'DSD ') return 'dsf'
  return first === '\x1aE\xdf\xa3' ? 'matroska' : undefined
}

/**
 * Finds out by content, never by name, what a file is and where its audio lies. Reads a bounded part of it.
 * Undefined when it is no audio that is known here.
 */
export function audioRegion(file: ByteReader): AudioRegion | undefined {
  const container = byMagic(file.read(0, 16)) ?? byMagic(file.read(skipLeadingTags(file), 16))
  if (container === 'ogg') return oggRegion(file)
  if (container === 'mp4') return mp4Region(file)
  if (container === 'wav') return wavRegion(file)
  if (container === 'aiff') return aiffRegion(file)
  if (container === 'asf') return asfRegion(file)
  if (container) return bareRegion(container, file)
  if (isFlac(file)) return flacRegion(file)
  const mpeg = sniffMpeg(file)
  if (mpeg?.container === 'mp3') return mp3Region(file, mpeg.start)
  return mpeg ? aacRegion(file, mpeg.start) : undefined
}

/** Windows spread evenly over the audio; all of it when it is small. */
function evenWindows(file: ByteReader, { start, end }: AudioRegion): Uint8Array[] {
  const length = end - start
  if (length <= HASH_WINDOWS * HASH_WINDOW_BYTES) return [file.read(start, length)]
  const step = (length - HASH_WINDOW_BYTES) / (HASH_WINDOWS - 1)
  return Array.from({ length: HASH_WINDOWS }, (_, i) => file.read(start + Math.floor(i * step), HASH_WINDOW_BYTES))
}

/**
 * The identity of the audio, 32 hex digits: SHA-256 over bounded windows of the audio and its length, cut to 128 bits.
 * Changing tags keeps it; other audio changes it. (Ogg: the length is left out, since page headers count in it.)
 */
export function contentHash(file: ByteReader, region: AudioRegion): string {
  const isOgg = region.container === 'ogg'
  const windows = isOgg ? oggWindows(file, region, HASH_WINDOW_BYTES) : evenWindows(file, region)
  const hash = createHash('sha256').update(region.container)
  if (!isOgg) hash.update(String(region.end - region.start))
  for (const window of windows) hash.update(window)
  return hash.digest('hex').slice(0, 32)
}
