import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { plainAnswer } from './baseline.ts'
import { compose } from './corpus/compose.ts'
import { SAMPLE_RATE } from './corpus/fonts.ts'
import type { Truth } from './corpus/score.ts'
import { synthesise } from './corpus/synth.ts'
import { byStyle, summary } from './report.ts'
import { type Metric, METRICS, scoresOf } from './score.ts'
import { difference, estimate } from './statistics.ts'

const piece = compose('rock', 1, 30)
const truth: Truth = { ...piece.truth, tuningHz: 440 }
const { bpm, beats, downbeats, beatsPerBar, timeSignature, key, keys, onsets, chords, sections } = truth
const right = {
  bpm: bpm!,
  beats,
  downbeats,
  beatsPerBar: beatsPerBar!,
  timeSignature: timeSignature!,
  key: key!,
  keys,
  tuningHz: 440,
  onsets,
  chords,
  sections,
}

describe('scores', () => {
  test('the truth itself reaches the best of every metric', () => {
    const scores = scoresOf(truth, right)
    assert.deepEqual(Object.keys(scores).sort(), Object.keys(METRICS).sort())
    for (const [metric, score] of Object.entries(scores)) {
      assert.ok(Math.abs(score - 1) < 1e-9, `${metric}: ${score}`)
    }
  })

  test('what is not answered is not scored; nothing where there is a pulse scores 0', () => {
    assert.deepEqual(scoresOf(truth, {}), {})
    assert.equal(scoresOf(truth, { beats: [] })['beat F'], 0)
  })

  test('a piece without pulse asks for no beats', () => {
    const { bpm: _, ...rest } = truth
    const ambient = { ...rest, beats: [], downbeats: [] }
    assert.equal(scoresOf(ambient, right)['beat F'], undefined)
    assert.equal(scoresOf(ambient, right).Acc1, undefined)
  })

  test('half tempo: all right at some level, wrong at its own', () => {
    const half = { ...right, bpm: bpm! / 2, beats: beats.filter((_, i) => i % 2 === 0) }
    const { CMLt, AMLt, Acc1, Acc2 } = scoresOf(truth, half)
    assert.deepEqual([CMLt, AMLt, Acc1, Acc2], [0, 1, 0, 1])
  })

  test('tuning is judged within a semitone', () => {
    assert.equal(scoresOf(truth, { tuningHz: 440 * 2 ** (4 / 1200) }).tuning, 1)
    assert.equal(scoresOf(truth, { tuningHz: 440 * 2 ** (103 / 1200) }).tuning, 1)
    assert.equal(scoresOf(truth, { tuningHz: 440 * 2 ** (20 / 1200) }).tuning, 0)
  })

  test('the plain baseline hears a loud kit, and answers all that can be compared', () => {
    const found = scoresOf(truth, plainAnswer(synthesise(piece)))
    assert.equal(SAMPLE_RATE, 44_100)
    assert.ok(found.Acc2 === 1 && found.onset! > 0.3, JSON.stringify(found))
    assert.deepEqual(Object.keys(found).sort(), Object.keys(METRICS).sort())
  })
})

describe('statistics', () => {
  test('an interval holds its mean, repeats itself, and narrows with more pieces', () => {
    const values = Array.from({ length: 40 }, (_, i) => (i % 4) / 3)
    const few = estimate(values.slice(0, 8))!
    const many = estimate(values)!
    assert.deepEqual(many, estimate(values))
    for (const { mean, low, high } of [few, many]) assert.ok(low < mean && mean < high)
    assert.ok(many.high - many.low < few.high - few.low)
    assert.equal(estimate([]), undefined)
  })

  test('a difference is clear only where its interval leaves out 0', () => {
    const values = Array.from({ length: 30 }, (_, i) => (i % 5) / 5)
    const better = values.map((value) => value + 0.1)
    assert.equal(difference(better, values)?.clear, true)
    assert.equal(difference(values, values)?.clear, false)
  })
})

test('tables: one line a metric, one a style, a mark where another system is clearly below', () => {
  const metric: Metric = 'beat F'
  const judged = [
    { system: 'first', scores: Array.from({ length: 10 }, () => ({ 'beat F': 0.9 })) },
    { system: 'second', scores: Array.from({ length: 10 }, (_, i) => ({ 'beat F': i / 20 })) },
  ]
  const [heading, row] = summary(judged)
  assert.match(heading!, /first\s+second$/)
  assert.match(row!, /^beat F\s+10\s+\.900 \.900–\.900\s+\.225 .*▼$/)
  const items = judged[0]!.scores.map((_, i) => ({ style: i < 5 ? 'rock' : 'swing' }))
  const lines = byStyle(metric, items, judged)
  assert.equal(lines.length, 3)
  assert.match(lines[1]!, /^rock\s+5 /)
})
