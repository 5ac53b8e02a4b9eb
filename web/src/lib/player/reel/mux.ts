import { ascii, box, fullBox, join, u16, u32, u64 } from './boxes.ts'
import type { Bytes, Run } from './types.ts'

const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
const TRACK = 1

/** The init segment of a fragmented MP4 with the one track. */
export function initSegment(entry: Bytes, rateHz: number): Bytes {
  const empty = u32(0)
  const table = box(
    'stbl',
    fullBox('stsd', 0, 0, u32(1), entry),
    fullBox('stts', 0, 0, empty),
    fullBox('stsc', 0, 0, empty),
    fullBox('stsz', 0, 0, u32(0, 0)),
    fullBox('stco', 0, 0, empty),
  )
  const location = box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1)))
  const media = box(
    'mdia',
    fullBox('mdhd', 0, 0, u32(0, 0, rateHz, 0), u16(0x55c4, 0)),
    fullBox('hdlr', 0, 0, u32(0), ascii('soun'), u32(0, 0, 0), ascii('\0')),
    box('minf', fullBox('smhd', 0, 0, u32(0)), location, table),
  )
  const header = fullBox('tkhd', 0, 3, u32(0, 0, TRACK, 0, 0, 0, 0), u16(0, 0, 0x100, 0), MATRIX, u32(0, 0))
  const movie = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, rateHz, 0, 0x10000),
    u16(0x100, 0),
    u32(0, 0),
    MATRIX,
    u32(0, 0, 0, 0, 0, 0, TRACK + 1),
  )
  const extension = box('mvex', fullBox('trex', 0, 0, u32(TRACK, 1, 0, 0, 0)))
  return join([
    box('ftyp', ascii('iso6'), u32(0), ascii('iso6mp41')),
    box('moov', movie, box('trak', header, media), extension),
  ])
}

/** `default-base-is-moof`. */
const TFHD_FLAGS = 0x020000
/** Data offset, and for each packet its duration and size. */
const TRUN_FLAGS = 0x000301

/** A media segment of these packets; the first begins at `run.firstSample`. */
export function mediaSegment(run: Pick<Run, 'firstSample' | 'packets'>, sequence: number): Bytes {
  const table = u32(...run.packets.flatMap((p) => [p.samples, p.data.length]))
  const fragment = (dataOffset: number) =>
    box(
      'moof',
      fullBox('mfhd', 0, 0, u32(sequence)),
      box(
        'traf',
        fullBox('tfhd', 0, TFHD_FLAGS, u32(TRACK)),
        fullBox('tfdt', 1, 0, u64(run.firstSample)),
        fullBox('trun', 0, TRUN_FLAGS, u32(run.packets.length, dataOffset), table),
      ),
    )
  const dataOffset = fragment(0).length + 8
  return join([fragment(dataOffset), box('mdat', ...run.packets.map((p) => p.data))])
}
