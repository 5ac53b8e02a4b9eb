import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { profileOf } from '../../profiles.ts'
import { layoutOf, type SourceLength } from '../layout.ts'
import type { Splitter } from '../types.ts'
import { createGather } from './gather.ts'
import { splitterOf } from './index.ts'
import { mp3Header } from './mp3.ts'
import { mp4Splitter } from './mp4.ts'

const SOURCE: SourceLength = { sampleRateHz: 48_000, samples: 5000, channels: 2, bits: 16 }
const ascii = (text: string) => Buffer.from(text, 'latin1')
function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i))
  return bytes
}
function box(type: string, ...parts: Buffer[]): Buffer {
  const payload = Buffer.concat(parts)
  return Buffer.concat([u32(8 + payload.length), ascii(type), payload])
}
const noise = (bytes: number, seed: number) =>
  Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 31 + seed * 7) & 0xff))

/** Feeds `bytes` cut at `cuts`, which are shares of the whole. */
function fed(split: Splitter, bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].toSorted((a, b) => a - b)
  let from = 0
  return places.flatMap((to) => {
    const chunk = bytes.subarray(from, to)
    from = to
    return split(chunk)
  })
}
const anyCuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 })

/** One fragment; sizes in the run, or once for all in `tfhd`. */
function fragment(samples: readonly Buffer[], sizes: 'each' | 'same'): Buffer {
  const moofOf = (offset: number) => {
    const same = sizes === 'same'
    const tfhd = box('tfhd', u32(0x02_0000 | (same ? 0x10 : 0), 1), ...(same ? [u32(samples[0]?.length ?? 0)] : []))
    const entries = same ? [] : samples.map(({ length }) => length)
    const trun = box('trun', u32(0x1 | (same ? 0 : 0x200), samples.length, offset, ...entries))
    return box('moof', box('mfhd', u32(0, 1)), box('traf', tfhd, trun))
  }
  return Buffer.concat([moofOf(moofOf(0).length + 8), box('mdat', ...samples)])
}

test('bytes are given out as they came, however they were cut', () => {
  const whole = noise(5000, 1)
  fc.assert(
    fc.property(anyCuts, fc.array(fc.nat({ max: 300 }), { maxLength: 20 }), (cuts, sizes) => {
      const gather = createGather()
      fed((chunk) => (gather.push(chunk), []), whole, cuts)
      const parts = sizes.map((bytes, i) => {
        const part = gather.peek(bytes)
        if (i % 3 > 0) assert.equal(gather.drop(bytes), part?.length ?? whole.length)
        else assert.deepEqual(gather.take(bytes), part)
        return part ?? Buffer.alloc(0)
      })
      const joined = Buffer.concat(parts)
      assert.deepEqual(joined, whole.subarray(0, joined.length))
    }),
  )
})

test('PCM: packets of one size, the last as short as the music wants, and what follows is dropped', () => {
  const layout = layoutOf(profileOf('wav', undefined), SOURCE)
  const bytes = noise(5000 * 4 + 999, 2)
  fc.assert(
    fc.property(anyCuts, (cuts) => {
      const packets = fed(splitterOf(layout, 0), bytes, cuts)
      assert.deepEqual(
        packets.map(({ length }) => length),
        [4608 * 4, 392 * 4],
      )
      assert.deepEqual(Buffer.concat(packets), bytes.subarray(0, 20_000))
    }),
  )
})

test('PCM of an encoder that began later ends at the same place', () => {
  const layout = layoutOf(profileOf('wav', undefined), SOURCE)
  assert.deepEqual(
    splitterOf(layout, 1)(noise(392 * 4, 3)).map(({ length }) => length),
    [392 * 4],
  )
})

const mp3Layout = layoutOf(profileOf('mp3', 128), SOURCE)
function mp3Frame(seed: number): Buffer {
  const frame = noise(mp3Layout.packetBytes as number, seed)
  mp3Header(mp3Layout).copy(frame)
  frame[4] = 0
  frame[5] = 0x7f
  return frame
}

test('MP3: frames of one size, as many as the layout has', () => {
  const frames = Array.from({ length: mp3Layout.packets + 2 }, (_, i) => mp3Frame(i))
  fc.assert(
    fc.property(anyCuts, (cuts) =>
      assert.deepEqual(fed(splitterOf(mp3Layout, 0), Buffer.concat(frames), cuts), frames.slice(0, mp3Layout.packets)),
    ),
  )
})

for (const [what, at, value] of [
  ['no header', 0, 0],
  ['another bit rate', 2, 0xb4],
  ['one channel instead of two', 3, 0xc4],
  ['a reservoir of 256 bytes', 4, 0x80],
  ['a reservoir of one byte', 5, 0x80],
] as const)
  test(`MP3: a frame with ${what} is refused`, () => {
    const frame = mp3Frame(1)
    frame[at] = value
    assert.throws(() => splitterOf(mp3Layout, 0)(frame), /the encoder wrote/)
  })

const packetsOf = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
test('fragmented MP4: samples of all fragments, however boxes are cut', () => {
  const head = Buffer.concat([box('ftyp', ascii('iso5')), box('moov', box('mvex', box('trex', u32(0, 1, 1, 0, 0, 0))))])
  fc.assert(
    fc.property(fc.array(packetsOf, { maxLength: 5 }), anyCuts, (fragments, cuts) => {
      const samples = fragments.map((sizes) => sizes.map(noise))
      const bytes = [head, ...samples.map((own) => fragment(own, 'each')), box('mfra', noise(50, 1))]
      assert.deepEqual(fed(mp4Splitter(), Buffer.concat(bytes), cuts), samples.flat())
    }),
  )
})

test('fragmented MP4: a size that is said once for a fragment, and once for the file', () => {
  const samples = [noise(40, 1), noise(40, 2), noise(40, 3)]
  assert.deepEqual(mp4Splitter()(fragment(samples, 'same')), samples)
  const moov = box('moov', box('mvex', box('trex', u32(0, 1, 1, 0, 40, 0))))
  const trun = box('trun', u32(0, 3))
  const moof = box('moof', box('traf', box('tfhd', u32(0x1, 1, 0, moov.length + 8 + 56)), trun))
  assert.equal(moof.length, 56)
  assert.deepEqual(mp4Splitter()(Buffer.concat([moov, moof, box('mdat', ...samples)])), samples)
})

test('fragmented MP4: a box may have a size of 64 bits', () => {
  const large = Buffer.concat([u32(1), ascii('free'), u32(0, 16 + 70_000), noise(70_000, 1)])
  const samples = [noise(10, 1)]
  assert.deepEqual(fed(mp4Splitter(), Buffer.concat([large, fragment(samples, 'each')]), [0.00001, 0.5]), samples)
})

for (const [what, bytes] of [
  ['a box that lasts to the end of the file', Buffer.concat([u32(0), ascii('mdat')])],
  ['a box smaller than its own head', Buffer.concat([u32(7), ascii('free')])],
  ['a huge index', Buffer.concat([u32(0x7fff_ffff), ascii('moof')])],
  ['two tracks', box('moof', box('traf'), box('traf'))],
  ['no track', box('moof', box('mfhd', u32(0, 1)))],
  ['a track without a head', box('moof', box('traf', box('trun', u32(0, 1))))],
  ['a box cut off by its parent', box('moof', u32(100), ascii('traf'))],
  ['endless samples', box('moof', box('traf', box('tfhd', u32(0, 1)), box('trun', u32(0, 0xffff_ffff))))],
  ['a list of samples cut off', box('moof', box('traf', box('tfhd', u32(0, 1)), box('trun', u32(0x200, 9, 1))))],
  ['a sample beyond its fragment', Buffer.concat([fragment([noise(9, 1)], 'each').subarray(0, -17), box('mdat')])],
] as const)
  test(`fragmented MP4: ${what} is refused`, () => assert.throws(() => mp4Splitter()(bytes)))

test('fragmented MP4: arbitrary bytes give packets, a fault, or nothing yet, and hold no more than they are', () => {
  const types = fc.constantFrom('moof', 'traf', 'tfhd', 'trun', 'mdat', 'moov', 'mvex', 'trex')
  const { tree } = fc.letrec<{ tree: Buffer }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(types, fc.array(tie('tree'), { maxLength: 4 })).map(([type, parts]) => box(type, ...parts)),
    ),
  }))
  fc.assert(
    fc.property(tree, (bytes) => {
      try {
        const held = mp4Splitter()(bytes).reduce((sum, { length }) => sum + length, 0)
        assert.ok(held <= bytes.length * 65_536)
      } catch (thrown) {
        assert.ok(thrown instanceof Error && !(thrown instanceof assert.AssertionError))
      }
    }),
  )
})
