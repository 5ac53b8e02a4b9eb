import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Profile, profileOf } from '../../profiles.ts'
import { type Layout, layoutOf, packetsIn, samplesIn } from '../layout.ts'
import { crc16 as lameCrc } from './mp3.ts'
import { containerOf } from './index.ts'
import { oggCrc32 } from './ogg-crc.ts'

const ID = 'a1b2c3'
const PROFILES: Profile[] = [
  ...[64, 128, 320].map((kbps) => profileOf('mp3', kbps)),
  ...[64, 128, 256].map((kbps) => profileOf('opus', kbps)),
  profileOf('wav', undefined),
]
const packetOf = (layout: Layout, index: number): Buffer => {
  const pcmBytes = samplesIn(layout, index) * layout.channels * (layout.bits / 8)
  return Buffer.alloc(layout.profile.codec === 'wav' ? pcmBytes : (layout.packetBytes as number), index + 1)
}
/** The pieces of a whole rendition, of packets that tell their number. */
function piecesOf(layout: Layout): Buffer[] {
  const { pack } = containerOf(layout.profile, ID)
  return Array.from({ length: layout.pieces }, (_, piece) => {
    const first = piece * layout.packetsPerPiece
    return pack(
      layout,
      piece,
      Array.from({ length: packetsIn(layout, piece) }, (_, i) => packetOf(layout, first + i)),
    )
  })
}
const anySource = fc.record({
  sampleRateHz: fc.constantFrom(22_050, 44_100, 48_000, 96_000),
  samples: fc.integer({ min: 1, max: 900_000 }),
  channels: fc.constantFrom(1, 2),
  bits: fc.constantFrom(16, 24),
})

for (const profile of PROFILES)
  test(`${profile.name}: every piece is as long as was promised`, () => {
    fc.assert(
      fc.property(anySource, (source) => {
        const layout = layoutOf(profile, source)
        const { pieceBytes } = containerOf(profile, ID)
        const pieces = piecesOf(layout)
        assert.deepEqual(
          pieces.map(({ length }) => length),
          pieces.map((_, piece) => pieceBytes(layout, piece)),
        )
      }),
      { numRuns: 15 },
    )
  })

for (const profile of PROFILES)
  test(`${profile.name}: the parts of a piece are together what it is as a whole`, () => {
    fc.assert(
      fc.property(anySource, (source) => {
        const layout = layoutOf(profile, source)
        const { parts, pack } = containerOf(profile, ID)
        assert.ok(parts)
        const piece = layout.pieces - 1
        const first = piece * layout.packetsPerPiece
        const packets = Array.from({ length: packetsIn(layout, piece) }, (_, i) => packetOf(layout, first + i))
        const made: Buffer[] = []
        for (let from = 0; from < packets.length; from += parts.packets)
          made.push(parts.bytes(layout, { piece, from }, packets.slice(from, from + parts.packets)))
        assert.ok(Buffer.concat(made).equals(pack(layout, piece, packets)))
      }),
      { numRuns: 15 },
    )
  })

test('a wrong number of packets and pieces that are not there are refused', () => {
  for (const profile of PROFILES) {
    const layout = layoutOf(profile, { sampleRateHz: 48_000, samples: 400_000, channels: 2, bits: 16 })
    const { pack, pieceBytes } = containerOf(profile, ID)
    assert.throws(() => pack(layout, 0, [packetOf(layout, 0)]), RangeError)
    for (const piece of [-1, 0.5, layout.pieces]) assert.throws(() => pieceBytes(layout, piece), RangeError)
  }
})

const STEREO = { sampleRateHz: 48_000, samples: 400_000, channels: 2, bits: 16 }

for (const [kbps, channels] of [
  [64, 2],
  [64, 1],
  [320, 2],
] as const)
  test(`MP3 at ${kbps} kbit/s with ${channels} channels: the first frame tells delay, padding, frames and bytes`, () => {
    const layout = layoutOf(profileOf('mp3', kbps), { ...STEREO, channels })
    const frame = containerOf(layout.profile, ID).header(layout)
    assert.equal(frame.length, layout.packetBytes)
    const info = channels === 2 ? 36 : 21
    assert.equal(frame.toString('latin1', info, info + 4), 'Info')
    assert.equal(frame.readUInt32BE(info + 8), layout.packets)
    assert.equal(frame.readUInt32BE(info + 12), (layout.packets + 1) * frame.length)
    const toc = [...frame.subarray(info + 16, info + 116)]
    assert.deepEqual(
      toc,
      toc.toSorted((a, b) => a - b),
    )
    const lame = info + 120
    assert.equal(frame.toString('latin1', lame, lame + 9), 'LAME3.100')
    const delayAndPadding = frame.readUIntBE(lame + 21, 3)
    assert.equal(delayAndPadding >> 12, 576)
    assert.equal(delayAndPadding & 0xfff, layout.packets * 1152 - 576 - layout.samples)
    assert.deepEqual([...frame.subarray(lame + 11, lame + 19)], Array(8).fill(0), 'no peak and no gain')
    assert.equal(frame.readUInt16BE(lame + 34), lameCrc(frame.subarray(0, lame + 34)))
  })

test('checksums are those of their standards', () => {
  assert.equal(lameCrc(Buffer.from('123456789')), 0xbb3d)
  assert.equal(oggCrc32(Buffer.from('123456789')), 0x89a1897f)
})

test('WAV of 24 bits has the long header, and a byte that makes it even', () => {
  const layout = layoutOf(profileOf('wav', undefined), { sampleRateHz: 44_100, samples: 99_999, channels: 1, bits: 24 })
  const header = containerOf(layout.profile, ID).header(layout)
  assert.equal(header.readUInt16LE(20), 0xfffe)
  assert.equal(header.toString('hex', 44, 60), '0100000000001000800000aa00389b71')
  assert.equal(header.readUInt32LE(header.length - 4), 99_999 * 3)
  const all = Buffer.concat([header, ...piecesOf(layout)])
  assert.equal(all.length, header.length + 99_999 * 3 + 1)
  assert.equal(header.readUInt32LE(4), all.length - 8)
})

test('WAV above 4 GiB is RF64', () => {
  const samples = 11 * 3600 * 48_000
  const layout = layoutOf(profileOf('wav', undefined), { ...STEREO, samples })
  const { header, pieceBytes } = containerOf(layout.profile, ID)
  const head = header(layout)
  assert.equal(head.toString('latin1', 0, 4), 'RF64')
  assert.equal(head.toString('latin1', 12, 16), 'ds64')
  let bytes = head.length
  for (let piece = 0; piece < layout.pieces; piece++) bytes += pieceBytes(layout, piece) as number
  assert.equal(Number(head.readBigUInt64LE(20)), bytes - 8)
  assert.equal(Number(head.readBigUInt64LE(28)), samples * 4)
  assert.equal(Number(head.readBigUInt64LE(36)), samples)
  assert.equal(head.readUInt32LE(head.length - 4), 0xffff_ffff)
})
