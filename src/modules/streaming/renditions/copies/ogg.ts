import type { PacketTable } from '#kernel/media/index.ts'
import { opusTags, page, SEGMENTS_MAX, segmentsOf } from '../containers/ogg.ts'
import type { Layout } from '../layout.ts'
import { type CopyFile, type Span, spansOf } from './file.ts'
import { bytesBetween } from './table.ts'

const PAGE_HEAD_BYTES = 27
const FIRST = 0x02
const LAST = 0x04
const HEADER_PAGES = 2
const PRE_SKIP_AT = 10
/** A second of packets of 20 ms. */
const PACKETS_PER_PAGE_MAX = 48

type Page = Span & { readonly segments: number }

/** Opus in Ogg (RFC 7845). Pages end with pieces, so that each piece can be written alone. */
export function oggFile(layout: Layout, table: PacketTable): CopyFile {
  const serial = Number.parseInt((layout.copy?.digest ?? '').slice(0, 8), 16)
  const pages = spansOf(layout).map((span) => pagesOf(table, span))
  let count = HEADER_PAGES
  const firstPages = pages.map((own) => {
    const here = count
    count += own.length
    return here
  })
  const head = page({ serial, sequence: 0, flags: FIRST, granule: 0, packets: [opusHead(layout, table)] })
  return {
    contentType: 'audio/ogg; codecs=opus',
    header: Buffer.concat([head, page({ serial, sequence: 1, flags: 0, granule: 0, packets: [opusTags()] })]),
    pieceBytes: pages.map((own) => own.reduce((sum, each) => sum + bytesOf(table, each), 0)),
    pack(piece, packets) {
      const own = pages[piece] as Page[]
      const first = piece * layout.packetsPerPiece
      const written = own.map(({ from, to }, i) => {
        const isLast = to === layout.packets
        const granule = isLast ? layout.samples + layout.delaySamples : to * layout.packetSamples
        const sequence = (firstPages[piece] as number) + i
        const flags = isLast ? LAST : 0
        return page({ serial, sequence, flags, granule, packets: packets.slice(from - first, to - first) })
      })
      return Buffer.concat(written)
    },
  }
}

const bytesOf = (table: PacketTable, { from, to, segments }: Page): number =>
  PAGE_HEAD_BYTES + segments + bytesBetween(table, from, to)

/** As many packets a page as its table holds. */
function pagesOf(table: PacketTable, { from, to }: Span): Page[] {
  const pages: Page[] = []
  let [first, segments] = [from, 0]
  for (let packet = from; packet < to; packet++) {
    const own = segmentsOf(bytesBetween(table, packet, packet + 1))
    if (packet > first && (segments + own > SEGMENTS_MAX || packet - first >= PACKETS_PER_PAGE_MAX)) {
      pages.push({ from: first, to: packet, segments })
      ;[first, segments] = [packet, 0]
    }
    segments += own
  }
  return [...pages, { from: first, to, segments }]
}

/** That of the file: its gain counts. */
function opusHead(layout: Layout, { config }: PacketTable): Buffer {
  const head = Buffer.from(config)
  head.writeUInt16LE(layout.delaySamples, PRE_SKIP_AT)
  return head
}
