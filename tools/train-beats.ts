/**
 * Learns `src/engines/audio/model.ts` from the training part of the corpus of the analysis bench, some minutes:
 * `node tools/train-beats.ts [pieces per style] [songs]`. Prints what it reaches on that and on the development part.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EVIDENCE_LAG, findOnsets, onsetPeaks } from '#engines/audio/beats/onsets.ts'
import { judgedCurves } from '#engines/audio/evidence.ts'
import { readings, scoreOf } from '#engines/audio/hypotheses.ts'
import {
  BAR_LENGTHS,
  BEAT_ROWS,
  beatFeatures,
  CONTEXT,
  downbeatOdds,
  meterFeatures,
  partFeatures,
  placeBars,
} from '#engines/audio/meter.ts'
import type { Model } from '#engines/audio/model.ts'
import { tempoShares } from '#engines/audio/rhythm.ts'
import { autocorrelation, tempoSalience } from '#engines/audio/tempo.ts'
import { beatF } from '../bench/analysis/metrics/index.ts'
import { excerpt, type Lesson, lessons, pulses } from './beats-data.ts'
import { type Choice, learnChoice, learnClasses } from './beats-learn.ts'

const MODEL = join(import.meta.dirname, '../src/engines/audio/model.ts')
const [perStyle = 8, lieder = 40] = process.argv.slice(2).map(Number)
const HIDDEN = 8
const PULSES = 40
const PENALTY = { choice: 0.02, downbeat: 0.001, bar: 0.01, ternary: 0.01, onset: 0.0003, confidence: 0.001 }
const EMPTY_NET = { mean: [], scale: [], linear: [], out: [], bias: [], hidden: [] }
/** A reading this close to the best one is right, too. */
const RIGHT_SLACK = 0.03
const RIGHT_MIN = 0.7
const ONSET_WINDOW_SEC = 0.05
/** Every n-th peak is learned from: there are plenty. */
const ONSET_EVERY = 6
/** F is highest where a doubtful onset is told: at odds of F / 2, not of 1. */
const ONSET_LEAN = 0.2
const TEMPO_TOLERANCE = 0.04

type Case = Lesson & { curves: Float32Array[]; frames: Int32Array }

const caseOf = (lesson: Lesson): Case => ({
  ...lesson,
  curves: judgedCurves(lesson.evidence),
  frames: Int32Array.from(lesson.truth.beats, (time) => Math.round(time * 100)),
})
const train = [...(await lessons('train', { perStyle, lieder })), ...(await pulses(PULSES))].map(caseOf)
const dev = (await lessons('dev', {})).map(caseOf)
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)

/** Weights of the second of two classes over the first. */
const learnOdds = (rows: ArrayLike<number>[], yes: boolean[], penalty: number): number[] => {
  const [no, right] = learnClasses(
    rows,
    yes.map((value) => (value ? 1 : 0)),
    2,
    penalty,
  ) as [number[], number[]]
  return right.map((weight, i) => weight - no[i]!)
}

const learnDownbeats = () => {
  const rows: Float64Array[] = []
  const yes: boolean[] = []
  for (const one of train.filter(({ truth }) => truth.downbeats.length > 1)) {
    const features = beatFeatures(one.curves, one.frames)
    const downbeats = new Set(one.truth.downbeats.map((time) => time.toFixed(3)))
    one.truth.beats.forEach((beat, i) => {
      const row = new Float64Array(BEAT_ROWS * (2 * CONTEXT + 1) + 1)
      for (let offset = -CONTEXT, w = 0; offset <= CONTEXT; offset++)
        for (const each of features) row[w++] = each[i + offset] ?? 0
      row[row.length - 1] = 1
      rows.push(row)
      yes.push(downbeats.has(beat.toFixed(3)))
    })
  }
  return learnOdds(rows, yes, PENALTY.downbeat)
}
const downbeat = learnDownbeats()

/** Which of ascending `found` are the partner of one of `truth`, seconds. */
const matched = (truth: readonly number[], found: readonly number[]): boolean[] => {
  const out = found.map(() => false)
  for (let r = 0, e = 0; r < truth.length && e < found.length; ) {
    const off = found[e]! - truth[r]!
    if (Math.abs(off) <= ONSET_WINDOW_SEC) out[e] = true
    if (off >= -ONSET_WINDOW_SEC) r++
    if (off <= ONSET_WINDOW_SEC) e++
  }
  return out
}

const heardPeaks = ({ evidence, truth }: Case) => {
  const { frames, features } = onsetPeaks(evidence)
  const right = matched(
    truth.onsets,
    frames.map((frame) => (frame - EVIDENCE_LAG) / 100),
  )
  return frames.map((frame, i) => ({ x: features(frame), right: right[i]! }))
}

const learnOnsets = () => {
  const peaks = train.flatMap((one) => heardPeaks(one).filter((_, i) => i % ONSET_EVERY === 0))
  const weights = learnOdds(
    peaks.map(({ x }) => x),
    peaks.map(({ right }) => right),
    PENALTY.onset,
  )
  weights[weights.length - 1]! += ONSET_LEAN
  return weights
}
const onset = learnOnsets()

const meterRow = (one: Case) => {
  const features = beatFeatures(one.curves, one.frames)
  const odds = downbeatOdds(features, downbeat)
  return meterFeatures(
    features,
    BAR_LENGTHS.map((length) => placeBars(odds, length).rate),
  )
}
const classOf = (one: Case) => BAR_LENGTHS.indexOf((one.truth.beatsPerBar ?? 0) as 4)
const measured = (cases: Case[]) => cases.filter((one) => classOf(one) >= 0)
const bar = learnClasses(measured(train).map(meterRow), measured(train).map(classOf), BAR_LENGTHS.length, PENALTY.bar)

const written = (cases: Case[]) => cases.filter(({ truth }) => truth.timeSignature && truth.beatsPerBar)
const isTernary = ({ truth }: Case) => Number(truth.timeSignature!.split('/')[0]) === 3 * truth.beatsPerBar!
const partRow = ({ curves, frames }: Case) => partFeatures(curves, frames)
const ternary = learnOdds(written(train).map(partRow), written(train).map(isTernary), PENALTY.ternary)

const dot = (w: readonly number[], x: readonly number[]) => x.reduce((sum, value, i) => sum + value * w[i]!, 0)
for (const [name, cases] of Object.entries({ train, dev })) {
  const onsetF = cases.map((one) => {
    const told = findOnsets(one.evidence, onset).map((frame) => (frame - EVIDENCE_LAG) / 100)
    const right = matched(one.truth.onsets, told).filter(Boolean).length
    return (2 * right) / (told.length + one.truth.onsets.length)
  })
  const bars = measured(cases).map((one) => {
    const x = meterRow(one)
    const scores = bar.map((w) => dot(w, x))
    return scores.indexOf(Math.max(...scores)) === classOf(one) ? 1 : 0
  })
  const placed = measured(cases).map((one) => {
    const odds = downbeatOdds(beatFeatures(one.curves, one.frames), downbeat)
    const found = placeBars(odds, one.truth.beatsPerBar!).downbeats
    return beatF(
      one.truth.downbeats,
      Array.from(found, (i) => one.truth.beats[i]!),
    )
  })
  const parts = written(cases).map((one) => (dot(ternary, partRow(one)) > 0 === isTernary(one) ? 1 : 0))
  console.log(
    `${name}, on true beats: bar length ${mean(bars).toFixed(3)}, downbeat F with it given ${mean(placed).toFixed(3)}, halves or thirds ${mean(parts).toFixed(3)}; onset F ${mean(onsetF).toFixed(3)}`,
  )
}

type Judged = Case & { options: { features: Float32Array; f: number; bpm: number }[] }
const unchosen: Model = { hypothesis: EMPTY_NET, downbeat, bar, ternary, onset, confidence: [1, 0] }
const judge = (one: Case): Judged => {
  const salience = tempoSalience(autocorrelation(one.evidence.onset))
  const options = readings(one.evidence, salience, unchosen).map(({ features, beats, bpm }) => ({
    features,
    bpm,
    f: beatF(
      one.truth.beats,
      Array.from(beats, (beat) => beat / 100),
    ),
  }))
  return { ...one, options }
}
const judged = { train: train.map(judge), dev: dev.map(judge) }
const best = (one: Judged) => Math.max(0, ...one.options.map((option) => option.f))
/** Halves of the pieces, too: how a reading looks must not hang on one arrangement of parts. */
const halves = train.flatMap((one) => [excerpt(one, 0, 0.5), excerpt(one, 0.5, 1)].map((half) => judge(caseOf(half))))
const choices: Choice[] = [...judged.train, ...halves]
  .filter((one) => best(one) >= RIGHT_MIN)
  .map((one) => ({
    features: one.options.map((option) => option.features),
    right: one.options.map((option) => option.f >= best(one) - RIGHT_SLACK),
  }))
const hypothesis = learnChoice(choices, HIDDEN, PENALTY.choice)
const chosenF = (one: Judged) => {
  const scores = one.options.map(({ features }) => scoreOf(features, hypothesis))
  return one.options[scores.indexOf(Math.max(...scores))]?.f ?? 0
}
for (const [name, cases] of Object.entries(judged)) {
  console.log(
    name,
    cases.length,
    'beat F: chosen',
    mean(cases.map(chosenF)).toFixed(3),
    'best',
    mean(cases.map(best)).toFixed(3),
  )
  for (const style of new Set(cases.map((one) => one.style))) {
    const members = cases.filter((one) => one.style === style)
    console.log('  ', style.padEnd(20), mean(members.map(chosenF)).toFixed(3), mean(members.map(best)).toFixed(3))
  }
}

/** Of the development part: what was learned from is known too well. */
const learnConfidence = (): [number, number] => {
  const guesses = judged.dev
    .filter(({ truth, options }) => truth.bpm !== undefined && options.length > 0)
    .map(({ truth, options }) => {
      const all = options.map(({ features, bpm }) => ({ bpm, score: scoreOf(features, hypothesis) }))
      const [first] = tempoShares(
        all.sort((a, b) => b.score - a.score),
        [1, 0],
      )
      const share = Math.min(1 - 1e-4, first!.confidence)
      return { x: [Math.log(share / (1 - share)), 1], yes: Math.abs(first!.bpm / truth.bpm! - 1) <= TEMPO_TOLERANCE }
    })
  const [scale, bias] = learnOdds(
    guesses.map(({ x }) => x),
    guesses.map(({ yes }) => yes),
    PENALTY.confidence,
  ) as [number, number]
  return [scale, bias]
}
const confidence = learnConfidence()

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
  downbeat: ${round(downbeat)},
  bar: ${matrix(bar)},
  ternary: ${round(ternary)},
  onset: ${round(onset)},
  confidence: ${round(confidence)},
}
`,
)
