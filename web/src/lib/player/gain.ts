/** Loudest that a track may be lifted: a wrong measurement must not hurt anybody. */
const LIFT_DB_MAX = 12
/** For a track that is not measured yet: most masters are about this much above the target. */
const UNKNOWN_GAIN_DB = -7
/** What no sample may go above: what follows (resamplers, codecs of headphones) needs the room. */
const PEAK_MAX_DBTP = -1
/** Either way. */
export const PREAMP_DB_MAX = 12

export const fromDb = (db: number): number => 10 ** (db / 20)

/** By what songs are made as loud as others; of an album the songs keep what they are to each other. */
export type GainMode = 'off' | 'track' | 'album'
export type Measured = {
  trackGainDb: number
  trackPeakDbtp: number | null
  albumGainDb: number | null
  albumPeakDbtp: number | null
}

/**
 * Gain of one song, dB, by what the server knows of its loudness. However high the preamp: the true peak stays below
 * {@link PEAK_MAX_DBTP}, and nothing is lifted of which no peak is known.
 */
export function gainDbOf(loudness: Measured | null, mode: 'track' | 'album', preampDb: number): number {
  const isAlbum = mode === 'album' && loudness !== null && loudness.albumGainDb !== null
  const gainDb = (isAlbum ? loudness.albumGainDb : loudness?.trackGainDb) ?? UNKNOWN_GAIN_DB
  const peak = (isAlbum ? loudness.albumPeakDbtp : loudness?.trackPeakDbtp) ?? null
  const wanted = gainDb + Math.min(PREAMP_DB_MAX, Math.max(-PREAMP_DB_MAX, preampDb))
  return Math.min(wanted, LIFT_DB_MAX, peak === null ? 0 : PEAK_MAX_DBTP - peak)
}

/** The same as a factor; 1, bit by bit what the file says, when loudness is not matched. */
export const trackGain = (loudness: Measured | null, mode: GainMode, preampDb = 0): number =>
  mode === 'off' ? 1 : fromDb(gainDbOf(loudness, mode, preampDb))

type Placed = { album: { id: string } | null; disc: number | null; track: number | null }
/** Whether `b` stands after `a` on the same album. */
const follows = (a: Placed | undefined, b: Placed | undefined): boolean => {
  if (!a?.album || a.album.id !== b?.album?.id) return false
  const [discs, tracks] = [(b.disc ?? 1) - (a.disc ?? 1), (b.track ?? 0) - (a.track ?? 0)]
  return discs > 0 || (discs === 0 && tracks > 0)
}
/** Whether a song plays within its album: the one before or after it in the queue stands there on the album, too. */
export const isInAlbum = (before: Placed | undefined, song: Placed, after: Placed | undefined): boolean =>
  follows(before, song) || follows(song, after)

/** Factor for a volume slider at 0..1: ears hear ratios, so the slider moves through 50 dB and ends in silence. */
export function volumeGain(slider: number): number {
  const at = Math.min(1, Math.max(0, slider))
  return at === 0 ? 0 : fromDb((at - 1) * 50) * Math.min(1, at * 10)
}

/** Both together where only an element's own volume (0..1) can be set: it cannot lift. */
export const elementVolume = (track: number, volume: number): number => Math.min(1, Math.max(0, track * volume))
