import { type AppError, unavailable, unprocessable } from '#kernel/errors.ts'
import type { Codec } from './types.ts'

export const mediaToolsMissing = () =>
  unavailable(
    'media_tools_missing',
    'This needs FFmpeg: install it, name it in FFMPEG_BIN, or install the optional npm package @ffmpeg/core.',
  )
export const codecUnavailable = (codec: Codec) =>
  unprocessable('codec_unavailable', `The FFmpeg in use cannot encode ${codec}: ask for mp3 or install a full FFmpeg.`)
export const mediaBusy = () => unavailable('media_busy', 'Too many media jobs are waiting: try again shortly.', 5)
export const mediaTimeout = (timeoutMs: number) =>
  unprocessable('media_timeout', `The file took longer than ${Math.ceil(timeoutMs / 1000)} s and was given up.`)
export const mediaTooLarge = (what: string) => unprocessable('media_too_large', what)
export const mediaClosed = () => unavailable('media_closed', 'The media tools are shutting down.')

// Known sentences of FFmpeg, most specific first, and what to tell a person instead.
const SENTENCES: [RegExp, string, string][] = [
  [/matches no streams|does not contain any stream/i, 'not_audio', 'The file holds no audio that can be decoded.'],
  [/Format not on whitelist/i, 'not_audio', 'The file is not a supported kind of audio.'],
  [
    /Invalid data found|moov atom not found|could not find codec/i,
    'media_unreadable',
    'The audio in the file is damaged or cut off.',
  ],
  [/No such file|Bad file descriptor/i, 'media_not_found', 'The file is no longer there.'],
  [/Permission denied/i, 'media_unreadable', 'The file may not be read by this server: check its permissions.'],
  [/Unknown encoder/i, 'codec_unavailable', 'The FFmpeg in use has no such encoder.'],
  [/Cannot allocate memory/i, 'media_too_large', 'The file asks for more memory than is allowed.'],
]

/** Turns the last words of FFmpeg into one clean error; nothing of the file's own text reaches the sentence. */
export function faultFromStderr(stderrTail: string, exit: string): AppError {
  const known = SENTENCES.find(([pattern]) => pattern.test(stderrTail))
  if (known) return unprocessable(known[1], known[2])
  return unprocessable('media_unreadable', `The audio in the file could not be decoded (FFmpeg ended with ${exit}).`)
}
