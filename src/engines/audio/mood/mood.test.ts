/** Signals whose answer anybody knows. Music is judged by `bench/analysis/similarity.ts`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { analyze } from '#engines/audio/analyzer.ts'
import type { TrackAnalysis } from '#engines/audio/types.ts'
import { type Mood, TARGETS } from './index.ts'

const RATE = 44_100
const SECONDS = 8
const NAMES = Object.keys(TARGETS) as (keyof Mood)[]

const signal = (at: (t: number, i: number) => number, seconds = SECONDS) =>
  Float32Array.from({ length: Math.round(seconds * RATE) }, (_, i) => at(i / RATE, i))
const judge = (samples: Float32Array): TrackAnalysis => analyze(samples, { sampleRate: RATE, channels: 1 })

let seed = 1
const noise = () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 31 - 1
}

/** A chord that is struck again and again, with a thump under it. */
const strikes = (perMinute: number, level: number, tones: readonly number[]) =>
  signal((t) => {
    const since = t % (60 / perMinute)
    const chord = tones.reduce((sum, hz) => sum + Math.sin(2 * Math.PI * hz * t), 0) / tones.length
    const thump = Math.exp(-30 * since) * Math.sin(2 * Math.PI * 60 * since)
    return level * (0.5 * Math.exp(-4 * since) * chord + 0.5 * thump)
  })
const MAJOR = [220, 277.18, 329.63, 440]

const cases: [name: string, samples: Float32Array][] = [
  ['silence', signal(() => 0)],
  ['an offset', signal(() => 0.5)],
  ['one sample', new Float32Array([1])],
  ['half a second', signal((t) => Math.sin(2000 * t), 0.5)],
  ['white noise', signal(() => 0.5 * noise())],
  ['full-scale square', signal((t) => Math.sign(Math.sin(2 * Math.PI * 100 * t)))],
  ['clicks', signal((_, i) => (i % 22_050 === 0 ? 1 : 0))],
  ['a sine', signal((t) => 0.5 * Math.sin(2 * Math.PI * 440 * t))],
]

for (const [name, samples] of cases)
  test(`${name}: every score is a number from 0 to 1`, () => {
    const found = judge(samples)
    for (const score of NAMES) assert.ok(found[score] >= 0 && found[score] <= 1, `${score} ${found[score]}`)
  })

test('silence is calm, and nothing is claimed about it', () => {
  const found = judge(cases[0]![1])
  assert.deepEqual(
    NAMES.map((score) => found[score]),
    [0, 0, 0.5, 0, 0.5, 0.5, 0],
  )
})

test('what has no voice is not called speech: noise, clicks, a sine', () => {
  for (const name of ['white noise', 'clicks', 'a sine']) {
    const { speechiness } = judge(cases.find((each) => each[0] === name)![1])
    assert.ok(speechiness < 0.5, `${name} ${speechiness}`)
  }
})

test('the same music louder has more arousal and energy', () => {
  const [soft, loud] = [judge(strikes(120, 0.02, MAJOR)), judge(strikes(120, 0.8, MAJOR))]
  assert.ok(loud.arousal > soft.arousal + 0.1)
  assert.ok(loud.energy > soft.energy + 0.05)
})

test('the same music struck faster has more arousal', () => {
  assert.ok(judge(strikes(150, 0.5, MAJOR)).arousal > judge(strikes(60, 0.5, MAJOR)).arousal)
})

test('a steady thump can be danced to, noise and one long tone cannot', () => {
  const thump = judge(strikes(120, 0.5, MAJOR)).danceability
  for (const name of ['white noise', 'a sine']) {
    const { danceability } = judge(cases.find((each) => each[0] === name)![1])
    assert.ok(thump > danceability + 0.3, `${thump} ${name} ${danceability}`)
  }
})

test('every score says what it was made to tell, and that no people were asked', () => {
  for (const { learnedFrom, validatedAgainstPeople } of Object.values(TARGETS)) {
    assert.ok(learnedFrom.length > 20)
    assert.equal(validatedAgainstPeople, false)
  }
})
