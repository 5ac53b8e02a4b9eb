/**
 * Learns which chord sounds in a cell: `node tools/train-chords.ts [pieces per style] [epochs]`, some minutes.
 * Writes `src/engines/audio/harmony/chord-model.ts`. Hears only the training part of the analysis bench.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cellsOf, edgesOf } from '#engines/audio/harmony/cells.ts'
import { CHORD_BLOCKS, CHORD_EXTRAS, hearCells } from '#engines/audio/harmony/heard.ts'
import { CHORD_STATES, chordState, NO_CHORD, QUALITIES } from '#engines/audio/harmony/qualities.ts'
import { hashOf, type Random, randomFrom, type Span } from '../bench/analysis/corpus/score.ts'
import { type Lesson, lessons } from './harmony-data.ts'
import { accuracy, freshNet, learn, type Sample, sourceOf } from './rotating.ts'

const [perStyle = 14, epochs = 10] = process.argv.slice(2).map(Number)
const FIRST_NUMBER = 1000
const HIDDEN = 20
const OVERLAP_LEAST = 0.7
const NONE_WEIGHT = 0.7
const REGISTER = 12
const VIEW = 36

/** The label of most of a cell, when it is most of it. */
const labelAt = (chords: Span<string>[], fromSec: number, toSec: number) =>
  chords.find(
    (span) => Math.min(toSec, span.toSec) - Math.max(fromSec, span.fromSec) >= OVERLAP_LEAST * (toSec - fromSec),
  )?.value

/** Beats as a tracker might find them: right, shifted, or none at all. */
const heardBeats = ({ id, truth }: Lesson): number[] => {
  const random = randomFrom(hashOf(`beats ${id}`))
  const kind = random()
  if (kind < 0.15) return []
  const shift = kind < 0.3 ? random() * 0.3 : 0
  return truth.beats.map((beat) => beat + shift + 0.02 * (random() - 0.5))
}

const samplesOf = (lesson: Lesson): Sample[] => {
  const cells = cellsOf(lesson.rows, edgesOf(heardBeats(lesson), lesson.durationSec))
  const out: Sample[] = []
  hearCells(cells, (inputs, cell) => {
    const label = labelAt(lesson.truth.chords, cells.edgesSec[cell]!, cells.edgesSec[cell + 1]!)
    const target = label === undefined ? undefined : chordState(label)
    if (target !== undefined) out.push({ x: inputs.slice(), target, weight: target === NO_CHORD ? NONE_WEIGHT : 1 })
  })
  return out
}

/** Other balances of bass, middle and treble than the lessons have; views are of length 1 again. */
const rebalance = (x: Float32Array, out: Float32Array, random: Random) => {
  out.set(x)
  const gains = [random() < 0.1 ? 0 : 0.5 + random(), 0.6 + 0.8 * random(), random() < 0.1 ? 0 : 0.4 + 1.2 * random()]
  for (let view = 0; view < CHORD_BLOCKS / 3; view++) {
    let [before, after] = [1e-9, 1e-9]
    for (let i = 0; i < VIEW; i++) {
      const at = view * VIEW + i
      before += out[at]! ** 2
      out[at]! *= gains[Math.floor(i / REGISTER)]!
      after += out[at]! ** 2
    }
    const scale = Math.sqrt(before / after)
    for (let i = 0; i < VIEW; i++) out[view * VIEW + i]! *= scale
  }
  for (let e = 12 * CHORD_BLOCKS; e < out.length; e++) out[e]! += 0.2 * (random() - 0.5)
}

const samples: Sample[] = []
for await (const lesson of lessons({ perStyle, firstNumber: FIRST_NUMBER, lieder: 0 }))
  if (lesson.truth.chords.length > 0) samples.push(...samplesOf(lesson))
console.log(`${samples.length} cells`)
const test = samples.splice(Math.floor(samples.length * 0.93))
const net = freshNet(
  { blocks: CHORD_BLOCKS, extras: CHORD_EXTRAS, hidden: HIDDEN, outputs: QUALITIES.length, none: 1 },
  1,
)
learn(net, samples, {
  epochs,
  batch: 64,
  rate: 0.004,
  decay: 0.002,
  seed: 2,
  vary: rebalance,
  report: (epoch, loss) => console.log(epoch, loss.toFixed(4), accuracy(net, test).toFixed(4)),
})
const prior = new Float64Array(CHORD_STATES)
for (const { target } of samples) prior[target]! += 1
const byQuality = QUALITIES.map((_, q) => {
  let sum = 0
  for (let root = 0; root < 12; root++) sum += prior[root * QUALITIES.length + q]! / 12
  return sum / samples.length
})
const path = join(import.meta.dirname, '../src/engines/audio/harmony/chord-model.ts')
writeFileSync(
  path,
  `/** Made by \`tools/train-chords.ts\`: not to be edited. */
import { type RotatingNet, unpack } from './net.ts'

/** How often each quality is on each root in the lessons; none last. */
export const CHORD_PRIORS = [${[...byQuality, prior[NO_CHORD]! / samples.length].map((p) => p.toPrecision(4)).join(', ')}]

export const CHORD_NET: RotatingNet = ${sourceOf(net)}
`,
)
