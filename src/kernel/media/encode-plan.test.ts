import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { planOf } from './encode-plan.ts'
import type { EncodeOptions, Timeline } from './types.ts'

const RATES = [8000, 11_025, 11_127, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000]
const timeline = fc.record({
  sampleRateHz: fc.constantFrom(...RATES),
  samples: fc.integer({ min: 1, max: 200_000_000 }),
  channels: fc.constant(2),
})
const wish = fc.record({
  timeline,
  sampleRateHz: fc.constantFrom(44_100, 48_000, 96_000),
  grid: fc.nat(4000),
  gainDb: fc.constantFrom(-3, 0, 3),
  container: fc.constantFrom('mp3', 'flac', 'ogg', 'mp4', 'asf'),
})
const toOptions = ({
  grid,
  ...w
}: {
  grid: number
  sampleRateHz: number
  timeline: Timeline
  gainDb: number
  container: string
}) =>
  ({
    ...w,
    codec: 'wav',
    channels: 2,
    bits: 16,
    packetSamples: 1152,
    startSample: Math.round(grid * 0.96 * w.sampleRateHz),
    samples: 1152,
  }) satisfies EncodeOptions

/** Sample of the source at which what is not dropped begins. */
const firstOf = (o: EncodeOptions): number => {
  const plan = planOf(o)
  return o.timeline.samples - (plan.endSample - plan.dropSamples)
}

test('what is decoded begins where a sample of the source is a sample of the output, early enough, and in the music', () => {
  fc.assert(
    fc.property(wish, (w) => {
      const o = toOptions(w)
      const plan = planOf(o)
      const first = firstOf(o)
      const firstOut = o.startSample - plan.runUpSamples
      assert.equal(first * o.sampleRateHz, firstOut * o.timeline.sampleRateHz)
      assert.ok(first >= 0 && first < o.timeline.samples)
      assert.ok(plan.dropSamples >= 0 && plan.runUpSamples >= 0)
      const isResampled = o.timeline.sampleRateHz !== o.sampleRateHz
      if (isResampled && first > 0) assert.ok(plan.runUpSamples >= 0.02 * o.sampleRateHz)
      if (plan.enter.way === 'time')
        assert.ok(plan.enter.sec >= 0 && plan.enter.sec < first / o.timeline.sampleRateHz + 1)
    }),
  )
})

test('frames are entered at an entry that can be, with at least twelve before the place', () => {
  const offsets = fc
    .array(fc.boolean(), { minLength: 1, maxLength: 400 })
    .map((all) => all.map((is, i) => (is ? 1000 + i : 0)))
  fc.assert(
    fc.property(wish, offsets, fc.nat(3000), (w, places, skipSamples) => {
      const o = toOptions({ ...w, container: 'mp3' })
      const count = places.length * 32
      const samples = Math.min(o.timeline.samples, Math.max(1, count * 1152 - skipSamples))
      const frames = {
        format: 'mp3',
        frameSamples: 1152,
        count,
        skipSamples,
        everyFrames: 32,
        offsets: places,
      } as const
      const withFrames = { ...o, timeline: { ...o.timeline, samples, frames } }
      const plan = planOf(withFrames)
      const first = firstOf(withFrames)
      if (plan.enter.way === 'start') return assert.equal(plan.dropSamples, first)
      assert.ok(plan.enter.way === 'byte' && plan.enter.offset !== 0)
      const entry = places.indexOf(plan.enter.offset) * 32
      assert.equal(entry * 1152 + plan.dropSamples, first + skipSamples)
      assert.ok(Math.floor((first + skipSamples) / 1152) - entry >= 12)
    }),
  )
})
