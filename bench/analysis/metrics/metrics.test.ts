import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import golden from './golden.json' with { type: 'json' }
import {
  aligned,
  beatF,
  boundaries,
  cemgil,
  chordScores,
  conditionalEntropy,
  continuity,
  deviation,
  encodeChord,
  goto,
  informationGain,
  type Labelled,
  keyScore,
  onsetScores,
  pairwise,
  pScore,
  tempoAccuracy,
  tempoDetection,
  trimBeats,
} from './index.ts'

const TOLERANCE = 1e-9

const near = (actual: readonly number[], wanted: readonly number[], what: string) => {
  assert.equal(actual.length, wanted.length)
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - wanted[i]!) <= TOLERANCE, `${what}, number ${i}: ${value}, mir_eval says ${wanted[i]}`)
  })
}

const nameOf = (of: (number | string)[] | null) => (of ? { tonic: of[0] as number, mode: of[1] as 'major' } : undefined)

const labelled = ([intervals, labels]: (number[][] | string[])[]): Labelled => ({
  intervals: intervals as [number, number][],
  labels: labels as string[],
})

describe('metrics equal mir_eval', () => {
  golden.beats.forEach(({ reference, estimated, beat, onset }, i) => {
    test(`beats and onsets ${i}: ${reference.length} against ${estimated.length}`, () => {
      const [r, e] = [trimBeats(reference), trimBeats(estimated)]
      const { score, best } = cemgil(r, e)
      const { cmlC, cmlT, amlC, amlT } = continuity(r, e)
      const ours = [beatF(r, e), score, best, goto(r, e), pScore(r, e), cmlC, cmlT, amlC, amlT, informationGain(r, e)]
      near(ours, beat, 'beat')
      const { f, precision, recall } = onsetScores(reference, estimated)
      near([f, precision, recall], onset, 'onset')
    })
  })

  test('tempo detection', () => {
    for (const { reference, weight, estimated, scores } of golden.tempi) {
      const { pScore, one, both } = tempoDetection(reference as [number, number], weight, estimated)
      near([pScore, one, both], scores, `tempo ${reference.join()}`)
    }
  })

  test('key, with none and other modes', () => {
    for (const { reference, scores, none } of golden.keys) {
      const all = (['major', 'minor', 'other'] as const).flatMap((mode) =>
        Array.from({ length: 12 }, (_, tonic) => keyScore(nameOf(reference), { tonic, mode })),
      )
      near(all, scores, `key ${reference?.join(' ')}`)
      near([keyScore(nameOf(reference), undefined)], [none], 'no key')
    }
  })

  golden.chords.forEach(({ reference, estimated, scores }, i) => {
    test(`chords ${i}`, () => {
      const ours = chordScores(labelled(reference), labelled(estimated))
      for (const [name, wanted] of Object.entries(scores)) near([ours[name as keyof typeof ours]], [wanted], name)
    })
  })

  golden.segments.forEach(({ reference, estimated, scores }, i) => {
    test(`segments ${i}`, () => {
      const [r, e] = aligned(labelled(reference), labelled(estimated))
      const [narrow, wide] = [boundaries(r, e, 0.5), boundaries(r, e, 3)]
      const { referenceToEstimated, estimatedToReference } = deviation(r, e)
      const pairs = pairwise(r, e)
      const entropy = conditionalEntropy(r, e)
      near(
        [
          narrow.f,
          wide.f,
          narrow.precision,
          wide.recall,
          referenceToEstimated,
          estimatedToReference,
          pairs.precision,
          pairs.recall,
          pairs.f,
          entropy.over,
          entropy.under,
          entropy.f,
        ],
        scores,
        'segment',
      )
    })
  })
})

describe('metrics', () => {
  test('tempo: 4 % and the metrical levels', () => {
    assert.deepEqual(tempoAccuracy(100, 103.9), { acc1: 1, acc2: 1 })
    assert.deepEqual(tempoAccuracy(100, 50), { acc1: 0, acc2: 1 })
    assert.deepEqual(tempoAccuracy(100, 300), { acc1: 0, acc2: 1 })
    assert.deepEqual(tempoAccuracy(100, 75), { acc1: 0, acc2: 0 })
  })

  test('a label that is none is refused by name', () => {
    for (const label of ['', 'H:maj', 'C:major', 'C:maj(0)', 'C:maj/14', 'C:maj11', 'c:maj'])
      assert.throws(() => encodeChord(label), new RegExp(`^RangeError: ${label.replace(/[()]/g, '\\$&')} `))
  })

  test('any beats against themselves are perfect, and no score leaves 0..1', () => {
    const beats = fc
      .array(fc.double({ min: 0.2, max: 2, noNaN: true }), { minLength: 3, maxLength: 80 })
      .map((steps) => steps.map((_, i) => 5 + steps.slice(0, i).reduce((a, b) => a + b, 0)))
    fc.assert(
      fc.property(beats, beats, (reference, estimated) => {
        near([beatF(reference, reference), continuity(reference, reference).cmlT], [1, 1], 'itself')
        const { cmlC, cmlT, amlC, amlT } = continuity(reference, estimated)
        const scores = [beatF(reference, estimated), cemgil(reference, estimated).best, cmlC, cmlT, amlC, amlT]
        for (const score of scores) assert.ok(score >= 0 && score <= 1, String(score))
        assert.ok(cmlC <= cmlT && cmlT <= amlT && amlC <= amlT)
      }),
    )
  })
})
