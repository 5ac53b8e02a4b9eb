/** What a moment of music gives a scene. All 0..1 unless said otherwise. */
export type Moment = {
  bands: ArrayLike<number>
  /** Values of `bands` are divided by this. */
  bandScale: number
  loudness: number
  kick: boolean
  beatPhase: number
  barPhase: number
  section: number
}
export type Signal = {
  /** Smoothed bands as bytes, ready for a texture. */
  readonly bands: Uint8Array
  loudness: number
  bass: number
  mid: number
  treble: number
  /** 1 at a drum hit, falling; at most three hits a second, so that nothing ever flashes faster. */
  pulse: number
  beatPhase: number
  barPhase: number
  /** Grows with time, faster in loud music; scenes move by it. */
  flow: number
}

export const BANDS = 32
/** Photosensitive safety (WCAG 2.3.1): no more than three flashes in any second. */
export const PULSES_PER_SEC_MAX = 3
const ATTACK_SEC = 0.02
const RELEASE_SEC = 0.16
const PULSE_FALL_SEC = 0.22
const SLOW_SEC = 0.3
/** Bands below count as bass, from the second on as treble. */
const BASS_END = 6
const TREBLE_START = 20

/** How strongly the picture answers to the sound, as the person has chosen; 1 is plain. */
export type Gains = { all: number; bass: number; treble: number }
export const PLAIN_GAINS: Gains = { all: 1, bass: 1, treble: 1 }
const gainOf = (band: number, g: Gains): number =>
  g.all * (band < BASS_END ? g.bass : band >= TREBLE_START ? g.treble : 1)

/** A step of drawing longer than this (a hidden tab, say) counts as this. */
const STEP_SEC_MAX = 0.1

/** Share of the way to go in `dt`, the same at any frame rate. */
export const share = (dtSec: number, tauSec: number): number => 1 - Math.exp(-dtSec / tauSec)

const mean = (bands: Float32Array, from: number, to: number): number => {
  let sum = 0
  for (let i = from; i < to; i++) sum += bands[i] ?? 0
  return sum / (to - from)
}

/** Smooths moments into what scenes draw. `calm` (reduced motion) takes out pulses and slows everything. */
export function makeSignal(): {
  signal: Signal
  push(moment: Moment, dtSec: number, o: { calm: boolean; gains?: Gains }): void
} {
  const smooth = new Float32Array(BANDS)
  const signal: Signal = {
    bands: new Uint8Array(BANDS),
    loudness: 0,
    bass: 0,
    mid: 0,
    treble: 0,
    pulse: 0,
    beatPhase: 0,
    barPhase: 0,
    flow: 0,
  }
  let sinceKickSec = 1
  let target = 0
  return {
    signal,
    push(moment, dtSec, { calm, gains = PLAIN_GAINS }) {
      const dt = Math.min(dtSec, STEP_SEC_MAX)
      const slower = calm ? 4 : 1
      for (let i = 0; i < BANDS; i++) {
        const wanted = Math.min(1, ((moment.bands[i] ?? 0) / moment.bandScale) * gainOf(i, gains))
        const now = smooth[i] ?? 0
        smooth[i] = now + (wanted - now) * share(dt, (wanted > now ? ATTACK_SEC : RELEASE_SEC) * slower)
        signal.bands[i] = Math.round(255 * Math.min(1, smooth[i] ?? 0))
      }
      signal.bass = mean(smooth, 0, BASS_END)
      signal.mid = mean(smooth, BASS_END, TREBLE_START)
      signal.treble = mean(smooth, TREBLE_START, BANDS)
      signal.loudness += (Math.min(1, moment.loudness * gains.all) - signal.loudness) * share(dt, SLOW_SEC * slower)
      sinceKickSec += dt
      if (moment.kick && !calm && sinceKickSec >= 1 / PULSES_PER_SEC_MAX) {
        sinceKickSec = 0
        target = Math.min(1, gains.all)
      }
      target *= Math.exp(-dt / PULSE_FALL_SEC)
      signal.pulse += (target - signal.pulse) * share(dt, ATTACK_SEC * 2)
      signal.beatPhase = moment.beatPhase
      signal.barPhase = moment.barPhase
      signal.flow += (dt * (0.25 + 0.9 * signal.loudness)) / slower
    },
  }
}

/** Farther than this from the sound's own clock, the picture jumps to it. */
const SNAP_SEC = 0.08

/** A clock that runs evenly between the coarse steps of an audio element's, and stays with it. */
export function makeClock(): (heardSec: number, dtSec: number, o: { running: boolean }) => number {
  let sec = 0
  return (heardSec, dtSec, { running }) => {
    if (!running) return (sec = heardSec)
    sec += dtSec
    const off = heardSec - sec
    sec += Math.abs(off) > SNAP_SEC ? off : off * 0.1
    return sec
  }
}
