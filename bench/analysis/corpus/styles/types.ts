/** What a style is. Patterns are strings of the steps of one bar: '.' rest, '1'..'9' strength. */

/** General MIDI drum number → pattern. Parts of one groove are played together. */
export type Groove = Record<number, string>

export type Style = {
  bpm: [number, number]
  beatsPerBar: number
  /** Steps a beat. */
  steps: 2 | 3 | 4
  /** As written: `6/8`, where beats are dotted. `4/4` and so on follow from `beatsPerBar`. */
  timeSignature?: string
  /** Delay of every second step, share of a step. */
  swing?: [number, number]
  /** Random walk of the tempo, share a beat. */
  drift: number
  /** Depth of phrases that slow down towards their end, share of the tempo. */
  rubato?: number
  /** No pulse that anybody could tap to. */
  beatless?: boolean
  /** Deviation of the players from the grid, ms. */
  looseMs: number
  /** Two grooves at least where sections differ by them; none for music without drums. */
  grooves: readonly Groove[]
  kits?: readonly number[]
  bass: readonly string[]
  /** How the bass moves: on the root, root and fifth, octaves, a walk of chord tones. */
  bassLine: 'root' | 'fifth' | 'octave' | 'walk'
  comp: readonly string[]
  /** Chords as struck together, spread one tone after another within the pattern, or strummed over 30 ms. */
  compAs: 'block' | 'broken' | 'strum'
  chords: 'triads' | 'power' | 'as written'
  progressions: string
  /** Bars a chord lasts; .5 is two in a bar. */
  barsPerChord: readonly number[]
  /** Share of pieces in minor. */
  minor: number
  /** General MIDI programs. */
  bassPrograms: readonly number[]
  compPrograms: readonly number[]
  padPrograms?: readonly number[]
  melodyPrograms: readonly (number | 'voice')[]
  /** Share of the steps off the beat at which the melody has a note. */
  melodyDensity: number
}
