import { availableParallelism } from 'node:os'
import { AppError, badRequest } from '#kernel/errors.ts'
import { IMAGE_MAX_BYTES, IMAGE_WIDTH_MAX_PX } from './bounds.ts'
import { decodedFormat, decodePcm, startEncode } from './ffmpeg.ts'
import { findFfmpeg } from './find-ffmpeg.ts'
import type { Pool } from './pool.ts'
import { imagePool, tagPool, timelinePool } from './pools.ts'
import { createPrepared } from './prepared.ts'
import { createSlots, type Slots } from './slots.ts'
import { inDecoded } from './timeline/doubled.ts'
import type {
  Codec,
  Counted,
  DecodeOptions,
  EncodeOptions,
  FilePath,
  ImageLook,
  ImageOptions,
  ImageResult,
  MediaSettings,
  PacketTable,
  Picture,
  ProbeFault,
  ProbeResult,
  Timeline,
  Transcode,
  RunOptions,
  Verified,
  VerifyOptions,
} from './types.ts'
import { verifyFile } from './verify.ts'

export { decodePcm } from './ffmpeg.ts'
export { assertPicture, PICTURE_HEAD_BYTES } from './sniff.ts'
export { splitArtists, splitGenres } from './tags/artists.ts'
export { formatLrc, joinWords, parseLrc } from './tags/lyrics.ts'
export { repairEncoding, tidyLine, tidyLines } from './tags/text.ts'
export type * from './types.ts'

/**
 * Everything that touches untrusted media. Each operation runs in a process of its own, with limits on time, memory
 * and output (`bounds.ts`); a hostile file can end that process, never the server.
 * Faults are `AppError`s: `media_tools_missing` (503), `media_busy` (503), `codec_unavailable`, `media_unreadable`,
 * `not_audio`, `media_not_found`, `media_empty`, `media_too_large`, `media_too_long`, `media_timeout` (422).
 */
export type Media = {
  driver: MediaSettings['driver']
  /** Plain data for `decodePcm` in a worker thread. */
  settings: MediaSettings
  describe(): { driver: MediaSettings['driver']; version: string; encoders: Codec[] }
  /** Interleaved float32 PCM in small chunks, with back-pressure. Leaving the loop ends the process. */
  decode(file: FilePath, o: DecodeOptions): AsyncGenerator<Float32Array, void, void>
  /**
   * How long the music is and where its frames lie: reads headers only, and of MPEG audio and ADTS the whole file.
   * Throws `media_unreadable` and what a lost process means.
   */
  timeline(file: FilePath): Promise<Timeline>
  /**
   * Where the packets of a file lie that can be sent in another container: AAC in MP4 or ADTS, Opus and FLAC in
   * Matroska, FLAC in Ogg. Null for all others, and for files that are damaged or made in a way that is not known here.
   * Runs no FFmpeg. Throws what a lost process means.
   */
  packets(file: FilePath): Promise<PacketTable | null>
  /** An encoder that begins at an exact sample and gives exactly what was promised. */
  encode(file: FilePath, o: EncodeOptions): Promise<Transcode>
  /** Decodes the whole file to nothing. Fails as `decode` does, with `media_too_long` past 24 hours too. */
  verify(file: FilePath, o?: VerifyOptions): Promise<Verified>
  /** Format, tags and identity. Never rejects for a bad file: the fault is the answer. */
  probe(file: FilePath): Promise<ProbeResult>
  /** The embedded picture; null without one. */
  picture(file: FilePath): Promise<Picture | null>
  /** Scales and converts a picture. Faults: `image_too_large`, `image_unreadable`, `image_animated`, `image_options` (400). */
  image(input: { bytes: Uint8Array } | { file: FilePath }, o: ImageOptions): Promise<ImageResult>
  /** Colours and a blur of a picture, which is decoded whole. Faults as of `image`. */
  look(input: { bytes: Uint8Array } | { file: FilePath }): Promise<ImageLook>
  /** FFmpeg runs under way now; never more than `processesMax`. */
  runs(): number
  close(): Promise<void>
}

export type MediaOptions = {
  /** `FFMPEG_BIN`; a program that does not answer as FFmpeg is a start error. */
  ffmpegBin?: string | undefined
  /** Forces a driver instead of native → wasm → none. */
  driver?: MediaSettings['driver'] | undefined
  /** FFmpeg processes at once; the rest wait. Default: one per core, at least 2. */
  processesMax?: number | undefined
  idleMs?: number | undefined
  tagTimeoutMs?: number | undefined
  log?: { info(fields: object, message: string): void } | undefined
}

const FAULT_OF_CODE: Record<string, ProbeFault> = {
  media_timeout: 'timeout',
  media_too_large: 'too_large',
  media_crashed: 'crashed',
  media_busy: 'busy',
}
/** A lost process is an answer about the file, too; anything else (shutting down) is not. */
function asProbe(thrown: unknown): ProbeResult {
  const reasonCode = thrown instanceof AppError ? FAULT_OF_CODE[thrown.code] : undefined
  if (!reasonCode) throw thrown
  return { ok: false, reasonCode, reason: (thrown as AppError).message }
}

function checkWidth({ widthPx }: ImageOptions): void {
  if (!Number.isInteger(widthPx) || widthPx < 1 || widthPx > IMAGE_WIDTH_MAX_PX)
    throw badRequest('image_options', `The width must be a whole number from 1 to ${IMAGE_WIDTH_MAX_PX}.`)
}
/** Too large a picture is not even sent to the other process. */
function checkBytes(input: { bytes: Uint8Array } | { file: FilePath }): void {
  if ('bytes' in input && input.bytes.length > IMAGE_MAX_BYTES)
    throw new AppError(422, 'image_too_large', `The picture is larger than ${IMAGE_MAX_BYTES / 1024 ** 2} MiB.`)
}

async function* decodeInSlot(slots: Slots, settings: MediaSettings, file: FilePath, o: DecodeOptions) {
  const release = await slots.take(o.signal)
  try {
    yield* decodePcm(settings, file, o)
  } finally {
    release()
  }
}

/** The slot is held until the encoder has ended. */
async function startInSlot(slots: Slots, o: RunOptions, start: () => Promise<Transcode>): Promise<Transcode> {
  const release = await slots.take(o.signal)
  try {
    const job = await start()
    job.exit.finally(release).catch(() => {})
    return job
  } catch (thrown) {
    release()
    throw thrown
  }
}

type Counting = { readonly pool: Pool; readonly slots: Slots; readonly settings: MediaSettings }

/** Counted from the headers, and where those may hide something by a decoder's word. */
async function countedTimeline({ pool, slots, settings }: Counting, file: FilePath): Promise<Timeline> {
  const { timeline, isUnsure } = (await pool.run({ kind: 'timeline', file })) as Counted
  if (!isUnsure || settings.driver === 'none') return timeline
  const release = await slots.take()
  try {
    const decoded = await decodedFormat(settings, file)
    return decoded ? inDecoded(timeline, decoded) : timeline
  } finally {
    release()
  }
}

async function verifyInSlot(slots: Slots, settings: MediaSettings, file: FilePath, o: VerifyOptions) {
  const release = await slots.take(o.signal)
  try {
    return await verifyFile(settings, file, o)
  } finally {
    release()
  }
}

/** Finds FFmpeg and prepares the processes; none is started before it is needed. */
export async function createMedia(o: MediaOptions = {}): Promise<Media> {
  const settings = await findFfmpeg(o)
  const slots = createSlots(o.processesMax ?? Math.max(2, availableParallelism()))
  const tags = tagPool(o)
  const timelines = timelinePool(o)
  const images = imagePool(o)
  const prepared = createPrepared(settings)
  const ending = new AbortController()
  o.log?.info({ driver: settings.driver, version: settings.version, encoders: settings.encoders }, 'media tools')
  const withEnd = <T extends { signal?: AbortSignal | undefined }>(options: T): T => ({
    ...options,
    signal: options.signal ? AbortSignal.any([options.signal, ending.signal]) : ending.signal,
  })

  return {
    driver: settings.driver,
    settings,
    describe: () => ({ driver: settings.driver, version: settings.version, encoders: [...settings.encoders] }),
    decode: (file, options) => decodeInSlot(slots, settings, file, withEnd(options)),
    timeline(file) {
      prepared.warm() // who asks is about to play it
      return countedTimeline({ pool: timelines, slots, settings }, file)
    },
    packets: (file) => timelines.run({ kind: 'packets', file }) as Promise<PacketTable | null>,
    encode(file, options) {
      const bound = withEnd(options)
      return startInSlot(slots, bound, () => startEncode({ settings, prepared }, file, bound))
    },
    verify: (file, options = {}) => verifyInSlot(slots, settings, file, withEnd(options)),
    probe: (file) => (tags.run({ kind: 'probe', file }) as Promise<ProbeResult>).catch(asProbe),
    picture: (file) => tags.run({ kind: 'picture', file }) as Promise<Picture | null>,
    async image(input, options) {
      checkWidth(options)
      checkBytes(input)
      return (await images.run({ kind: 'convert', input, options })) as ImageResult
    },
    async look(input) {
      checkBytes(input)
      return (await images.run({ kind: 'look', input })) as ImageLook
    },
    runs: () => slots.held(),
    async close() {
      ending.abort(new AppError(503, 'media_closed', 'The media tools are shutting down.'))
      await Promise.all([tags.close(), timelines.close(), images.close(), prepared.close()])
    },
  }
}
