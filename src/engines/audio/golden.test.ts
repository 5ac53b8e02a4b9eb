import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { CHROMA, chromaBank } from './chromagram.ts'
import { type Descriptors, describeFrames, momentsOf } from './descriptors.ts'
import { loadFft, plainFft } from './fft.ts'
import { melBank } from './filterbank.ts'
import { goldenSignals } from './golden.fixture.ts'
import { frameKeeper, KEPT_HOP } from './kept.ts'
import { RATE } from './signals.fixture.ts'
import { type OnFrame, stft } from './stft.ts'
import { timbreMeter } from './timbre.ts'

type Moments = { mean: number[]; variance: number[] }
type Name = Exclude<keyof Descriptors, 'count' | 'chromaTuning'>
type Golden = {
  librosa: string
  filters: { chroma: { tuning: number; rowSums: number[]; columns: number[] }; mel: { rowSums: number[] } }
  signals: Record<
    string,
    {
      tuning: number
      frames: Record<Name, number[]>
      moments: Record<Name, Moments>
      onsetStrength: Moments
      sparse: { tuning: number; moments: Record<Name, Moments> }
    }
  >
}

const golden = JSON.parse(await readFile(new URL('golden-features.json', import.meta.url), 'utf8')) as Golden
const SIZE = 2048
const EVERY = 5
const WIDTHS: Record<Name, number> = {
  centroidHz: 1,
  rolloffHz: 1,
  bandwidthHz: 1,
  flatness: 1,
  rms: 1,
  zeroCrossingRate: 1,
  contrastDb: 7,
  mfcc: 20,
  chroma: CHROMA,
}
/** What counts as nothing beside one part in a thousand: a value's own scale, times 0.001. */
const SCALE: Record<Name, number> = {
  centroidHz: 100,
  rolloffHz: 100,
  bandwidthHz: 100,
  flatness: 0.01,
  rms: 0.01,
  zeroCrossingRate: 0.01,
  contrastDb: 10,
  mfcc: 10,
  chroma: 0.1,
}
const names = Object.keys(WIDTHS) as Name[]

const listen = async (signal: Float32Array, most: number) => {
  const keeper = frameKeeper(SIZE, most)
  const kit = await loadFft()
  const kernels = kit.kernels()
  const timbre = timbreMeter(kernels, RATE, SIZE)
  const onFrame: OnFrame = (power, heard, from, to) => {
    timbre.push(power)
    keeper.push(power, heard, from, to)
  }
  const spectra = stft(kit, SIZE, KEPT_HOP, onFrame, kernels)
  spectra.push(signal)
  spectra.finish()
  const kept = keeper.finish()
  return { kept, onset: timbre.finish(), ...describeFrames(kept, RATE, kernels) }
}

/** All within one part in a thousand (of the value, or of what the descriptor is measured in). */
const assertNear = (actual: ArrayLike<number>, wanted: number[], scale: number, what: string) => {
  assert.equal(actual.length, wanted.length, what)
  wanted.forEach((value, i) => {
    const slack = 1e-3 * Math.max(Math.abs(value), scale)
    assert.ok(Math.abs(actual[i]! - value) <= slack, `${what}[${i}]: ${actual[i]}, librosa ${value}`)
  })
}

const assertMoments = (rows: Float32Array, name: Name, wanted: Moments, what: string) => {
  const { mean, variance } = momentsOf(rows, WIDTHS[name])
  assertNear(mean, wanted.mean, SCALE[name], `mean ${what}`)
  assertNear(variance, wanted.variance, SCALE[name] ** 2, `variance ${what}`)
}

/** Rows 0, 5, 10 … one after the other. */
const everyFifth = (rows: Float32Array, width: number) =>
  Array.from({ length: Math.ceil(rows.length / width / EVERY) }, (_, f) => [
    ...rows.subarray(f * EVERY * width, (f * EVERY + 1) * width),
  ]).flat()

describe('filters of librosa', () => {
  test('chroma: weights of every sixtieth bin, sums of the rows', () => {
    const { tuning, rowSums, columns } = golden.filters.chroma
    const { weights } = chromaBank(RATE, SIZE, tuning)
    const bins = SIZE / 2 + 1
    const row = (c: number) => weights.subarray(c * bins, (c + 1) * bins)
    const sums = Array.from({ length: CHROMA }, (_, c) => row(c).reduce((a, b) => a + b, 0))
    assertNear(sums, rowSums, 1, 'row')
    const some = Array.from({ length: columns.length }, (_, i) => row(i % CHROMA)[60 * Math.floor(i / CHROMA)]!)
    assertNear(some, columns, 1e-2, 'weight')
  })

  test('mel: sums of the rows', () => {
    const { at, weights } = melBank(RATE, SIZE, 128)
    const sums = Array.from({ length: 128 }, (_, b) => weights.subarray(at[b], at[b + 1]).reduce((x, y) => x + y, 0))
    assertNear(sums, golden.filters.mel.rowSums, 1e-3, 'band')
  })
})

describe('descriptors equal those of librosa', () => {
  for (const [signal, wanted] of Object.entries(golden.signals)) {
    test(`${signal}: frame by frame`, async () => {
      const heard = await listen(goldenSignals[signal]!, 2048)
      assert.equal(heard.chromaTuning, wanted.tuning)
      for (const name of names)
        assertNear(everyFifth(heard[name], WIDTHS[name]), wanted.frames[name], SCALE[name], name)
    })

    test(`${signal}: means and variances, onset strength`, async () => {
      const heard = await listen(goldenSignals[signal]!, 2048)
      for (const name of names) assertMoments(heard[name], name, wanted.moments[name], name)
      assertNear([heard.onset.mean], wanted.onsetStrength.mean, 0.1, 'onset strength')
      assertNear([heard.onset.variance], wanted.onsetStrength.variance, 0.1, 'variance of onset strength')
    })

    test(`${signal}: of every second frame, where no more are kept`, async () => {
      const heard = await listen(goldenSignals[signal]!, 32)
      assert.equal(heard.kept.stride, 2)
      assert.equal(heard.chromaTuning, wanted.sparse.tuning)
      for (const name of names) assertMoments(heard[name], name, wanted.sparse.moments[name], name)
    })
  }
})

test('without WebAssembly the plain FFT finds the same', async () => {
  const fast = await listen(goldenSignals['chord']!, 2048)
  const keeper = frameKeeper(SIZE)
  const spectra = stft(plainFft(), SIZE, KEPT_HOP, keeper.push)
  spectra.push(goldenSignals['chord']!)
  spectra.finish()
  const plain = describeFrames(keeper.finish(), RATE)
  for (const name of names) assertNear(plain[name], Array.from(fast[name]), SCALE[name], name)
})
