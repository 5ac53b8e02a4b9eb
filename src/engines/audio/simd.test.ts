import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { melBank } from './filterbank.ts'
import { type Kernels, plainKernels, RUN, STRETCH } from './kernels.ts'
import { random } from './signals.fixture.ts'
import { loadSimd } from './simd.ts'

const simd = await loadSimd()

/** Fills with values of both signs over seven powers of ten. */
const fill = (x: Float32Array, seed: number) => {
  const next = random(seed)
  for (let i = 0; i < x.length; i++) x[i] = (2 * next() - 1) * 10 ** (7 * next() - 5)
  return x
}

/** What `work` writes, by both sets, must agree to 1e-5 of the largest value. */
const agree = (work: (k: Kernels) => Float32Array[]) => {
  const [fast, plain] = [work(simd()), work(plainKernels())]
  plain.forEach((wanted, part) => {
    const scale = wanted.reduce((top, value) => Math.max(top, Math.abs(value)), 1e-30)
    wanted.forEach((value, i) => {
      const slack = 1e-5 * Math.max(Math.abs(value), 1e-2 * scale)
      assert.ok(Math.abs(fast[part]![i]! - value) <= slack, `part ${part}, ${i}: ${fast[part]![i]}, wanted ${value}`)
    })
  })
}

describe('SIMD kernels do what the plain ones do', () => {
  test('multiply, from anywhere', () =>
    agree((k) => {
      const [a, b, out] = [fill(k.floats(300), 1), fill(k.floats(256), 2), k.floats(256)]
      k.multiply(a, 7, b, out)
      return [out]
    }))

  test('fold', () =>
    agree((k) => {
      const [packed, power, magnitude] = [fill(k.floats(64), 3), k.floats(33), k.floats(33)]
      k.fold(packed, power, magnitude)
      return [power, magnitude]
    }))

  test('filter banks, narrow and wide', () =>
    agree((k) => {
      const [bins, out] = [fill(k.floats(1025), 4).map(Math.abs), k.floats(128)]
      const spectrum = k.floats(1025)
      spectrum.set(bins)
      k.bank(melBank(44_100, 2048, 128))(spectrum, out)
      return [out]
    }))

  test('logarithms', () =>
    agree((k) => {
      const [a, b] = [fill(k.floats(1000), 5), fill(k.floats(1000), 6)]
      for (let i = 0; i < a.length; i++) a[i] = Math.abs(a[i]!)
      k.logOnePlus(a, 8)
      k.decibels(b, 1e-4)
      return [a, b]
    }))

  test('rises, to the very ends', () =>
    agree((k) => {
      const [now, before, out] = [fill(k.floats(190), 16), fill(k.floats(190), 17), k.floats(190)]
      for (const x of [now, before]) for (let i = 0; i < x.length; i++) x[i] = Math.abs(x[i]!)
      k.rises(now, before, out)
      return [out]
    }))

  test('split', () =>
    agree((k) => {
      const pairs = fill(k.floats(4416), 7)
      const planes = [k.floats(2208), k.floats(2208), k.floats(2208)] as const
      k.split(pairs, ...planes, 2206)
      return planes.map((plane) => plane.subarray(0, 2206))
    }))

  test('scan', () =>
    agree((k) => {
      const [x, peaks, sums] = [fill(k.floats(40 * STRETCH), 8), k.floats(40), new Float64Array(2)]
      k.scan(x, peaks, sums)
      return [peaks, Float32Array.from(sums)]
    }))

  test('dot', () =>
    agree((k) => [Float32Array.of(k.dot(fill(k.floats(8 * STRETCH), 10), fill(k.floats(8 * STRETCH), 11)), 1e4)]))

  test('decimate', () =>
    agree((k) => {
      const [x, taps, out] = [fill(k.floats(100), 12), fill(k.floats(20), 13), k.floats(20)]
      k.decimate(x, taps, out, 20)
      return [out]
    }))

  test('weigher, in parts', () =>
    agree((k) => {
      const first = { b0: 1.5, b1: -2.6, b2: 1.2, a1: -1.66, a2: 0.71 }
      const weigh = k.weigher(first, { b0: 1, b1: -2, b2: 1, a1: -1.99, a2: 0.9903 })
      const [x, y] = [fill(k.floats(441), 14), fill(k.floats(441), 15)]
      return [Float32Array.of(weigh(x, y, 0, 100), weigh(x, y, 100, 441), weigh(y, x, 0, 441), weigh(x, y, 7, 7))]
    }))

  test('extremes', () =>
    agree((k) => {
      const [x, out] = [fill(k.floats(30 * RUN), 9), k.floats(60)]
      k.extremes(x, out, 30)
      return [out]
    }))
})

test('what is no number shows in the peaks of a scan', () => {
  for (const k of [simd(), plainKernels()]) {
    const [x, peaks] = [k.floats(3 * STRETCH), k.floats(3)]
    x[40] = NaN
    k.scan(x, peaks, new Float64Array(2))
    assert.deepEqual(Array.from(peaks), [0, NaN, 0])
  }
})

test('sets do not share memory, and a set that is full says so', () => {
  const [one, two] = [simd(), simd()]
  one.floats(8).fill(3)
  assert.ok(two.floats(8).every((value) => value === 0))
  assert.throws(() => one.floats(1e6), /no memory left/)
})
