import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decimator } from './decimate.ts'
import { loadFft, plainFft } from './fft.ts'
import { melBank } from './filterbank.ts'
import { plainKernels } from './kernels.ts'
import { stft } from './stft.ts'

/** The definition, slowly. */
const slowPower = (x: Float32Array) =>
  Float64Array.from({ length: x.length / 2 + 1 }, (_, k) => {
    let re = 0
    let im = 0
    x.forEach((value, n) => {
      re += value * Math.cos((2 * Math.PI * k * n) / x.length)
      im += value * Math.sin((2 * Math.PI * k * n) / x.length)
    })
    return re * re + im * im
  })

test('decimation: a sample for four, wherever the input is cut', () => {
  const x = Float32Array.from({ length: 4410 }, (_, n) => Math.sin(n * n * 1e-5))
  const whole = Array.from(decimator(x.length)(x))
  assert.equal(whole.length, 1102)
  for (const size of [1, 4, 441, 1471]) {
    const decimate = decimator(size)
    const parts: number[] = []
    for (let at = 0; at < x.length; at += size) parts.push(...decimate(x.subarray(at, at + size)))
    assert.deepEqual(parts, whole)
  }
})

describe('spectra', () => {
  for (const load of [loadFft, () => Promise.resolve(plainFft())])
    test('both FFT kits equal the definition', async () => {
      const kit = await load()
      const fft = kit.realFft(64)
      const x = Float32Array.from({ length: 64 }, (_, n) => Math.sin(n * n * 0.1) + 0.3)
      const out = new Float32Array(33)
      fft.input.set(x)
      fft.power(out)
      slowPower(x).forEach((wanted, k) => assert.ok(Math.abs(out[k]! - wanted) < 1e-3, `${kit.name}, bin ${k}`))
    })

  test('the fast kit loads here', async () => assert.equal((await loadFft()).name, 'pffft'))

  test('sizes that are no power of two are refused', () => assert.throws(() => plainFft().realFft(100), /power of two/))

  for (const samples of [0, 1, 440, 441, 1023, 1024, 5000])
    test(`${samples} samples give as many frames as librosa (centred)`, () => {
      let frames = 0
      const spectra = stft(plainFft(), 2048, 441, () => frames++)
      spectra.push(new Float32Array(samples))
      spectra.finish()
      assert.equal(frames, samples === 0 ? 0 : 1 + Math.floor(samples / 441))
    })

  test('mel filters have unit area in hertz (Slaney)', () => {
    const bank = melBank(44_100, 2048, 40)
    const out = new Float32Array(40)
    plainKernels().bank(bank)(new Float32Array(1025).fill(1), out)
    out.subarray(10).forEach((sum) => assert.ok(Math.abs((sum * 44_100) / 2048 - 1) < 0.05, `${sum}`))
  })
})
