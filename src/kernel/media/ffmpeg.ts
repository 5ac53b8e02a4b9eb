import { Transform, pipeline } from 'node:stream'
import { TRANSCODE_MAX_BYTES } from './bounds.ts'
import { codecUnavailable, mediaToolsMissing, mediaTooLarge } from './faults.ts'
import { CONTENT_TYPE, decodeArgs, transcodeArgs } from './ffmpeg-args.ts'
import { type Run, startFfmpeg } from './ffmpeg-run.ts'
import type { DecodeOptions, FilePath, MediaSettings, Transcode, TranscodeOptions } from './types.ts'

async function report(exit: Promise<void>, done: (fault?: Error) => void): Promise<void> {
  try {
    await exit
  } catch (fault) {
    return done(fault as Error)
  }
  done()
}

/** Passes bytes on, ends only after a clean exit, and kills the process when its reader goes away. */
function guarded(run: Run, maxBytes: number): Transform {
  let seenBytes = 0
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seenBytes += chunk.length
      if (seenBytes > maxBytes) done(mediaTooLarge('The transcoded file grew past its limit.'))
      else done(null, chunk)
    },
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
  const run = await startFfmpeg(settings, file, decodeArgs(settings, o), o)
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

/** Starts an encoder on a file. Throws `media_tools_missing` or `codec_unavailable` before anything is started. */
export async function startTranscode(settings: MediaSettings, file: FilePath, o: TranscodeOptions): Promise<Transcode> {
  if (settings.driver === 'none') throw mediaToolsMissing()
  if (!settings.encoders.includes(o.codec)) throw codecUnavailable(o.codec)
  const run = await startFfmpeg(settings, file, transcodeArgs(settings, o), o)
  return { stream: guarded(run, TRANSCODE_MAX_BYTES), contentType: CONTENT_TYPE[o.codec], exit: run.exit }
}
