/** What a piece is before it sounds: events in seconds, and the truth about them. */

export type Note = {
  atSec: number
  durationSec: number
  /** MIDI number. */
  pitch: number
  /** 1..127. */
  velocity: number
  /** General MIDI program, or 'drums' with the pitch of the GM drum map. */
  program: number | 'drums'
}

export type Truth = {
  /** Undefined where the piece gives none. */
  bpm?: number
  beats: number[]
  downbeats: number[]
  beatsPerBar?: 3 | 4
  key?: { tonic: number; mode: 'major' | 'minor' }
}

export type Score = { id: string; style: string; notes: Note[]; truth: Truth; durationSec: number }

/** Seeded uniform numbers 0..1 (mulberry32). */
export const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export type Random = ReturnType<typeof randomFrom>

export const between = (random: Random, low: number, high: number) => low + (high - low) * random()
export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)]!

/** Stable number of a text, for seeds and splits. */
export const hashOf = (text: string) => {
  let hash = 2_166_136_261
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, 16_777_619)
  return hash >>> 0
}

/** Pieces are split by their id, before any rendering: every rendering of a piece is on the same side. */
export const splitOf = (id: string): 'dev' | 'held-out' => (hashOf(`split ${id}`) % 2 === 0 ? 'dev' : 'held-out')
