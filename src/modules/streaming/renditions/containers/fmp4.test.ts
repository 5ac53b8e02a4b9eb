/** What RFC 8216, CMAF and the mappings of the codecs want of the boxes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileOf } from '../../profiles.ts'
import { type Layout, layoutOf, packetsIn, samplesIn } from '../layout.ts'
import { boxAt, boxesIn } from '../packets/boxes.ts'
import { mp4Splitter } from '../packets/mp4.ts'
import { crc8, crc16 } from './flac-frame.ts'
import { fmp4 } from './fmp4.ts'

const SOURCE = { sampleRateHz: 48_000, samples: 500_000, channels: 2, bits: 16 }
const aac = layoutOf(profileOf('aac', 128), SOURCE)
const opus = layoutOf(profileOf('opus', 128), SOURCE)
const flac = layoutOf(profileOf('flac', undefined), { ...SOURCE, sampleRateHz: 96_000, channels: 1, bits: 24 })

/** The payload of the box at the end of a path such as `moov/trak/tkhd`. */
function at(bytes: Buffer, path: string): Buffer {
  const box = boxAt(bytes, { start: 0, end: bytes.length }, path.split('/'))
  assert.ok(box, `there is no ${path}`)
  return bytes.subarray(box.start, box.end)
}
const has = (bytes: Buffer, path: string): boolean =>
  boxAt(bytes, { start: 0, end: bytes.length }, path.split('/')) !== undefined
const typesIn = (bytes: Buffer): string[] => boxesIn(bytes, 0, bytes.length).map(({ type }) => type)
const brandsOf = (payload: Buffer): string[] =>
  Array.from({ length: payload.length / 4 }, (_, i) => payload.toString('latin1', 4 * i, 4 * i + 4)).toSpliced(1, 1)

const packet = (bytes: number, seed: number): Buffer => Buffer.alloc(bytes, seed)
const packetsOf = (layout: Layout, piece: number): Buffer[] =>
  Array.from({ length: packetsIn(layout, piece) }, (_, i) => packet(layout.packetBytes ?? 200 + (i % 50), i))

for (const layout of [aac, opus, flac]) {
  const { codec } = layout.profile
  const init = fmp4.header(layout)

  test(`${codec}: the init segment is a file type of iso6 and a movie that is all in fragments`, () => {
    assert.deepEqual(typesIn(init), ['ftyp', 'moov'])
    const brands = brandsOf(at(init, 'ftyp'))
    for (const brand of ['iso6', 'cmfc']) assert.ok(brands.includes(brand))
    assert.deepEqual(typesIn(at(init, 'moov')), ['mvhd', 'trak', 'mvex'], 'mvex is after the last track')
    assert.equal(at(init, 'moov/mvhd').readUInt32BE(16), 0, 'the duration of the movie is 0')
    assert.equal(at(init, 'moov/trak/tkhd').readUInt32BE(20), 0, 'the duration of the track is 0')
    assert.equal(at(init, 'moov/trak/mdia/mdhd').readUInt32BE(16), 0, 'the duration of the media is 0')
    assert.equal(at(init, 'moov/trak/mdia/mdhd').readUInt32BE(12), layout.sampleRateHz)
    const table = 'moov/trak/mdia/minf/stbl'
    assert.deepEqual(typesIn(at(init, table)), ['stsd', 'stts', 'stsc', 'stsz', 'stco'])
    for (const type of ['stts', 'stsc', 'stco']) assert.equal(at(init, `${table}/${type}`).readUInt32BE(4), 0)
    assert.equal(at(init, `${table}/stsz`).readUInt32BE(8), 0)
    assert.equal(Number(at(init, 'moov/mvex/mehd').readBigUInt64BE(4)), layout.samples)
  })

  test(`${codec}: one edit without an end takes the delay off the beginning`, () => {
    assert.equal(has(init, 'moov/trak/edts/elst'), layout.delaySamples > 0)
    if (layout.delaySamples === 0) return
    const elst = at(init, 'moov/trak/edts/elst')
    assert.deepEqual(
      [4, 8, 12, 16].map((byte) => elst.readUInt32BE(byte)),
      [1, 0, layout.delaySamples, 0x1_0000],
    )
  })

  if (codec !== 'flac')
    test(`${codec}: segments, made in any order, follow each other in time without gap, to the end of the music`, () => {
      for (const piece of Array.from({ length: layout.pieces }, (_, i) => i).toReversed()) {
        const own = packetsOf(layout, piece)
        const segment = fmp4.pack(layout, piece, own)
        assert.deepEqual(typesIn(segment), ['styp', 'moof', 'mdat'])
        // Without an index of its own: that would be msix.
        assert.deepEqual(brandsOf(at(segment, 'styp')), ['msdh', 'msdh', 'cmfs', 'iso6'])
        assert.equal(at(segment, 'moof/mfhd').readUInt32BE(4), piece + 1)
        assert.equal(at(segment, 'moof/traf/tfhd').readUInt32BE(0) & 0x02_0001, 0x02_0000, 'relative to its moof')
        const tfdt = at(segment, 'moof/traf/tfdt')
        assert.equal(tfdt[0], 1)
        const first = piece * layout.packetsPerPiece
        assert.equal(Number(tfdt.readBigUInt64BE(4)), first * layout.packetSamples)
        assert.deepEqual(
          durationsOf(segment),
          own.map((_, i) => samplesIn(layout, first + i)),
        )
        assert.deepEqual(mp4Splitter()(segment), own)
        assert.equal(fmp4.pieceBytes(layout, piece), undefined)
      }
      const total = Array.from({ length: layout.packets }, (_, i) => samplesIn(layout, i)).reduce((a, b) => a + b)
      assert.equal(total, layout.samples + layout.delaySamples)
    })
}

function durationsOf(segment: Buffer): number[] {
  const standard = at(segment, 'moof/traf/tfhd').readUInt32BE(8)
  const trun = at(segment, 'moof/traf/trun')
  const isEach = (trun.readUInt32BE(0) & 0x100) !== 0
  return Array.from({ length: trun.readUInt32BE(4) }, (_, i) => (isEach ? trun.readUInt32BE(12 + 8 * i) : standard))
}

const entryOf = (layout: Layout): Buffer => at(fmp4.header(layout), 'moov/trak/mdia/minf/stbl/stsd').subarray(8)

test('AAC: low complexity at 48 kHz stands in its decoder configuration', () => {
  for (const [channels, config] of [
    [2, '1190'],
    [1, '1188'],
  ] as const) {
    const entry = entryOf(layoutOf(profileOf('aac', 64), { ...SOURCE, channels }))
    assert.equal(entry.toString('latin1', 4, 8), 'mp4a')
    assert.equal(entry.readUInt16BE(24), channels)
    const esds = entry.subarray(36)
    assert.equal(esds.toString('latin1', 4, 8), 'esds')
    assert.equal(esds.toString('hex', 12), `031900000004114015000000${'0000fa00'.repeat(2)}0502${config}060102`)
  }
})

test('Opus: pre-skip and the rate of the music stand there, and how far before a place to begin', () => {
  const entry = entryOf(layoutOf(profileOf('opus', 128), { ...SOURCE, sampleRateHz: 44_100 }))
  assert.equal(entry.toString('latin1', 4, 8), 'Opus')
  assert.equal(entry.toString('hex', 44), '000201380000ac44000000')
  const segment = fmp4.pack(opus, 0, packetsOf(opus, 0))
  const sgpd = at(segment, 'moof/traf/sgpd')
  assert.equal(sgpd.toString('latin1', 4, 8), 'roll')
  assert.equal(sgpd.readInt16BE(16), -4)
  assert.equal(at(segment, 'moof/traf/sbgp').readUInt32BE(12), opus.packetsPerPiece)
})

test('FLAC: STREAMINFO has block, rate, channels, bits and the length of the whole', () => {
  const entry = entryOf(flac)
  assert.equal(entry.toString('latin1', 4, 8), 'fLaC')
  assert.deepEqual([entry.readUInt16BE(24), entry.readUInt16BE(26), entry.readUInt32BE(32) >>> 16], [1, 24, 48_000])
  const info = entry.subarray(36 + 12)
  assert.equal(info.readUInt32BE(0), 0x8000_0022)
  assert.deepEqual([info.readUInt16BE(4), info.readUInt16BE(6)], [flac.packetSamples, flac.packetSamples])
  const shape = info.readBigUInt64BE(14)
  assert.equal(Number(shape >> 44n), 96_000)
  assert.equal(Number((shape >> 41n) & 7n), 0)
  assert.equal(Number((shape >> 36n) & 31n), 23)
  assert.equal(Number(shape & 0xf_ffff_ffffn), flac.samples)
})

test('FLAC: what is no frame is refused, checksums are those of the standard', () => {
  assert.throws(() => fmp4.pack(flac, 0, packetsOf(flac, 0)), /no FLAC frame/)
  assert.equal(crc8(Buffer.from('123456789')), 0xf4)
  assert.equal(crc16(Buffer.from('123456789')), 0xfee8)
})
