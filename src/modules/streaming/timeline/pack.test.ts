import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Timeline } from '#kernel/media/index.ts'
import { packTimeline, unpackTimeline } from './pack.ts'

const frames = fc.record(
  {
    format: fc.constantFrom('mp3' as const, 'aac' as const),
    frameSamples: fc.constantFrom(576, 1024, 1152),
    count: fc.nat(),
    skipSamples: fc.nat(5000),
    everyFrames: fc.constantFrom(32, 64),
    // Those at which nothing can begin are 0.
    offsets: fc.array(fc.oneof(fc.nat(2 ** 31), fc.constant(0))),
  },
  { noNullPrototype: true },
)
const timeline: fc.Arbitrary<Timeline> = fc.record(
  { sampleRateHz: fc.nat(192_000), channels: fc.nat(8), samples: fc.nat(), bits: fc.nat(32), frames },
  { requiredKeys: ['sampleRateHz', 'channels', 'samples'], noNullPrototype: true },
)

test('what is unpacked is what was packed', () => {
  fc.assert(fc.property(timeline, (t) => assert.deepEqual(unpackTimeline(packTimeline(t)), t)))
})

test('anything else is nothing', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.equal(unpackTimeline(bytes), undefined)))
})

test('the index of three hours takes little room', () => {
  const offsets = Array.from({ length: 12_924 }, (_, i) => 4096 + i * 8710 + ((i * 7919) % 900))
  const index = {
    format: 'mp3',
    frameSamples: 1152,
    count: 413_550,
    skipSamples: 1105,
    everyFrames: 32,
    offsets,
  } as const
  assert.ok(packTimeline({ sampleRateHz: 44_100, channels: 2, samples: 476_409_600, frames: index }).length < 40_000)
})
