import { unprocessable } from '#kernel/errors.ts'
import { AUDIO_MAX_SEC } from './bounds.ts'
import { verifyArgs } from './ffmpeg-args.ts'
import { startFfmpeg } from './ffmpeg-run.ts'
import type { FilePath, MediaSettings, Verified, VerifyOptions } from './types.ts'

/** Lines are short; what is longer is none of them. */
const LINE_MAX_CHARS = 1024
const TIME = /^out_time_us=(\d+)$/

const noAudio = () => unprocessable('not_audio', 'The file holds no audio that can be decoded.')
const tooLong = () =>
  unprocessable('media_too_long', `The file plays for longer than the ${AUDIO_MAX_SEC / 3600} hours that are taken.`)

/** Whole lines of `text`, and what is left over. */
function linesOf(text: string): { lines: string[]; rest: string } {
  const lines = text.split('\n')
  return { rest: (lines.pop() ?? '').slice(-LINE_MAX_CHARS), lines }
}

/**
 * Decodes a whole file to nothing, so that what is kept is known to play. Single damaged frames are forgiven, as
 * players do. Throws as `decodePcm` does, `not_audio` when nothing came out, and `media_too_long`.
 */
export async function verifyFile(settings: MediaSettings, file: FilePath, o: VerifyOptions): Promise<Verified> {
  const run = await startFfmpeg({ settings }, file, verifyArgs(settings), o)
  let durationMs = 0
  let rest = ''
  try {
    for await (const chunk of run.stdout as AsyncIterable<Buffer>) {
      const next = linesOf(rest + chunk.toString('latin1'))
      rest = next.rest
      const us = next.lines.map((line) => TIME.exec(line.trim())?.[1]).findLast((found) => found !== undefined)
      if (us === undefined) continue
      durationMs = Math.round(Number(us) / 1000)
      o.onProgress?.(durationMs)
    }
    await run.exit
  } finally {
    run.stop()
  }
  if (durationMs === 0) throw noAudio()
  if (durationMs >= AUDIO_MAX_SEC * 1000) throw tooLong()
  return { durationMs }
}
