/**
 * Learns `src/engines/audio/model.ts` from the training part of the corpus:
 * `node bench/analysis/train.ts [pieces per style] [songs]`. Prints what it reaches on that and the development part.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHROMA_PER_SEC } from '#engines/audio/chroma.ts'
import { type Evidence, judgedCurves, makeEvidence } from '#engines/audio/evidence.ts'
import { loadFft } from '#engines/audio/fft.ts'
import { readings, scoreOf } from '#engines/audio/hypotheses.ts'
import { beatFeatures, meterFeatures, placeBars } from '#engines/audio/meter.ts'
import { autocorrelation, tempoSalience } from '#engines/audio/tempo.ts'
import { items } from './corpus.ts'
import { extract, type Extract } from './extract.ts'
import { type Choice, learnChoice, learnClasses } from './learn.ts'
import { beatF } from './metrics/index.ts'

const MODEL = join(import.meta.dirname, '../../src/engines/audio/model.ts')
const [perStyle = 12, lieder = 60] = process.argv.slice(2).map(Number)
const CHOICE_PENALTY = 0.01
const HIDDEN = 8
const EMPTY_NET = { mean: [], scale: [], linear: [], out: [], bias: [], hidden: [] }
const POSITION_PENALTY = 0.003
const METER_PENALTY = 0.01
/** A reading this close to the best one is right, too. */
const RIGHT_SLACK = 0.03
const RIGHT_MIN = 0.7

type Case = Extract & { evidence: Evidence; curves: Float32Array[] }
type Judged = Case & { options: { features: Float32Array; f: number }[] }

const toFrames = (times: number[]) => Int32Array.from(times, (time) => Math.round(time * 100))

const fft = await loadFft()
const pieces = [...items('train', { perStyle, lieder }), ...items('dev')].filter(({ truth }) => truth.beats.length > 0)
const cases: Case[] = pieces.map((item) => {
  const features = extract(item, fft)
  const evidence = makeEvidence(features.flux, features.chroma, CHROMA_PER_SEC)
  return Object.assign(features, { evidence, curves: judgedCurves(evidence) })
})
const of = (split: Extract['split']) => cases.filter((one) => one.split === split)
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length

/** Position in the bar of every true beat, or undefined before the first downbeat. */
const positionsOf = (one: Case) => {
  const downbeats = new Set(one.truth.downbeats.map((time) => time.toFixed(4)))
  let position = -1
  return one.truth.beats.map((beat) => {
    if (downbeats.has(beat.toFixed(4))) position = 0
    else if (position >= 0) position++
    return position
  })
}

const positionWeights = (length: 3 | 4) => {
  const rows: number[][] = []
  const classes: number[] = []
  for (const one of of('train').filter((piece) => piece.truth.beatsPerBar === length)) {
    const features = beatFeatures(one.curves, toFrames(one.truth.beats))
    positionsOf(one).forEach((position, i) => {
      if (position < 0 || position >= length) return
      rows.push([...features.map((row) => row[i]!), 1])
      classes.push(position)
    })
  }
  return learnClasses(rows, classes, length, POSITION_PENALTY)
}
const positions = { 3: positionWeights(3), 4: positionWeights(4) }

const meterRow = (one: Case) => {
  const features = beatFeatures(one.curves, toFrames(one.truth.beats))
  return meterFeatures(features, placeBars(features, positions[3]).rate, placeBars(features, positions[4]).rate)
}
const measured = (split: Extract['split']) =>
  of(split).filter(({ truth }) => truth.beatsPerBar === 3 || truth.beatsPerBar === 4)
const meterClasses = learnClasses(
  measured('train').map(meterRow),
  measured('train').map((one) => (one.truth.beatsPerBar === 3 ? 1 : 0)),
  2,
  METER_PENALTY,
)
const meter = meterClasses[1]!.map((w, i) => w - meterClasses[0]![i]!)
for (const split of ['train', 'dev'] as const) {
  const right = measured(split).map((one) => {
    const ternary = meterRow(one).reduce((sum, x, i) => sum + x * meter[i]!, 0) > 0
    return ternary === (one.truth.beatsPerBar === 3) ? 1 : 0
  })
  const downbeatF = measured(split).map((one) => {
    const features = beatFeatures(one.curves, toFrames(one.truth.beats))
    const { downbeats } = placeBars(features, positions[one.truth.beatsPerBar as 3 | 4])
    return beatF(
      one.truth.downbeats,
      Array.from(downbeats, (i) => one.truth.beats[i]!),
    )
  })
  console.log(
    split,
    'on true beats: 3 or 4',
    mean(right).toFixed(3),
    'downbeat F, bar length given',
    mean(downbeatF).toFixed(3),
  )
}

const judged: Judged[] = cases.map((one) => {
  const salience = tempoSalience(autocorrelation(one.evidence.onset))
  const options = readings(one.evidence, salience, { hypothesis: EMPTY_NET, positions, meter }).map((reading) => ({
    features: reading.features,
    f: beatF(
      one.truth.beats,
      Array.from(reading.beats, (beat) => beat / 100),
    ),
  }))
  return Object.assign(one, { options })
})
const judgedOf = (split: Extract['split']) => judged.filter((one) => one.split === split)
const best = (one: Judged) => Math.max(0, ...one.options.map((option) => option.f))
const choices: Choice[] = judgedOf('train')
  .filter((one) => best(one) >= RIGHT_MIN)
  .map((one) => ({
    features: one.options.map((option) => option.features),
    right: one.options.map((option) => option.f >= best(one) - RIGHT_SLACK),
  }))
const hypothesis = learnChoice(choices, HIDDEN, CHOICE_PENALTY)

const chosenF = (one: Judged) => {
  const scores = one.options.map(({ features }) => scoreOf(features, hypothesis))
  return one.options[scores.indexOf(Math.max(...scores))]?.f ?? 0
}
for (const split of ['train', 'dev'] as const)
  console.log(
    split,
    judgedOf(split).length,
    'beat F, all of the piece: chosen',
    mean(judgedOf(split).map(chosenF)).toFixed(3),
    'best reading',
    mean(judgedOf(split).map(best)).toFixed(3),
  )
const groups = [...new Set(cases.map((one) => one.group))]
for (const group of groups) {
  const members = judgedOf('dev').filter((one) => one.group === group)
  console.log(
    ' ',
    group.padEnd(12),
    members.length,
    mean(members.map(chosenF)).toFixed(3),
    mean(members.map(best)).toFixed(3),
  )
}

const round = (values: readonly number[]) => `[${values.map((value) => Number(value.toPrecision(4))).join(', ')}]`
const matrix = (rows: readonly (readonly number[])[]) => `[${rows.map(round).join(', ')}]`
const shape = readFileSync(MODEL, 'utf8')
writeFileSync(
  MODEL,
  `${shape.slice(0, shape.indexOf('export const MODEL'))}export const MODEL: Model = {
  hypothesis: {
    mean: ${round(hypothesis.mean)},
    scale: ${round(hypothesis.scale)},
    linear: ${round(hypothesis.linear)},
    out: ${round(hypothesis.out)},
    bias: ${round(hypothesis.bias)},
    hidden: ${matrix(hypothesis.hidden)},
  },
  positions: { 3: ${matrix(positions[3])}, 4: ${matrix(positions[4])} },
  meter: ${round(meter)},
}
`,
)
