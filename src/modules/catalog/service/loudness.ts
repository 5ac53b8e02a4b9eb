import type { LoudnessRow } from '#modules/catalog/store/loudness.ts'
import type { Loudness } from '#modules/catalog/things.ts'

/** ReplayGain 2.0: what every track is brought to. */
export const TARGET_LUFS = -18
/** Headroom that lossy decoders need. */
const PEAK_MAX_DBTP = -1

const hundredths = (db: number): number => Math.round(db * 100) / 100
const rounded = (db: number | null): number | null => (db === null ? null : hundredths(db))

/** What is known of a song's loudness: measured, else said by its tags. Null where nothing is, and for silence. */
export function loudnessOf(r: LoudnessRow): Loudness | null {
  const isMeasured = r.loudnessLufs !== null
  const trackGainDb = r.loudnessLufs === null ? r.tagGainDb : TARGET_LUFS - r.loudnessLufs
  if (trackGainDb === null) return null
  return {
    trackGainDb: hundredths(trackGainDb),
    trackPeakDbtp: rounded(isMeasured ? r.truePeakDbtp : r.tagPeakDb),
    albumGainDb: rounded(r.albumLufs === null ? null : TARGET_LUFS - r.albumLufs),
    albumPeakDbtp: rounded(r.albumPeakDbtp),
    source: isMeasured ? 'analysis' : 'tags',
  }
}

/**
 * The track's gain, dB, for whoever applies it as it is. Turning down is always safe; turning up goes no further than
 * lets the true peak stay at −1 dBTP, and not at all when the peak is not known.
 */
export function safeGainDb(loudness: Loudness | null): number | null {
  if (loudness === null) return null
  const { trackGainDb, trackPeakDbtp } = loudness
  if (trackGainDb <= 0) return trackGainDb
  const room = trackPeakDbtp === null ? 0 : Math.max(0, PEAK_MAX_DBTP - trackPeakDbtp)
  return hundredths(Math.min(trackGainDb, room))
}
