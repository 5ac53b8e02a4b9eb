import type { Quality, Song } from '#client/index.ts'

/** Codecs that not every browser plays, with the media type to ask it by. */
const TYPES: readonly (readonly [RegExp, string])[] = [
  [/^alac/i, 'audio/mp4; codecs="alac"'],
  [/^vorbis/i, 'audio/ogg; codecs="vorbis"'],
  [/^opus/i, 'audio/ogg; codecs="opus"'],
  [/^flac/i, 'audio/flac'],
  [/^(aac|mpeg-4)/i, 'audio/mp4; codecs="mp4a.40.2"'],
  [/^(wma|windows media)/i, 'audio/x-ms-wma'],
  [/^(ape|monkey)/i, 'audio/x-ape'],
  [/^wavpack/i, 'audio/x-wavpack'],
]

/** The quality to keep a song in: an original that this browser cannot play would be of no use without the server. */
export function fittingQuality({ codec }: Pick<Song, 'codec'>, wanted: Quality): Quality {
  const type = TYPES.find(([pattern]) => pattern.test(codec))?.[1]
  if (wanted !== 'original' || type === undefined) return wanted
  return document.createElement('audio').canPlayType(type) === '' ? 'high' : wanted
}
