/** What any system may answer about a file; what it does not tell is missing. */
import type { TrackAnalysis } from '#engines/audio/index.ts'
import type { KeyLabel, Span } from './corpus.ts'

export type Answer = {
  bpm?: number
  beats?: number[]
  downbeats?: number[]
  beatsPerBar?: number
  key?: KeyLabel
  tuningHz?: number
  onsets?: number[]
  chords?: Span<string>[]
  /** Labels of sections whose likeness the system does not tell are all different. */
  sections?: Span<string>[]
}

/** One line of a system's process. */
export type Line = { answer: Answer; cpuSec: number; peakMb: number }

const spansFrom = (starts: ArrayLike<number>, endSec: number): Span<string>[] =>
  Array.from(starts, (fromSec, i) => ({ fromSec, toSec: starts[i + 1] ?? endSec, value: `part ${i}` }))

export const answerOf = (found: TrackAnalysis): Answer => ({
  bpm: found.tempo.bpm,
  beats: Array.from(found.beats),
  downbeats: Array.from(found.downbeats),
  beatsPerBar: found.timeSignature.beatsPerBar,
  key: { tonic: found.key.tonic, mode: found.key.mode },
  tuningHz: found.tuningHz,
  onsets: Array.from(found.onsets),
  sections: spansFrom(found.sections, found.durationSec),
})
