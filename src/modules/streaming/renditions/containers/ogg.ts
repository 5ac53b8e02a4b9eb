import { createHash } from 'node:crypto'
import { type Layout, packetsIn } from '../layout.ts'
import type { Container, PartPlace } from '../types.ts'
import { checkPackets, checkPiece } from './check.ts'
import { oggCrc32 } from './ogg-crc.ts'

/** 0.96 s; a piece is whole pages, and the sizes of so many packets of any bit rate fit into the table of one. */
const PACKETS_PER_PAGE = 48
export const SEGMENTS_MAX = 255
const SEGMENT_BYTES = 255
const HEAD_BYTES = 27
const FIRST = 0x02
const LAST = 0x04
const CRC_AT = 22
/** Pages before the sound: head and tags. */
const HEADER_PAGES = 2
/** Names no version: a rendition must not change with one. */
const VENDOR = 'Tutti'

type Page = { serial: number; sequence: number; flags: number; granule: number; packets: readonly Buffer[] }

/**
 * Opus in Ogg (RFC 3533, 7845). Streams that follow each other in one file need different serials: it comes from
 * the music and the profile.
 */
export function oggOf(contentId: string): Container {
  return {
    contentType: 'audio/ogg; codecs=opus',
    header(layout) {
      const serial = serialOf(contentId, layout)
      const head = page({ serial, sequence: 0, flags: FIRST, granule: 0, packets: [opusHead(layout)] })
      return Buffer.concat([head, page({ serial, sequence: 1, flags: 0, granule: 0, packets: [opusTags()] })])
    },
    pieceBytes,
    pack(layout, piece, packets) {
      checkPackets(layout, piece, packets)
      const serial = serialOf(contentId, layout)
      const pages: Buffer[] = []
      for (let from = 0; from < packets.length; from += PACKETS_PER_PAGE)
        pages.push(pageAt(layout, serial, { piece, from }, packets.slice(from, from + PACKETS_PER_PAGE)))
      return Buffer.concat(pages)
    },
    parts: {
      packets: PACKETS_PER_PAGE,
      bytes: (layout, place, packets) => pageAt(layout, serialOf(contentId, layout), place, packets),
    },
  }
}

const serialOf = (contentId: string, layout: Layout): number =>
  createHash('sha256').update(`${contentId}/${layout.profile.name}`).digest().readUInt32LE(0)

function pieceBytes(layout: Layout, piece: number): number {
  checkPiece(layout, piece)
  const bytes = layout.packetBytes as number
  const packets = packetsIn(layout, piece)
  return Math.ceil(packets / PACKETS_PER_PAGE) * HEAD_BYTES + packets * (segmentsOf(bytes) + bytes)
}

/** The last page says where the music ends: its position is less than what its packets hold. */
function pageAt(layout: Layout, serial: number, { piece, from }: PartPlace, packets: readonly Buffer[]): Buffer {
  const first = piece * layout.packetsPerPiece + from
  const reached = first + packets.length
  const isLast = reached === layout.packets
  const granule = isLast ? layout.samples + layout.delaySamples : reached * layout.packetSamples
  const sequence = HEADER_PAGES + first / PACKETS_PER_PAGE
  return page({ serial, sequence, flags: isLast ? LAST : 0, granule, packets })
}

/** Segments of a packet: whole ones of 255 bytes, then a shorter one, be it empty. */
export const segmentsOf = (bytes: number): number => Math.floor(bytes / SEGMENT_BYTES) + 1

function lacing(packets: readonly Buffer[]): Buffer {
  const sizes = packets.flatMap(({ length }) => [
    ...Array<number>(segmentsOf(length) - 1).fill(SEGMENT_BYTES),
    length % SEGMENT_BYTES,
  ])
  if (sizes.length > SEGMENTS_MAX) throw new RangeError('these packets do not fit into one Ogg page')
  return Buffer.from(sizes)
}

export function page({ serial, sequence, flags, granule, packets }: Page): Buffer {
  const sizes = lacing(packets)
  const head = Buffer.alloc(HEAD_BYTES)
  head.write('OggS', 0, 'latin1')
  head[5] = flags
  head.writeBigUInt64LE(BigInt(granule), 6)
  head.writeUInt32LE(serial, 14)
  head.writeUInt32LE(sequence, 18)
  head[26] = sizes.length
  const whole = Buffer.concat([head, sizes, ...packets])
  whole.writeUInt32LE(oggCrc32(whole), CRC_AT)
  return whole
}

function opusHead(layout: Layout): Buffer {
  const head = Buffer.alloc(19)
  head.write('OpusHead', 0, 'latin1')
  head[8] = 1
  head[9] = layout.channels
  head.writeUInt16LE(layout.delaySamples, 10)
  head.writeUInt32LE(layout.sourceRateHz, 12)
  return head
}

export function opusTags(): Buffer {
  const tags = Buffer.alloc(8 + 4 + VENDOR.length + 4)
  tags.write('OpusTags', 0, 'latin1')
  tags.writeUInt32LE(VENDOR.length, 8)
  tags.write(VENDOR, 12, 'latin1')
  return tags
}
