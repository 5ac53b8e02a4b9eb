import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import golden from './golden.json' with { type: 'json' }
import { continuity, eventF, keyScore, tempoAccuracy, trimBeats } from './metrics.ts'

const near = (actual: number, wanted: number) => assert.ok(Math.abs(actual - wanted) < 1e-5, `${actual} ≠ ${wanted}`)

describe('metrics', () => {
  test('beat F and continuity equal mir_eval 0.8 on its own outputs (golden.json)', () => {
    for (const { reference, estimated, f, continuity: wanted } of golden) {
      const [r, e] = [trimBeats(reference), trimBeats(estimated)]
      near(eventF(r, e), f)
      const { cmlC, cmlT, amlC, amlT } = continuity(r, e)
      ;[cmlC, cmlT, amlC, amlT].forEach((value, i) => near(value, wanted[i]!))
    }
  })

  test('empty lists score nothing', () => {
    assert.equal(eventF([], [1]), 0)
    assert.equal(eventF([1], []), 0)
    assert.deepEqual(continuity([6], [6]), { cmlC: 0, cmlT: 0, amlC: 0, amlT: 0 })
  })

  test('tempo: 4 % and the metrical levels', () => {
    assert.deepEqual(tempoAccuracy(100, 103.9), { acc1: 1, acc2: 1 })
    assert.deepEqual(tempoAccuracy(100, 50), { acc1: 0, acc2: 1 })
    assert.deepEqual(tempoAccuracy(100, 300), { acc1: 0, acc2: 1 })
    assert.deepEqual(tempoAccuracy(100, 75), { acc1: 0, acc2: 0 })
  })

  test('key: same, fifth above (not below), relative, parallel', () => {
    const c = { tonic: 0, mode: 'major' } as const
    const scores = (
      [
        [0, 'major'],
        [7, 'major'],
        [5, 'major'],
        [9, 'minor'],
        [0, 'minor'],
        [3, 'minor'],
      ] as const
    ).map(([tonic, mode]) => keyScore(c, { tonic, mode }))
    assert.deepEqual(scores, [1, 0.5, 0, 0.3, 0.2, 0])
    assert.equal(keyScore({ tonic: 9, mode: 'minor' }, c), 0.3)
  })
})
