import type { Loudness } from '#modules/catalog/schema.ts'

/** How a stream is made as loud as others: each song by itself, or the songs of an album together. */
export const NORMALIZE = ['track', 'album'] as const
export type Normalize = (typeof NORMALIZE)[number]

/** What no sample of a normalised stream goes above, dBTP: lossy decoders need the headroom. */
export const PEAK_MAX_DBTP = -1
/** A wrong measurement must not hurt anybody. */
export const LIFT_DB_MAX = 12
export const LOWER_DB_MAX = 30

/** Down to whole tenths: never above what was wanted. The tiny part keeps 0.3 from being 0.2999… */
const tenthsDown = (db: number): number => Math.floor(db * 10 + 1e-6) / 10

/**
 * What a song is made louder by, dB in whole tenths (so that a rendition serves all songs of an album), towards −18 LUFS:
 * never above the target, never so that its peak comes above {@link PEAK_MAX_DBTP}, and never up where no peak is known.
 * Where the album is not known yet, the song stands for itself. 0 of a song that was never measured.
 */
export function gainFor(song: { readonly loudness: Loudness | null }, mode: Normalize): number {
  if (song.loudness === null) return 0
  const { trackGainDb, trackPeakDbtp, albumGainDb, albumPeakDbtp } = song.loudness
  const isAlbum = mode === 'album' && albumGainDb !== null
  const [wanted, peak] = isAlbum ? [albumGainDb, albumPeakDbtp] : [trackGainDb, trackPeakDbtp]
  const room = peak === null ? Math.min(0, wanted) : PEAK_MAX_DBTP - peak
  return tenthsDown(Math.max(-LOWER_DB_MAX, Math.min(wanted, room, LIFT_DB_MAX))) + 0
}
