import { Transform, pipeline } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { unprocessable } from '#kernel/errors.ts'
import { TRANSCODE_MAX_BYTES } from './bounds.ts'
import { codecUnavailable, mediaToolsMissing, mediaTooLarge } from './faults.ts'
import { DECODED_MARK, encodeArgs } from './encode-args.ts'
import { decodeArgs, momentArgs } from './ffmpeg-args.ts'
import { type Run, startFfmpeg } from './ffmpeg-run.ts'
import type { Prepared } from './prepared.ts'
import { type Decoded, decodedOf } from './timeline/doubled.ts'
import type { DecodeOptions, EncodeOptions, FilePath, MediaSettings, Transcode } from './types.ts'

async function report(exit: Promise<void>, done: (fault?: Error) => void): Promise<void> {
  try {
    await exit
  } catch (fault) {
    return done(fault as Error)
  }
  done()
}

async function pass(made: Promise<Buffer>, done: (fault: Error | null, chunk?: Buffer) => void): Promise<void> {
  let chunk: Buffer
  try {
    chunk = await made
  } catch (fault) {
    return done(fault as Error)
  }
  done(null, chunk)
}

/**
 * Passes bytes on, the first of them after `gate`; ends only after a clean exit, and kills the process when its reader
 * goes away.
 */
function guarded(run: Run, gate: () => Promise<void>): Transform {
  let seenBytes = 0
  let isOpen = false
  const take = async (chunk: Buffer): Promise<Buffer> => {
    seenBytes += chunk.length
    if (seenBytes > TRANSCODE_MAX_BYTES) throw mediaTooLarge('The transcoded file grew past its limit.')
    if (!isOpen) await gate()
    isOpen = true
    return chunk
  }
  const guard = new Transform({
    transform: (chunk: Buffer, _encoding, done) => void pass(take(chunk), done),
    flush(done) {
      void report(run.exit, done)
    },
  })
  pipeline(run.stdout, guard, (fault) => {
    if (fault) run.stop(fault)
  })
  // A kill closes stdout like a clean end; the reason must still reach the reader.
  run.exit.catch((fault: unknown) => guard.destroy(fault as Error))
  return guard
}

const BYTES_PER_SAMPLE = 4

/** Whole frames of `chunk` after `rest`, copied so that they are aligned; and what is left over. */
function toFrames(rest: Buffer, chunk: Buffer, frameBytes: number): { frames: Float32Array; rest: Buffer } {
  const all = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
  const wholeBytes = all.length - (all.length % frameBytes)
  const frames = new Float32Array(wholeBytes / BYTES_PER_SAMPLE)
  new Uint8Array(frames.buffer).set(all.subarray(0, wholeBytes))
  return { frames, rest: Buffer.from(all.subarray(wholeBytes)) }
}

/**
 * Decodes a file to interleaved float32 PCM, in chunks of at most 64 KiB; the process waits while the caller works.
 * Leaving the loop early kills it. Usable in any thread: `settings` survives a structured clone.
 * Throws `AppError` (`media_tools_missing`, `media_unreadable`, `not_audio`, `media_timeout` …) or the signal's reason.
 */
export async function* decodePcm(
  settings: MediaSettings,
  file: FilePath,
  o: DecodeOptions,
): AsyncGenerator<Float32Array, void, void> {
  const run = await startFfmpeg({ settings }, file, decodeArgs(settings, o), o)
  const frameBytes = BYTES_PER_SAMPLE * o.channels
  let rest: Buffer = Buffer.alloc(0)
  try {
    for await (const chunk of run.stdout as AsyncIterable<Buffer>) {
      const next = toFrames(rest, chunk, frameBytes)
      rest = next.rest
      if (next.frames.length > 0) yield next.frames
    }
    await run.exit
  } finally {
    run.stop()
  }
}

/** What decoding gives of a file, from its first moment; undefined where it gives nothing. Throws as `decodePcm` does. */
export async function decodedFormat(settings: MediaSettings, file: FilePath): Promise<Decoded | undefined> {
  const run = await startFfmpeg({ settings }, file, momentArgs(settings), {})
  const wav = await buffer(run.stdout)
  await run.exit
  return decodedOf(wav)
}

const nothingDecoded = () =>
  unprocessable('media_unreadable', 'Nothing in this file could be decoded, so there is nothing to send.')
/** FFmpeg tells of what it has decoded before it writes, but the two pipes may be read in another order. */
const TELL_WAIT_MS = 2000

async function isSoon(told: Promise<boolean>): Promise<boolean> {
  const late = new AbortController()
  const waited = sleep(TELL_WAIT_MS, false, { signal: late.signal }).catch(() => false)
  const isTold = await Promise.race([told, waited])
  late.abort()
  return isTold
}

/**
 * Starts an encoder at an exact sample of a file, that gives as many samples as are asked for. Throws
 * `media_tools_missing` or `codec_unavailable` before anything is started; the stream and `exit` fail with
 * `media_unreadable` when nothing could be decoded.
 */
export async function startEncode(
  { settings, prepared }: { settings: MediaSettings; prepared: Prepared },
  file: FilePath,
  o: EncodeOptions,
): Promise<Transcode> {
  if (settings.driver === 'none') throw mediaToolsMissing()
  if (!settings.encoders.includes(o.codec)) throw codecUnavailable(o.codec)
  const run = await startFfmpeg({ settings, prepared }, file, encodeArgs(settings, o), o)
  const told = run.said(DECODED_MARK)
  const mustHaveDecoded = async () => {
    if (!(await isSoon(told))) throw nothingDecoded()
    prepared.warm() // for the next one, now that this one does not need the CPU so much
  }
  const exit = run.exit.then(mustHaveDecoded)
  exit.catch(() => {})
  const checked = { ...run, exit }
  return { stream: guarded(checked, mustHaveDecoded), exit }
}
