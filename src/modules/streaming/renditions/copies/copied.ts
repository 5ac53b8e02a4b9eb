import type { PacketTable } from '#kernel/media/index.ts'
import { fmp4 } from '../containers/fmp4.ts'
import type { Layout } from '../layout.ts'
import { type CopyFile, type Span, spansOf } from './file.ts'
import { flacFile } from './flac.ts'
import type { CopyTarget } from './kinds.ts'
import { copyLayout } from './layout.ts'
import { mp4File } from './mp4.ts'
import { oggFile } from './ogg.ts'
import { bytesBetween } from './table.ts'

/** The packets of a file in one container. */
export type Copied = CopyFile & { readonly layout: Layout }

const FILES: Readonly<Record<CopyTarget, (layout: Layout, table: PacketTable) => CopyFile>> = {
  hls: segments,
  mp4: mp4File,
  ogg: oggFile,
  flac: flacFile,
}

export function copiedInto(target: CopyTarget, table: PacketTable, digest: string): Copied {
  const layout = copyLayout(target, table, digest)
  return { layout, ...FILES[target](layout, table) }
}

/** Fragmented MP4. What stands around the packets takes the same in all pieces but the last, also around empty ones. */
function segments(layout: Layout, table: PacketTable): CopyFile {
  const spans = spansOf(layout)
  const around = (piece: number) => {
    const { from, to } = spans[piece] as Span
    return fmp4.pack(layout, piece, Array<Buffer>(to - from).fill(NOTHING)).length
  }
  const last = layout.pieces - 1
  const [inFirst, inLast] = [around(0), around(last)]
  return {
    contentType: fmp4.contentType,
    header: fmp4.header(layout),
    pieceBytes: spans.map(({ from, to }, piece) => (piece === last ? inLast : inFirst) + bytesBetween(table, from, to)),
    pack: (piece, packets) => fmp4.pack(layout, piece, packets),
  }
}
const NOTHING = Buffer.alloc(0)
