/**
 * What keys, chords and sections are found by: twelve pitch classes in three registers (bass, middle, treble), each
 * spectral peak in its own place without votes for fundamentals: which overtones belong to which chord is learned.
 * Stored as bytes: three hours take 5 MB.
 */
import { growingU8 } from '#engines/audio/grow.ts'

/** Bass, middle, treble. */
export const REGISTERS = 3
export const PITCHES = 12 * REGISTERS
/** Where in a row level and clarity are; both in bytes of a logarithm. */
export const LEVEL_AT = PITCHES
export const CLARITY_AT = PITCHES + 1
export const ROW_BYTES = PITCHES + 2
export const ROWS_PER_SEC = 12.5

/** Chroma frames a row. */
const FRAMES_PER_ROW = 2
/** MIDI numbers between which one register passes into the next. */
const BASS_FULL = 50
const BASS_NONE = 57
const TREBLE_NONE = 69
const TREBLE_FULL = 76
/** Peaks a frame: the FFT has no room for more in its range. */
const PEAKS_MAX = 512
const LEVEL_STEP_DB = 0.5
const LEVEL_FLOOR_DB = -30
const CLARITY_STEPS_PER_OCTAVE = 24

export type BandRows = {
  /** A peak of the frame that is being read. */
  peak(hz: number, weight: number): void
  /** The frame's largest power. */
  level(power: number): void
  /** `tuning` in semitones off 440 Hz, as heard so far. */
  endFrame(tuning: number): void
  /** `ROW_BYTES` each: pitch classes from C, bass first, the row's largest 255 (all 0 in silence); level; clarity. */
  finish(): Uint8Array
}

const clampByte = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : Math.round(value))

/** Adds one peak to the registers that its pitch lies in. */
const place = (sums: Float64Array, midi: number, weight: number) => {
  const nearest = Math.round(midi)
  const share = weight * Math.cos(Math.PI * (midi - nearest)) ** 2
  const bass = Math.min(1, Math.max(0, (BASS_NONE - midi) / (BASS_NONE - BASS_FULL)))
  const treble = Math.min(1, Math.max(0, (midi - TREBLE_NONE) / (TREBLE_FULL - TREBLE_NONE)))
  const at = nearest % 12
  sums[at]! += share * bass
  sums[12 + at]! += share * (1 - bass - treble)
  sums[24 + at]! += share * treble
}

export const bandRows = (durationHintSec: number): BandRows => {
  const out = growingU8(durationHintSec * ROWS_PER_SEC * ROW_BYTES)
  const row = new Uint8Array(ROW_BYTES)
  const sums = new Float64Array(PITCHES)
  const pitches = new Float64Array(PEAKS_MAX)
  const weights = new Float64Array(PEAKS_MAX)
  let peaks = 0
  let frames = 0
  let top = 0
  let total = 0
  const write = () => {
    let largest = 0
    for (let i = 0; i < PITCHES; i++) if (sums[i]! > largest) largest = sums[i]!
    const scale = largest > 0 ? 255 / largest : 0
    for (let i = 0; i < PITCHES; i++) row[i] = Math.round(sums[i]! * scale)
    row[LEVEL_AT] = clampByte((10 * Math.log10(top + 1e-9) - LEVEL_FLOOR_DB) / LEVEL_STEP_DB)
    row[CLARITY_AT] = clampByte(CLARITY_STEPS_PER_OCTAVE * Math.log2(1 + total))
    out.append(row)
    sums.fill(0)
    frames = top = total = 0
  }
  return {
    peak(hz, weight) {
      if (peaks === PEAKS_MAX) return
      pitches[peaks] = 69 + 12 * Math.log2(hz / 440)
      weights[peaks++] = weight
      total += weight
    },
    level(power) {
      if (power > top) top = power
    },
    endFrame(tuning) {
      for (let i = 0; i < peaks; i++) place(sums, pitches[i]! - tuning, weights[i]!)
      peaks = 0
      if (++frames === FRAMES_PER_ROW) write()
    },
    finish() {
      if (frames > 0) write()
      return out.view()
    },
  }
}
