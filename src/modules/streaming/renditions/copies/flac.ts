import type { PacketTable } from '#kernel/media/index.ts'
import type { Layout } from '../layout.ts'
import { type CopyFile, spansOf } from './file.ts'
import { bytesBetween } from './table.ts'

const LAST_BLOCK = 0x80
const STREAMINFO = 0

/** FLAC as it is by itself: STREAMINFO, and frame after frame. */
export function flacFile(layout: Layout, table: PacketTable): CopyFile {
  const block = Buffer.from([LAST_BLOCK | STREAMINFO, 0, 0, table.config.length])
  return {
    contentType: 'audio/flac',
    header: Buffer.concat([Buffer.from('fLaC'), block, table.config]),
    pieceBytes: spansOf(layout).map(({ from, to }) => bytesBetween(table, from, to)),
    pack: (_, packets) => Buffer.concat(packets),
  }
}
