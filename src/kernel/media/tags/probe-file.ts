import { createHash } from 'node:crypto'
import { closeSync, fstatSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { type IAudioMetadata, parseFromTokenizer, selectCover } from 'music-metadata'
import { FileTokenizer } from 'strtok3'
import { FILE_MAX_BYTES, TAG_BLOCK_MAX_BYTES, TAG_READ_MAX_BYTES } from '#kernel/media/bounds.ts'
import { NOT_REGULAR, openFile } from '#kernel/media/open-file.ts'
import { audioRegion, contentHash } from '#kernel/media/region/index.ts'
import { type ByteReader, fdReader, partReader } from '#kernel/media/region/reader.ts'
import type { AudioRegion, Container } from '#kernel/media/region/types.ts'
import type {
  CoverInfo,
  FilePath,
  Picture,
  ProbeFault,
  ProbeOk,
  ProbeResult,
  ProbeWarning,
} from '#kernel/media/types.ts'
import { toTags } from './common.ts'
import { estimateMs } from './duration.ts'

/** Runs inside the tag process only: everything here trusts that a hang or a crash is somebody else's to handle. */

const MIME: Record<Container, string> = {
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  mp4: 'audio/mp4',
  wav: 'audio/wav',
  aiff: 'audio/aiff',
  asf: 'audio/x-ms-wma',
  wavpack: 'audio/wavpack',
  ape: 'audio/ape',
  musepack: 'audio/musepack',
  dsf: 'audio/dsf',
  matroska: 'audio/matroska',
}

export const fault = (reasonCode: ProbeFault, reason: string): ProbeResult => ({ ok: false, reasonCode, reason })

/** A tokenizer over synchronous reads: thousands of small ones a file would each cost a trip to the thread pool. */
class SyncTokenizer extends FileTokenizer {
  // The library's constructor is protected: a class is the only way to it.
  static over(handle: FileHandle, sizeBytes: number, mimeType: string): SyncTokenizer {
    return new SyncTokenizer(handle, { fileInfo: { size: sizeBytes, mimeType }, maxBufferSize: TAG_BLOCK_MAX_BYTES })
  }
}

function tokenizerOf(file: ByteReader, container: Container): FileTokenizer {
  let readBytes = 0
  const read = (into: Uint8Array, at: number, length: number, position: number) => {
    const bytes = file.read(position, length)
    readBytes += bytes.length
    if (readBytes > TAG_READ_MAX_BYTES) throw new RangeError('read limit')
    into.set(bytes, at)
    return Promise.resolve({ bytesRead: bytes.length, buffer: into })
  }
  const handle = { read, close: () => Promise.resolve() } as unknown as FileHandle
  return SyncTokenizer.over(handle, file.sizeBytes, MIME[container])
}

const parse = (file: ByteReader, region: AudioRegion): Promise<IAudioMetadata> =>
  parseFromTokenizer(tokenizerOf(file, region.container), { duration: false })

type Parsed = { metadata: IAudioMetadata; warnings: ProbeWarning[] }

const UNREADABLE_TAGS: ProbeWarning = {
  code: 'tags_unreadable',
  reason: 'The tags of the file are damaged and were left out; its audio is whole.',
}

/** A bare stream of frames needs no tags to be played: when they are damaged, it is read without them. */
async function parseOrBare(file: ByteReader, region: AudioRegion): Promise<Parsed> {
  try {
    return { metadata: await parse(file, region), warnings: [] }
  } catch (thrown) {
    if (region.container !== 'mp3' && region.container !== 'aac') throw thrown
    return { metadata: await parse(partReader(file, region.start, region.end), region), warnings: [UNREADABLE_TAGS] }
  }
}

const coverOf = (metadata: IAudioMetadata): CoverInfo | undefined => {
  const picture = selectCover(metadata.common.picture)
  if (!picture || picture.data.length === 0) return undefined
  const sha256 = createHash('sha256').update(picture.data).digest('hex')
  return { mime: picture.format, sizeBytes: picture.data.length, sha256 }
}

const CODEC_NAMES: [RegExp, string][] = [
  [/alac/i, 'alac'],
  [/aac/i, 'aac'],
  [/vorbis/i, 'vorbis'],
  [/opus/i, 'opus'],
  [/flac/i, 'flac'],
  [/layer 3/i, 'mp3'],
  [/layer 2/i, 'mp2'],
  [/windows media|wma/i, 'wma'],
]
/** One short lower-case name per codec, whatever the parser calls it. */
function codecName(container: Container, parsed: string): string {
  if (container === 'wavpack' || container === 'ape' || container === 'musepack') return container
  return CODEC_NAMES.find(([pattern]) => pattern.test(parsed))?.[1] ?? (parsed.toLowerCase() || container)
}

const CUT = 'The file ends before its audio does: it was probably not copied or downloaded completely.'

function toProbe(file: ByteReader, region: AudioRegion, { metadata, warnings }: Parsed): ProbeOk {
  const { format } = metadata
  const cover = coverOf(metadata)
  const durationMs = estimateMs(file, region, format)
  const mean = format.bitrate ?? (durationMs > 0 ? ((region.end - region.start) * 8000) / durationMs : 0)
  return {
    ok: true,
    container: region.container,
    codec: codecName(region.container, format.codec ?? ''),
    lossless: format.lossless === true,
    sampleRateHz: format.sampleRate ?? 0,
    channels: format.numberOfChannels ?? 0,
    ...(format.bitsPerSample ? { bitsPerSample: format.bitsPerSample } : {}),
    bitrateKbps: Math.round(mean / 1000),
    durationMs,
    tags: toTags(metadata.common, metadata.native),
    ...(cover ? { cover } : {}),
    contentHash: contentHash(file, region),
    warnings: region.isCut ? [...warnings, { code: 'truncated', reason: CUT }] : warnings,
  }
}

/** A file without any audio left is cut; one with audio and broken tags is unreadable. */
function parseFault(region: AudioRegion, thrown: unknown): ProbeResult {
  if (thrown instanceof RangeError && thrown.message === 'read limit')
    return fault('too_large', 'The tags of the file ask for more reading than is allowed.')
  if (region.isCut) return fault('truncated', CUT)
  return fault('unreadable', 'The tags or the headers of the file are damaged.')
}

const isSilentHeader = (metadata: IAudioMetadata): boolean =>
  metadata.format.hasAudio === false || (!metadata.format.sampleRate && !metadata.format.codec)

async function probeOpen(fd: number): Promise<ProbeResult> {
  const stat = fstatSync(fd)
  if (!stat.isFile()) return fault('not_a_file', 'The path is not a regular file.')
  if (stat.size === 0) return fault('empty', 'The file is empty (zero bytes).')
  if (stat.size > FILE_MAX_BYTES)
    return fault('too_large', `The file is larger than the ${FILE_MAX_BYTES / 1024 ** 3} GiB that are read.`)
  const file = fdReader(fd, stat.size)
  const region = audioRegion(file)
  if (!region) return fault('not_audio', 'The file holds no audio of a supported format, whatever its name says.')
  try {
    if (region.end <= region.start) return fault('truncated', CUT)
    const parsed = await parseOrBare(file, region)
    if (isSilentHeader(parsed.metadata)) return fault('not_audio', 'The file holds no audio that can be decoded.')
    return toProbe(file, region, parsed)
  } catch (thrown) {
    return parseFault(region, thrown)
  }
}

function openFault(thrown: unknown): ProbeResult {
  const { code } = thrown as { code?: string }
  if (code === 'ENOENT' || code === 'ENOTDIR') return fault('not_found', 'The file is no longer there.')
  if (code === 'ELOOP') return fault('not_a_file', 'The path runs in a circle of symbolic links.')
  if (code === 'EACCES' || code === 'EPERM')
    return fault('unreadable', 'The file may not be read by this server: check its permissions.')
  if (code === NOT_REGULAR) return fault('not_a_file', 'The path is not a regular file.')
  return fault('unreadable', `The file could not be read (${code ?? 'unknown fault'}).`)
}

/** Format, tags and identity of one file. Never throws: a fault is an answer. */
export async function probeFile(path: FilePath | Uint8Array): Promise<ProbeResult> {
  let fd: number | undefined
  try {
    fd = openFile(path)
    return await probeOpen(fd)
  } catch (thrown) {
    return openFault(thrown)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The embedded picture; null without one, or when the file cannot be read. */
export async function pictureOf(path: FilePath | Uint8Array): Promise<Picture | null> {
  const fd = openFile(path)
  try {
    const file = fdReader(fd)
    const region = file.sizeBytes > FILE_MAX_BYTES ? undefined : audioRegion(file)
    const picture = region ? selectCover((await parse(file, region)).common.picture) : null
    return picture ? { mime: picture.format, bytes: Uint8Array.from(picture.data) } : null
  } finally {
    closeSync(fd)
  }
}
