import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { memoryReader } from '#kernel/media/region/reader.ts'
import { id3v2 } from '#test/fixtures/audio.ts'
import { adtsTimeline } from './adts.ts'
import { buildIndex, NO_ENTRY } from './frame-index.ts'
import { apeTimeline, flacTimeline, wavpackTimeline } from './headers.ts'
import { mpegHeader } from './mpeg-header.ts'
import { mp4Timeline } from './mp4.ts'
import { mpegTimeline } from './mpeg.ts'
import { oggTimeline } from './ogg.ts'
import { aiffTimeline, wavTimeline } from './pcm.ts'

type Shape = { version: 0 | 2 | 3; layer: 1 | 2 | 3; rate: number; mode: number }
const shape: fc.Arbitrary<Shape> = fc.record({
  version: fc.constantFrom(0 as const, 2 as const, 3 as const),
  layer: fc.constantFrom(1 as const, 2 as const, 3 as const),
  rate: fc.nat(2),
  mode: fc.nat(3),
})
/** One frame: a header of this kind, and bytes that are none. */
function frameOf({ version, layer, rate, mode }: Shape, bitrate: number, padding: number): Buffer {
  const head = Buffer.from([
    0xff,
    0xe1 | (version << 3) | ((4 - layer) << 1),
    (bitrate << 4) | (rate << 2) | (padding << 1),
    mode << 6,
  ])
  const header = mpegHeader(head, 0)
  assert.ok(header)
  return Buffer.concat([head, Buffer.alloc(header.bytes - 4, 0x55)])
}
const samplesOf = ({ version, layer }: Shape): number => (layer === 1 ? 384 : layer === 3 && version !== 3 ? 576 : 1152)

type Part = { bitrate: number; padding: number; gap: 'none' | 'zeros' | 'junk'; gapBytes: number }
const part: fc.Arbitrary<Part> = fc.record({
  bitrate: fc.integer({ min: 1, max: 14 }),
  padding: fc.nat(1),
  gap: fc.oneof(
    { weight: 12, arbitrary: fc.constant('none' as const) },
    fc.constantFrom('zeros' as const, 'junk' as const),
  ),
  gapBytes: fc.integer({ min: 1, max: 3000 }),
})
const tail = fc.constantFrom(Buffer.alloc(0), Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125, 0x20)]))

test('every frame of any version, layer and bit rate is counted, but for those that junk stands before', () => {
  fc.assert(
    fc.property(
      shape,
      fc.array(part, { minLength: 3, maxLength: 200 }),
      fc.boolean(),
      tail,
      (kind, parts, isTagged, end) => {
        const pieces: Buffer[] = isTagged ? [id3v2({ TIT2: 'x' })] : []
        const starts: number[] = []
        let at = pieces[0]?.length ?? 0
        for (const [i, p] of parts.entries()) {
          const gap =
            i < 2 || p.gap === 'none' ? Buffer.alloc(0) : Buffer.alloc(p.gapBytes, p.gap === 'zeros' ? 0 : 0x37)
          const frame = frameOf(kind, p.bitrate, p.padding)
          if (gap.length === 0 || p.gap === 'zeros') starts.push(at + gap.length)
          pieces.push(gap, frame)
          at += gap.length + frame.length
        }
        const timeline = mpegTimeline(memoryReader(Buffer.concat([...pieces, end])))
        assert.ok(timeline?.frames)
        assert.equal(timeline.samples, starts.length * samplesOf(kind))
        assert.equal(timeline.frames.count, starts.length)
        for (const [i, offset] of timeline.frames.offsets.entries())
          if (offset !== NO_ENTRY) assert.equal(offset, starts[i * 32])
        assert.equal(timeline.frames.offsets[0], starts[0])
      },
    ),
  )
})

test('an index never grows past its bound, and keeps evenly spaced frames', () => {
  const index = buildIndex()
  for (let i = 0; i < 3_000_000; i++) index.add(i + 1)
  const { count, everyFrames, offsets } = index.done()
  assert.equal(count, 3_000_000)
  assert.ok(offsets.length <= 16_384 && offsets.length > 8000)
  assert.ok(offsets.every((offset, i) => offset === i * everyFrames + 1))
})

const READERS = [
  mpegTimeline,
  adtsTimeline,
  flacTimeline,
  wavTimeline,
  aiffTimeline,
  mp4Timeline,
  oggTimeline,
  wavpackTimeline,
  apeTimeline,
]
const MAGIC = [
  'ID3\x04\0\0',
  '\xff\xfb\x90\0',
  '\xff\xf1\x50\x80',
  'fLaC',
  'RIFF\0\0\0\0WAVEfmt ',
  'FORM\0\0\0\0AIFFCOMM',
  '\0\0\0\x18ftypM4A ',
  '\0\0\0\x20moov',
  'OggS',
  'wvpk',
  'MAC ',
]

test('bytes of any kind are an answer or none, for every reader', () => {
  const bytes = fc.tuple(fc.constantFrom(...MAGIC), fc.uint8Array({ maxLength: 4000 }))
  fc.assert(
    fc.property(bytes, ([magic, rest]) => {
      const file = memoryReader(Buffer.concat([Buffer.from(magic, 'latin1'), rest]))
      for (const read of READERS) {
        const timeline = read(file)
        if (timeline)
          assert.ok(timeline.samples >= 1 && Number.isSafeInteger(timeline.samples) && timeline.sampleRateHz > 0)
      }
    }),
    { numRuns: 300 },
  )
})
