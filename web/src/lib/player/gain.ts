/** Loudest that a track may be lifted: a wrong measurement must not hurt anybody. */
const LIFT_DB_MAX = 12
/** For a track that is not measured yet: most masters are about this much above the target. */
const UNKNOWN_GAIN_DB = -7

export const fromDb = (db: number): number => 10 ** (db / 20)

/** Factor for one track. `gainDb` is the server's gain to −18 LUFS, already kept below clipping by the true peak. */
export function trackGain(gainDb: number | null, matchLoudness: boolean): number {
  if (!matchLoudness) return 1
  return fromDb(Math.min(LIFT_DB_MAX, gainDb ?? UNKNOWN_GAIN_DB))
}

/** Factor for a volume slider at 0..1: ears hear ratios, so the slider moves through 50 dB and ends in silence. */
export function volumeGain(slider: number): number {
  const at = Math.min(1, Math.max(0, slider))
  return at === 0 ? 0 : fromDb((at - 1) * 50) * Math.min(1, at * 10)
}

/** Both together where only an element's own volume (0..1) can be set: it cannot lift. */
export const elementVolume = (track: number, volume: number): number => Math.min(1, Math.max(0, track * volume))
