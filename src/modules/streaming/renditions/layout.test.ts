import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { profileOf } from '../profiles.ts'
import { GRID_SEC, layoutOf, packetsIn, pieceSec, pieceStartSec, samplesIn, samplesToFeed } from './layout.ts'

const anyProfile = fc.constantFrom(
  ...[64, 128, 320].map((kbps) => profileOf('mp3', kbps)),
  ...[64, 128, 256].map((kbps) => profileOf('opus', kbps)),
  ...[64, 128, 256].map((kbps) => profileOf('aac', kbps)),
  profileOf('flac', undefined),
  profileOf('wav', undefined),
)
const anySource = fc.record({
  sampleRateHz: fc.oneof(
    fc.constantFrom(8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000),
    fc.integer({ min: 4000, max: 384_000 }),
  ),
  samples: fc.integer({ min: 1, max: 3 * 3600 * 48_000 }),
  channels: fc.integer({ min: 1, max: 8 }),
  bits: fc.constantFrom(8, 16, 24, 32, undefined),
})
const sum = (count: number, of: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => of(i)).reduce((a, b) => a + b, 0)

test('packets and pieces cover delay and music exactly', () => {
  fc.assert(
    fc.property(anyProfile, anySource, (profile, source) => {
      const layout = layoutOf(profile, source)
      const last = layout.packets - 1
      assert.ok(samplesIn(layout, last) >= 1 && samplesIn(layout, last) <= layout.packetSamples)
      assert.equal(last * layout.packetSamples + samplesIn(layout, last), layout.samples + layout.delaySamples)
      assert.equal(
        sum(layout.pieces, (piece) => packetsIn(layout, piece)),
        layout.packets,
      )
      assert.ok(packetsIn(layout, layout.pieces - 1) >= 1)
    }),
  )
})

test('a line of the grid is a whole number of packets, samples and bytes, and the rendition keeps the time', () => {
  fc.assert(
    fc.property(anyProfile, anySource, (profile, source) => {
      const layout = layoutOf(profile, source)
      const gridSamples = GRID_SEC * layout.sampleRateHz
      assert.ok(Math.abs(gridSamples - Math.round(gridSamples)) < 1e-6)
      assert.equal(Math.round(gridSamples) % layout.packetSamples, 0)
      assert.ok(layout.packetSamples >= 1 && Number.isInteger(layout.packetsPerPiece))
      assert.ok(layout.packetBytes === undefined || Number.isInteger(layout.packetBytes))
      const offSec = layout.samples / layout.sampleRateHz - source.samples / source.sampleRateHz
      assert.ok(offSec >= -1e-9 && offSec < 1 / layout.sampleRateHz)
    }),
  )
})

test('FLAC blocks are within the streamable subset, and none is tiny at a common rate', () => {
  for (const sampleRateHz of [22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000]) {
    const { packetSamples } = layoutOf(profileOf('flac', undefined), {
      sampleRateHz,
      samples: 1,
      channels: 2,
      bits: 16,
    })
    assert.ok(packetSamples <= 4608 && packetSamples >= 3000, `${sampleRateHz}: ${packetSamples}`)
  }
})

test('an encoder is fed until its last packet is full, a lossless one until the music ends', () => {
  const source = { sampleRateHz: 48_000, samples: 100_000, channels: 2, bits: 16 }
  const mp3 = layoutOf(profileOf('mp3', 128), source)
  assert.equal(samplesToFeed(mp3, 40), (mp3.packets - 40) * 1152)
  assert.equal(samplesToFeed(layoutOf(profileOf('flac', undefined), source), 10), 100_000 - 46_080)
})

test('pieces after the first begin to sound a delay before their line', () => {
  const layout = layoutOf(profileOf('opus', 128), { sampleRateHz: 48_000, samples: 1e6, channels: 2, bits: 16 })
  assert.equal(pieceStartSec(layout, 0), 0)
  assert.equal(pieceStartSec(layout, 2), 2 * pieceSec(layout) - 312 / 48_000)
})
