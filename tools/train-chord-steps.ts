/**
 * Which chord follows which, counted in the notes of real songs: `node tools/train-chord-steps.ts`, some seconds.
 * Writes `src/engines/audio/harmony/chord-steps.ts`. Reads only the songs of the training part of the analysis bench.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { QUALITIES } from '#engines/audio/harmony/qualities.ts'
import { liederNames, readLied } from '../bench/analysis/corpus/lieder.ts'
import { hashOf, type Score } from '../bench/analysis/corpus/score.ts'
import { LIEDER } from './harmony-data.ts'

const SECONDS_MAX = 240
const TONES: Record<(typeof QUALITIES)[number], number[]> = {
  maj: [0, 4, 7],
  min: [0, 3, 7],
  '7': [0, 4, 7, 10],
  maj7: [0, 4, 7, 11],
  min7: [0, 3, 7, 10],
  dim: [0, 3, 6],
  aug: [0, 4, 8],
  sus4: [0, 5, 7],
  hdim7: [0, 3, 6, 10],
}
/** A beat counts when this much of its notes are in the chord, and each tone of the chord sounds. */
const EXPLAINED = 0.85
const KINDS = QUALITIES.length
/** Added to every count: what nobody sang may still be played. */
const SMOOTHING = 2

const pitchesIn = (score: Score, fromSec: number, toSec: number) => {
  const out = new Float64Array(12)
  for (const { atSec, durationSec, pitch } of score.notes)
    out[pitch % 12]! += Math.max(0, Math.min(toSec, atSec + durationSec) - Math.max(fromSec, atSec))
  return out
}

/** The largest chord that explains a beat; undefined when none does. */
const chordIn = (pitches: Float64Array): number | undefined => {
  const total = pitches.reduce((a, b) => a + b, 0)
  let best: number | undefined
  let bestScore = EXPLAINED
  if (total === 0) return undefined
  for (let root = 0; root < 12; root++)
    QUALITIES.forEach((name, kind) => {
      const tones = TONES[name].map((tone) => pitches[(root + tone) % 12]! / total)
      if (Math.min(...tones) < 0.04) return
      const score = tones.reduce((a, b) => a + b, 0) + 0.01 * tones.length + 0.02 * tones[0]!
      if (score > bestScore) [best, bestScore] = [root * KINDS + kind, score]
    })
  return best
}

const counts = new Float64Array(KINDS * 12 * KINDS)
let steps = 0
for (const name of liederNames(LIEDER).filter((each) => hashOf(`split ${each}`) % 4 < 2)) {
  const score = readLied(LIEDER, name, SECONDS_MAX)
  let last: number | undefined
  score?.truth.beats.slice(0, -1).forEach((beat, i) => {
    const chord = chordIn(pitchesIn(score, beat, score.truth.beats[i + 1]!))
    if (chord === undefined || chord === last) return
    if (last !== undefined) {
      const interval = (Math.floor(chord / KINDS) - Math.floor(last / KINDS) + 12) % 12
      counts[((last % KINDS) * 12 + interval) * KINDS + (chord % KINDS)]! += 1
      steps++
    }
    last = chord
  })
}
const logs: string[] = []
for (let from = 0; from < KINDS; from++) {
  const row = counts.subarray(from * 12 * KINDS, (from + 1) * 12 * KINDS)
  const total = row.reduce((a, b) => a + b, 0) + SMOOTHING * row.length
  for (const count of row) logs.push(Math.log((count + SMOOTHING) / total).toFixed(2))
}
console.log(`${steps} steps`)
writeFileSync(
  join(import.meta.dirname, '../src/engines/audio/harmony/chord-steps.ts'),
  `/** Made by \`tools/train-chord-steps.ts\`: not to be edited. */

/** Log shares of what follows a chord: (from quality · 12 + semitones up) · qualities + to quality. */
export const CHORD_STEPS: readonly number[] = JSON.parse(
  '[${logs.join(',')}]',
) as number[]
`,
)
