/** What any system may answer about a file; what it does not tell is missing. */
import type { TrackAnalysis } from '#engines/audio/index.ts'
import type { KeyLabel, Span } from './corpus.ts'

export type Answer = {
  bpm?: number
  beats?: number[]
  downbeats?: number[]
  beatsPerBar?: number
  /** As written: `6/8`. */
  timeSignature?: string
  key?: KeyLabel
  /** Key of every part of the piece. */
  keys?: Span<KeyLabel>[]
  tuningHz?: number
  onsets?: number[]
  chords?: Span<string>[]
  /** Labels of sections whose likeness the system does not tell are all different. */
  sections?: Span<string>[]
}

/** One line of a system's process. */
export type Line = { answer: Answer; cpuSec: number; peakMb: number }

type Labelled = { startSec: number; endSec: number; label: string }

const spansOf = (found: readonly Labelled[]): Span<string>[] =>
  found.map(({ startSec, endSec, label }) => ({ fromSec: startSec, toSec: endSec, value: label }))

export const answerOf = (found: TrackAnalysis): Answer => ({
  bpm: found.tempo.bpm,
  beats: Array.from(found.beats),
  downbeats: Array.from(found.downbeats),
  beatsPerBar: found.timeSignature.beatsPerBar,
  timeSignature: found.timeSignature.text,
  key: { tonic: found.key.tonic, mode: found.key.mode },
  tuningHz: found.tuningHz,
  onsets: Array.from(found.onsets),
  keys: found.keyChanges.map(({ startSec, endSec, tonic, mode }) => ({
    fromSec: startSec,
    toSec: endSec,
    value: { tonic, mode },
  })),
  chords: spansOf(found.chords),
  sections: spansOf(found.sections),
})
