/** What a piece is before it sounds: events in seconds, and the truth about them. */

export type Note = {
  atSec: number
  durationSec: number
  /** MIDI number. */
  pitch: number
  /** 1..127. */
  velocity: number
  /** General MIDI program; 'drums' with the pitch of the GM drum map; 'voice' is sung by `voice.ts`. */
  program: number | 'drums' | 'voice'
}

export type KeyLabel = { tonic: number; mode: 'major' | 'minor' }
export type Span<T> = { fromSec: number; toSec: number; value: T }

/** All times in seconds of the finished audio. What a piece does not tell is empty or undefined. */
export type Truth = {
  /** Median over the piece. */
  bpm?: number
  /** Felt beats: dotted ones in compound metre. Empty where the piece has no pulse. */
  beats: number[]
  downbeats: number[]
  /** Undefined where it changes. */
  beatsPerBar?: number
  /** `4/4`, `6/8` … as written. */
  timeSignature?: string
  /** The key of most of the piece. */
  key?: KeyLabel
  keys: Span<KeyLabel>[]
  /** Harte's syntax as `mir_eval` reads it; `N` where nothing sounds. */
  chords: Span<string>[]
  /** Of the A above middle C, 428..452. */
  tuningHz?: number
  /** Starts of notes; those within 30 ms are one. */
  onsets: number[]
  /** Form: equal labels sound alike. */
  sections: Span<string>[]
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
/** Roughly normal, mean 0, deviation 1, never beyond ±3. */
export const gaussian = (random: Random) => (random() + random() + random() + random() - 2) * 1.732

/** Stable number of a text, for seeds and splits. */
export const hashOf = (text: string) => {
  let hash = 2_166_136_261
  for (const char of text) hash = Math.imul(hash ^ char.codePointAt(0)!, 16_777_619)
  hash ^= hash >>> 15
  return Math.imul(hash, 0x2c_1b_3c_6d) >>> 0
}

const ONSETS_APART_SEC = 0.03

/** Starts of notes that are heard, chords as one. */
export const onsetsOf = (notes: readonly Note[]): number[] => {
  const out: number[] = []
  for (const atSec of notes.map((note) => note.atSec).sort((a, b) => a - b))
    if (out.length === 0 || atSec - out.at(-1)! > ONSETS_APART_SEC) out.push(Math.max(0, atSec))
  return out
}

export const medianBpm = (beats: readonly number[]): number => {
  const intervals = beats
    .slice(1)
    .map((beat, i) => beat - beats[i]!)
    .sort((a, b) => a - b)
  return 60 / intervals[intervals.length >> 1]!
}

/** The truth of the same piece played `speed` times as fast. */
export const faster = (truth: Truth, speed: number): Truth => {
  const times = (list: number[]) => list.map((time) => time / speed)
  const spans = <T>(list: Span<T>[]) =>
    list.map(({ fromSec, toSec, value }) => ({ fromSec: fromSec / speed, toSec: toSec / speed, value }))
  return {
    ...truth,
    ...(truth.bpm === undefined ? {} : { bpm: truth.bpm * speed }),
    beats: times(truth.beats),
    downbeats: times(truth.downbeats),
    onsets: times(truth.onsets),
    keys: spans(truth.keys),
    chords: spans(truth.chords),
    sections: spans(truth.sections),
  }
}
