import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { camelotOf, keyName } from '#engines/audio/index.ts'
import { keyNo } from './keys.ts'
import { MOODS, moodOf } from './mood.ts'

const wordOf = (tempo: number, key: string, energy: number) => moodOf({ tempo, key, energy })?.mood

describe('mood of music', () => {
  test('words of the corners: what listeners call fast and major, slow and minor, loud and minor', () => {
    assert.equal(wordOf(128, 'C major', 0.6), 'happy')
    assert.equal(wordOf(150, 'D major', 0.95), 'energetic')
    assert.equal(wordOf(65, 'A minor', 0.15), 'sad')
    assert.equal(wordOf(160, 'E minor', 0.95), 'angry')
    assert.equal(wordOf(80, 'F major', 0.1), 'calm')
    assert.equal(moodOf({ tempo: null, key: 'C major', energy: 0.5 }), null)
  })
  test('faster, louder and major never feel calmer, or worse', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true })
    const tempo = fc.double({ min: 30, max: 300, noNaN: true })
    fc.assert(
      fc.property(tempo, unit, tempo, unit, (t1, e1, t2, e2) => {
        const [slow, fast] = [Math.min(t1, t2), Math.max(t1, t2)]
        const [soft, loud] = [Math.min(e1, e2), Math.max(e1, e2)]
        const low = moodOf({ tempo: slow, key: 'C minor', energy: soft })
        const high = moodOf({ tempo: fast, key: 'C major', energy: loud })
        assert.ok(low && high && low.arousal <= high.arousal && low.valence <= high.valence)
        for (const m of [low, high])
          assert.ok(m.valence >= 0 && m.valence <= 1 && m.arousal >= 0 && m.arousal <= 1 && MOODS.includes(m.mood))
      }),
    )
  })
})

test('keys are read as people write them; every spelling of the engine and of the wheel is the same key', () => {
  for (const mode of ['major', 'minor'] as const)
    for (let tonic = 0; tonic < 12; tonic++) {
      const camelot = camelotOf(tonic, mode)
      const no = Number.parseInt(camelot) * 2 - (camelot.endsWith('A') ? 1 : 0)
      assert.equal(keyNo(keyName(tonic, mode)), no, keyName(tonic, mode))
      assert.equal(keyNo(camelot.toLowerCase()), no)
    }
  assert.equal(keyNo('C♯ minor'), keyNo('Dbm'))
  assert.equal(keyNo('gb'), keyNo('F# major'))
  assert.equal(keyNo('h-moll'), keyNo('B minor'))
  for (const text of ['', 'X minor', '13A', '0B', 'loud', 'C minor seventh']) assert.equal(keyNo(text), 0, text)
})
