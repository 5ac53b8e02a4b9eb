import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileOf } from '../../profiles.ts'
import { type Layout, layoutOf, packetsIn } from '../layout.ts'
import { oggCrc32 } from './ogg-crc.ts'
import { oggOf } from './ogg.ts'

const SOURCE = { sampleRateHz: 44_100, samples: 500_000, channels: 2, bits: undefined }
type Page = { flags: number; granule: number; serial: number; sequence: number; packets: Buffer[] }

/** Pages side by side; fails where one is wrong in itself. */
function pagesIn(bytes: Buffer): Page[] {
  const pages: Page[] = []
  for (let start = 0; start < bytes.length; ) {
    assert.equal(bytes.toString('latin1', start, start + 4), 'OggS')
    const segments = [...bytes.subarray(start + 27, start + 27 + (bytes[start + 26] as number))]
    const end = start + 27 + segments.length + segments.reduce((a, b) => a + b, 0)
    const page = Buffer.from(bytes.subarray(start, end))
    const crc = page.readUInt32LE(22)
    page.writeUInt32LE(0, 22)
    assert.equal(crc, oggCrc32(page))
    pages.push({
      flags: page[5] as number,
      granule: Number(page.readBigUInt64LE(6)),
      serial: page.readUInt32LE(14),
      sequence: page.readUInt32LE(18),
      packets: packetsOf(segments, page.subarray(27 + segments.length)),
    })
    start = end
  }
  return pages
}
function packetsOf(segments: readonly number[], body: Buffer): Buffer[] {
  const packets: Buffer[] = []
  let start = 0
  let end = 0
  for (const size of segments) {
    end += size
    if (size === 255) continue
    packets.push(body.subarray(start, end))
    start = end
  }
  assert.equal(start, body.length, 'every packet ends within its page')
  return packets
}

const made = (layout: Layout): Buffer[] =>
  Array.from({ length: layout.packets }, (_, i) => Buffer.alloc(layout.packetBytes as number, i))

for (const kbps of [64, 102, 128, 256])
  test(`Opus at ${kbps} kbit/s: pages in order, positions that count the delay, the end where the music ends`, () => {
    const layout = layoutOf(profileOf('opus', kbps), SOURCE)
    const ogg = oggOf('a')
    const packets = made(layout)
    const pieces = Array.from({ length: layout.pieces }, (_, piece) => {
      const first = piece * layout.packetsPerPiece
      return ogg.pack(layout, piece, packets.slice(first, first + packetsIn(layout, piece)))
    })
    pieces.forEach((piece, i) => assert.equal(piece.length, ogg.pieceBytes(layout, i)))
    const pages = pagesIn(Buffer.concat([ogg.header(layout), ...pieces]))
    assert.deepEqual(
      pages.map(({ sequence }) => sequence),
      pages.map((_, i) => i),
    )
    assert.deepEqual([...new Set(pages.map(({ flags }) => flags))], [2, 0, 4])
    assert.equal(pages[0]?.flags, 2)
    assert.equal(pages.at(-1)?.flags, 4)
    assert.equal(new Set(pages.map(({ serial }) => serial)).size, 1)
    const sound = pages.slice(2)
    assert.deepEqual(
      sound.flatMap((page) => page.packets),
      packets,
    )
    let before = 0
    for (const page of sound.slice(0, -1)) {
      before += page.packets.length * 960
      assert.equal(page.granule, before)
    }
    assert.equal(sound.at(-1)?.granule, layout.samples + 312)
    const [head, tags] = pages.flatMap((page) => page.packets)
    assert.equal(head?.toString('hex'), '4f707573486561640102380144ac0000000000')
    assert.equal(tags?.toString('latin1', 0, 8), 'OpusTags')
    assert.equal(tags?.readUInt32LE(tags.length - 4), 0, 'no comments')
  })

test('two songs, and two profiles of one, have different serials', () => {
  const low = layoutOf(profileOf('opus', 64), SOURCE)
  const high = layoutOf(profileOf('opus', 128), SOURCE)
  const headers = [oggOf('a').header(low), oggOf('b').header(low), oggOf('a').header(high)]
  assert.equal(new Set(headers.map((header) => header.readUInt32LE(14))).size, 3)
})
