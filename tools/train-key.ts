/**
 * Learns the key of a stretch of music: `node tools/train-key.ts [pieces per style] [songs] [epochs]`, some minutes,
 * after `train-chords.ts`, whose chords it hears. Writes `src/engines/audio/harmony/key-model.ts`.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cellsOf, edgesOf } from '#engines/audio/harmony/cells.ts'
import { chordPath, chordPosteriors } from '#engines/audio/harmony/chords.ts'
import { softmax, runnerOf } from '#engines/audio/harmony/net.ts'
import { KEY_BLOCKS, KEY_INPUTS, type Tonal, tonalBetween, tonalOf } from '#engines/audio/harmony/tonal.ts'
import { hashOf, type KeyLabel, type Random, randomFrom, type Span } from '../bench/analysis/corpus/score.ts'
import { type Lesson, lessons } from './harmony-data.ts'
import { accuracy, freshNet, learn, type Sample, sourceOf } from './rotating.ts'

const [perStyle = 14, lieder = 200, epochs = 20] = process.argv.slice(2).map(Number)
const FIRST_NUMBER = 1000
/** Few: more fit the lessons better, and other music no better. */
const HIDDEN = 6
const WINDOWS = 5
const WINDOW_SEC = [6, 30] as const
const PITCHES = 36
const ENDS_AT = KEY_INPUTS - 48
const ARRIVALS_AT = ENDS_AT - 48

const targetOf = ({ tonic, mode }: KeyLabel) => 2 * tonic + (mode === 'major' ? 0 : 1)

const cellAt = ({ count, edgesSec }: Tonal, sec: number) => {
  let cell = 0
  while (cell < count && edgesSec[cell]! < sec) cell++
  return cell
}

const windowIn = (tonal: Tonal, span: Span<KeyLabel>, random: Random): Sample | undefined => {
  const sec = Math.min(span.toSec - span.fromSec, WINDOW_SEC[0] + (WINDOW_SEC[1] - WINDOW_SEC[0]) * random() ** 2)
  const fromSec = span.fromSec + random() * (span.toSec - span.fromSec - sec)
  const x = new Float32Array(KEY_INPUTS)
  const heard = tonalBetween(tonal, cellAt(tonal, fromSec), cellAt(tonal, fromSec + sec), x)
  return heard ? { x, target: targetOf(span.value), weight: 0.6 } : undefined
}

/** The whole piece, and windows of one key. */
const samplesOf = (lesson: Lesson): Sample[] => {
  const { truth, durationSec, rows, id } = lesson
  if (!truth.key) return []
  const cells = cellsOf(rows, edgesOf(truth.beats, durationSec))
  const posteriors = chordPosteriors(cells)
  const tonal = tonalOf(cells, posteriors, chordPath(posteriors, cells.count))
  const random = randomFrom(hashOf(`windows ${id}`))
  const x = new Float32Array(KEY_INPUTS)
  const out: Sample[] = tonalBetween(tonal, 0, tonal.count, x) ? [{ x, target: targetOf(truth.key), weight: 1 }] : []
  // The keys inside of a song are not known, only that of the whole.
  const spans = truth.keys.length > 0 ? truth.keys : [{ fromSec: 0, toSec: durationSec, value: truth.key }]
  for (let n = 0; n < (truth.keys.length > 0 ? WINDOWS : 1); n++) {
    const sample = windowIn(tonal, spans[Math.floor(random() * spans.length)]!, random)
    if (sample) out.push(sample)
  }
  return out
}

const rebalance = (x: Float32Array, out: Float32Array, random: Random) => {
  let [before, after] = [1e-9, 1e-9]
  for (let register = 0; register < 3; register++) {
    const gain = random() < 0.12 ? 0.1 : 0.4 + 1.2 * random()
    for (let i = 12 * register; i < 12 * register + 12; i++) {
      before += x[i]! ** 2
      out[i] = gain * x[i]! * (0.85 + 0.3 * random())
      after += out[i]! ** 2
    }
  }
  for (let i = 0; i < PITCHES; i++) out[i]! *= Math.sqrt(before / after)
  const chords = random() < 0.15 ? 0.3 : 1
  const arrivals = random() < 0.2 ? 0 : 1
  // Much music begins and ends elsewhere than the lessons do.
  const ends = random() < 0.4 ? 0 : 1
  for (let i = PITCHES; i < x.length; i++)
    out[i] = x[i]! * (i < ARRIVALS_AT ? chords : i < ENDS_AT ? arrivals : ends) * (0.8 + 0.4 * random())
}

const byPiece: Sample[][] = []
for await (const lesson of lessons({ perStyle, firstNumber: FIRST_NUMBER, lieder })) byPiece.push(samplesOf(lesson))
const test = byPiece.filter((_, i) => i % 10 === 0).flat()
const samples = byPiece.filter((_, i) => i % 10 !== 0).flat()
console.log(`${byPiece.length} pieces, ${samples.length} stretches`)
const net = freshNet({ blocks: KEY_BLOCKS, extras: 0, hidden: HIDDEN, outputs: 2, none: 0 }, 3)
learn(net, samples, {
  epochs,
  batch: 32,
  rate: 0.003,
  decay: 0.05,
  seed: 4,
  vary: rebalance,
  report: (epoch, loss) =>
    epoch % 5 === 4 &&
    console.log(epoch, loss.toFixed(4), accuracy(net, test).toFixed(4), accuracy(net, samples).toFixed(4)),
})

/** The temperature that makes the probabilities of unheard pieces, each as a whole, most honest. */
const temperatureOf = () => {
  const { run, scores } = runnerOf(net)
  const whole = test.filter(({ weight }) => weight === 1)
  const lossAt = (temperature: number) =>
    whole.reduce((sum, { x, target }) => {
      run(x, 0)
      for (let i = 0; i < scores.length; i++) scores[i]! /= temperature
      softmax(scores)
      return sum - Math.log(Math.max(1e-9, scores[target]!))
    }, 0)
  const tried = Array.from({ length: 30 }, (_, i) => 0.6 * 1.08 ** i)
  return tried.reduce((a, b) => (lossAt(b) < lossAt(a) ? b : a))
}

writeFileSync(
  join(import.meta.dirname, '../src/engines/audio/harmony/key-model.ts'),
  `/** Made by \`tools/train-key.ts\`: not to be edited. */
import { type RotatingNet, unpack } from './net.ts'

/** Scores are divided by it: so are probabilities right as often as they say. */
export const KEY_TEMPERATURE = ${temperatureOf().toFixed(3)}

/** Outputs on each tonic: major, minor. */
export const KEY_NET: RotatingNet = ${sourceOf(net)}
`,
)
