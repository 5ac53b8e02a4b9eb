import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loudnessMeter, SILENCE_LUFS } from './loudness.ts'
import { peakMeter } from './truepeak.ts'

const RATE = 48_000
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

const integratedCases: { name: string; steps: [number, number][]; lufs: number }[] = [
  { name: '1', steps: [[-23, 20]], lufs: -23 },
  { name: '2', steps: [[-33, 20]], lufs: -33 },
  {
    name: '3',
    steps: [
      [-36, 10],
      [-23, 60],
      [-36, 10],
    ],
    lufs: -23,
  },
  {
    name: '4',
    steps: [
      [-72, 10],
      [-36, 10],
      [-23, 60],
      [-36, 10],
      [-72, 10],
    ],
    lufs: -23,
  },
  {
    name: '5',
    steps: [
      [-26, 20],
      [-20, 20.1],
      [-26, 20],
    ],
    lufs: -23,
  },
]
for (const { name, steps, lufs } of integratedCases)
  test(`EBU Tech 3341 case ${name}: integrated loudness within 0.1 LU`, () =>
    near(measure(steps).integratedLufs, lufs, 0.1, 'integrated'))

test('EBU Tech 3341 case 9: short-term loudness is constant for a 3 s pattern', () => {
  const pattern = Array.from({ length: 5 }, (): [number, number][] => [
    [-20, 1.3],
    [-30, 1.7],
  ]).flat()
  near(measure(pattern).shortTermMaxLufs, -23, 0.1, 'short-term')
})

test('EBU Tech 3341 case 12: momentary loudness is constant for a 0.4 s pattern', () => {
  const meter = loudnessMeter(RATE, 2)
  const period = 0.4 * RATE
  const block = new Float32Array(BLOCK)
  for (let b = 0, n = 0; b < 100; b++) {
    for (let i = 0; i < BLOCK; i++, n++)
      block[i] = db(n % period < 0.18 * RATE ? -20 : -30) * Math.sin((2 * Math.PI * 1000 * n) / RATE)
    meter.push([block, block])
  }
  near(meter.finish().momentaryMaxLufs, -23, 0.1, 'momentary')
})

const rangeCases: { name: string; steps: [number, number][]; lu: number }[] = [
  {
    name: '1',
    steps: [
      [-20, 20],
      [-30, 20],
    ],
    lu: 10,
  },
  {
    name: '2',
    steps: [
      [-20, 20],
      [-15, 20],
    ],
    lu: 5,
  },
  {
    name: '3',
    steps: [
      [-40, 20],
      [-20, 20],
    ],
    lu: 20,
  },
  {
    name: '4',
    steps: [
      [-50, 20],
      [-35, 20],
      [-20, 20],
      [-35, 20],
      [-50, 20],
    ],
    lu: 15,
  },
]
for (const { name, steps, lu } of rangeCases)
  test(`EBU Tech 3342 case ${name}: loudness range within 1 LU`, () => near(measure(steps).rangeLu, lu, 1, 'range'))

const truePeakDb = (frequencyShare: number, phaseDegrees: number, amplitude: number) => {
  const meter = peakMeter(1)
  const x = Float32Array.from(
    { length: RATE },
    (_, n) => amplitude * Math.sin(2 * Math.PI * frequencyShare * n + (phaseDegrees * Math.PI) / 180),
  )
  for (let i = 400; i > 0; i--) {
    x[400 - i]! *= 1 - i / 400
    x[RATE - 1 - (400 - i)]! *= 1 - i / 400
  }
  meter.push([x])
  return 20 * Math.log10(meter.finish().truePeak)
}

const peakCases: [string, number, number, number, number][] = [
  ['15', 1 / 4, 0, 0.5, -6],
  ['16', 1 / 4, 45, 0.5, -6],
  ['17', 1 / 6, 60, 0.5, -6],
  ['18', 1 / 8, 67.5, 0.5, -6],
  ['19', 1 / 4, 45, 1.41, 3],
]
for (const [name, share, phase, amplitude, wanted] of peakCases)
  test(`EBU Tech 3341 case ${name}: true peak within +0.2 / −0.4 dB`, () => {
    const peak = truePeakDb(share, phase, amplitude)
    assert.ok(peak <= wanted + 0.2 && peak >= wanted - 0.4, `${peak} dBTP, wanted ${wanted}`)
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
