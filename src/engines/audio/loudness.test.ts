import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EBU_CASES, EBU_RATE, type EbuCase, MOMENTARY_PATTERN, SHORT_TERM_PATTERN, tones } from './ebu.fixture.ts'
import { loudnessMeter, SILENCE_LUFS } from './loudness.ts'
import { peakMeter } from './truepeak.ts'

const RATE = EBU_RATE
const BLOCK = RATE / 10
const db = (value: number) => 10 ** (value / 20)

/** [level dBFS, seconds] steps of a stereo 1 kHz sine, as EBU Tech 3341 and 3342 describe their signals. */
const measure = (steps: [number, number][], frequencyHz = 1000) => {
  const meter = loudnessMeter(RATE, 2)
  const block = new Float32Array(BLOCK)
  let n = 0
  for (const [level, seconds] of steps) {
    for (let b = 0; b < Math.round(seconds * 10); b++) {
      for (let i = 0; i < BLOCK; i++, n++) block[i] = db(level) * Math.sin((2 * Math.PI * frequencyHz * n) / RATE)
      meter.push([block, block])
    }
  }
  return meter.finish()
}

const near = (actual: number, wanted: number, tolerance: number, what: string) =>
  assert.ok(Math.abs(actual - wanted) <= tolerance, `${what}: ${actual}, wanted ${wanted} ± ${tolerance}`)

/** A case of the fixture as the product hears it. */
const readingOf = ({ reads, signal }: EbuCase) => {
  const x = signal()
  if (reads === 'truePeak') {
    const meter = peakMeter(2)
    meter.push([x, x])
    return 20 * Math.log10(meter.finish().truePeak)
  }
  const { integratedLufs, rangeLu, momentaryMaxLufs, shortTermMaxLufs } = loudnessOf(x)
  const readings = { integrated: integratedLufs, range: rangeLu, maxMomentary: momentaryMaxLufs }
  return reads === 'maxShortTerm' ? shortTermMaxLufs : readings[reads]
}

const loudnessOf = (x: Float32Array) => {
  const meter = loudnessMeter(RATE, 2)
  for (let at = 0; at + BLOCK <= x.length; at += BLOCK) {
    const block = x.subarray(at, at + BLOCK)
    meter.push([block, block])
  }
  return meter.finish()
}

/** Of the cases of twenty signals every fifth: `bench -- analysis --only ebu` reads them all. */
const READ_HERE = /^[^#]*(#(1|6|11|16|20))?$/
for (const one of EBU_CASES.filter(({ name }) => READ_HERE.test(name)))
  test(`EBU Tech ${one.name}: ${one.reads} within +${one.above} / −${one.below}`, () => {
    const reading = readingOf(one)
    const within = reading <= one.wanted + one.above && reading >= one.wanted - one.below
    assert.ok(within, `${reading}, wanted ${one.wanted}`)
  })

test('EBU Tech 3341-9 and 3341-12: short-term and momentary readings stay for patterns of their length', () => {
  for (const lufs of loudnessOf(tones(SHORT_TERM_PATTERN)).curve.shortTermLufs) near(lufs, -23, 0.1, 'short-term')
  for (const lufs of loudnessOf(tones(MOMENTARY_PATTERN)).curve.momentaryLufs.slice(4))
    near(lufs, -23, 0.1, 'momentary')
})

test('silence reads the absolute gate, range 0, peak 0', () => {
  const meter = loudnessMeter(RATE, 1)
  for (let i = 0; i < 50; i++) meter.push([new Float32Array(BLOCK)])
  const { curve, ...rest } = meter.finish()
  assert.ok(curve.momentaryLufs.length === 50 && curve.momentaryLufs.every((lufs) => lufs === SILENCE_LUFS))
  assert.deepEqual(rest, {
    integratedLufs: SILENCE_LUFS,
    rangeLu: 0,
    momentaryMaxLufs: SILENCE_LUFS,
    shortTermMaxLufs: SILENCE_LUFS,
    blocks: { floorLufs: SILENCE_LUFS, counts: [] },
  })
  assert.deepEqual(peakMeter(2).finish(), { samplePeak: 0, truePeak: 0 })
})

test('no block at all reads silence', () => assert.equal(loudnessMeter(RATE, 2).finish().integratedLufs, SILENCE_LUFS))

test('the blocks of several tracks tell the loudness of all of them together', () => {
  const parts: [number, number][][] = [
    [
      [-18, 30],
      [-45, 20],
    ],
    [
      [-30, 40],
      [-24, 12],
    ],
    [[-60, 30]],
  ]
  const together = measure(parts.flat()).integratedLufs
  const pairs = parts.flatMap((part) => {
    const { floorLufs, counts } = measure(part).blocks
    return counts.map((n, i) => ({ n, power: 10 ** ((floorLufs + i + 0.5) / 10) }))
  })
  const mean = (some: typeof pairs) =>
    some.reduce((sum, p) => sum + p.n * p.power, 0) / some.reduce((sum, p) => sum + p.n, 0)
  const gate = mean(pairs) / 10
  near(10 * Math.log10(mean(pairs.filter((p) => p.power >= gate))), together, 0.6, 'half a bin')
})

test('blocks are counted within bounds, whatever the samples are', () => {
  const meter = loudnessMeter(RATE, 2)
  for (const level of [1e30, 1e-30, 3e38, 0, 1])
    for (let i = 0; i < 5; i++) meter.push([new Float32Array(BLOCK).fill(level), new Float32Array(BLOCK).fill(-level)])
  const { floorLufs, counts } = meter.finish().blocks
  assert.ok(Number.isInteger(floorLufs) && floorLufs >= SILENCE_LUFS && floorLufs <= 100)
  assert.ok(counts.length <= 200 && counts.every(Number.isInteger))
})
