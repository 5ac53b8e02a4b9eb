import type { PacketTable } from '#kernel/media/index.ts'
import { ascii, box, fullBox, u16, u32, zeros } from '../containers/box.ts'
import { sampleEntry } from '../containers/sample-entry.ts'
import { type Layout, samplesIn } from '../layout.ts'
import { type CopyFile, spansOf } from './file.ts'
import { bytesBetween } from './table.ts'

const TRACK = 1
const ONE_16_16 = 0x0001_0000
const ONE_8_8 = 0x0100
const MATRIX = [ONE_16_16, 0, 0, 0, ONE_16_16, 0, 0, 0, 0x4000_0000]
const UNDETERMINED_LANGUAGE = 0x55c4
const TRACK_ENABLED_IN_MOVIE = 0x3
const SELF_CONTAINED = 0x1
const BOX_HEAD_BYTES = 8

/** MP4 with its table in front: a player knows all places from the first bytes. Each piece is a chunk. */
export function mp4File(layout: Layout, table: PacketTable): CopyFile {
  const pieceBytes = spansOf(layout).map(({ from, to }) => bytesBetween(table, from, to))
  const bytes = pieceBytes.reduce((sum, size) => sum + size, 0)
  const sizes = Array.from({ length: table.packets }, (_, packet) => bytesBetween(table, packet, packet + 1))
  // How long the header is does not depend on where it says that the chunks lie.
  const tables = { sizes, pieceBytes, startByte: 0 }
  const startByte = headOf(layout, tables).length + BOX_HEAD_BYTES
  return {
    contentType: 'audio/mp4',
    header: Buffer.concat([headOf(layout, { ...tables, startByte }), u32(bytes + BOX_HEAD_BYTES), ascii('mdat')]),
    pieceBytes,
    pack: (_, packets) => Buffer.concat(packets),
  }
}

type Tables = { readonly sizes: number[]; readonly pieceBytes: readonly number[]; readonly startByte: number }

function headOf(layout: Layout, tables: Tables): Buffer {
  const ftyp = box('ftyp', ...['M4A ', '\0\0\0\0', 'M4A ', 'mp42', 'isom'].map(ascii))
  const times = [u32(0, 0, layout.sampleRateHz, layout.samples, ONE_16_16), u16(ONE_8_8)]
  const mvhd = fullBox('mvhd', {}, ...times, zeros(10), u32(...MATRIX), zeros(24), u32(TRACK + 1))
  return Buffer.concat([ftyp, box('moov', mvhd, track(layout, tables))])
}

function track(layout: Layout, tables: Tables): Buffer {
  const { samples, delaySamples, sampleRateHz } = layout
  const head = [u32(0, 0, TRACK, 0, samples), zeros(8), u16(0, 0, ONE_8_8, 0), u32(...MATRIX), u32(0, 0)]
  const tkhd = fullBox('tkhd', { flags: TRACK_ENABLED_IN_MOVIE }, ...head)
  const edts = box('edts', fullBox('elst', {}, u32(1, samples, delaySamples, ONE_16_16)))
  const mdhd = fullBox('mdhd', {}, u32(0, 0, sampleRateHz, samples + delaySamples), u16(UNDETERMINED_LANGUAGE, 0))
  const hdlr = fullBox('hdlr', {}, u32(0), ascii('soun'), zeros(12), ascii('Sound\0'))
  const dinf = box('dinf', fullBox('dref', {}, u32(1), fullBox('url ', { flags: SELF_CONTAINED })))
  const minf = box('minf', fullBox('smhd', {}, u32(0)), dinf, sampleTable(layout, tables))
  return box('trak', tkhd, edts, box('mdia', mdhd, hdlr, minf))
}

function sampleTable(layout: Layout, { sizes, pieceBytes, startByte }: Tables): Buffer {
  const { packets, packetSamples, packetsPerPiece, pieces } = layout
  const last = samplesIn(layout, packets - 1)
  const times = last === packetSamples ? [1, packets, packetSamples] : [2, packets - 1, packetSamples, 1, last]
  const inLast = packets - (pieces - 1) * packetsPerPiece
  const chunks = pieces === 1 ? [1, 1, inLast, 1] : [2, 1, packetsPerPiece, 1, pieces, inLast, 1]
  let next = startByte
  const places = pieceBytes.map((bytes) => {
    const here = next
    next += bytes
    return here
  })
  return box(
    'stbl',
    fullBox('stsd', {}, u32(1), sampleEntry(layout)),
    fullBox('stts', {}, u32(...times)),
    fullBox('stsc', {}, u32(...chunks)),
    fullBox('stsz', {}, u32(0, packets), numbers(sizes)),
    fullBox('stco', {}, u32(pieces), numbers(places)),
  )
}

/** As `u32`, of more numbers than a call may have. */
function numbers(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length)
  values.forEach((value, i) => bytes.writeUInt32BE(value, 4 * i))
  return bytes
}
